package trust

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"buzon/internal/acme"
	"buzon/internal/store"
)

// services are the names below a domain that programs and other servers look for, beside the mail server's own: Thunderbird
// and K-9, Outlook, MTA-STS (RFC 8461 §3.3), and the draft of PACC.
func services() []string { return []string{"autoconfig", "autodiscover", "mta-sts", "ua-auto-config"} }

// names are those that our certificate should have.
func (t *Trust) names(ctx context.Context) ([]acme.Name, error) { return Names(ctx, t.Store) }

// namesNow is names, and sees to it that while no authority gave a certificate for them there is one of our own.
func (t *Trust) namesNow(ctx context.Context) ([]acme.Name, error) {
	names, err := t.names(ctx)
	if err != nil {
		return nil, err
	}
	changed, err := t.selfSignedChanged(ctx)
	if err == nil && (changed || len(names) > 0 && !t.Source.HasPhones(list(names))) {
		err = t.freshenSelfSigned(ctx)
	}
	return names, err
}

func list(names []acme.Name) (l []string) {
	for _, n := range names {
		l = append(l, n.Name)
	}
	return l
}

// Names are those that a certificate for st should have: the mail names first.
func Names(ctx context.Context, st *store.Store) ([]acme.Name, error) {
	domains, err := st.Domains(ctx)
	if err != nil || len(domains) == 0 {
		return nil, err // nobody lives here yet
	}
	var list []acme.Name
	add := func(name string, main bool) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil || slices.ContainsFunc(list, func(n acme.Name) bool { return n.Name == ascii }) {
			return // what DNS cannot have, no certificate can
		}
		list = append(list, acme.Name{Name: strings.ToLower(ascii), Main: main})
	}
	if name := st.Settings().ServerName; name != "" {
		add(name, true)
	}
	for _, d := range domains {
		add("mail."+d.Name, st.Settings().ServerName == "") // else it leads to where that one leads, or is not ours
	}
	for _, d := range domains {
		for _, s := range services() {
			add(s+"."+d.Name, false)
		}
	}
	return list[:min(len(list), maxNames)], nil
}

// maxNames is how many names Let's Encrypt puts into one certificate.
const maxNames = 100
