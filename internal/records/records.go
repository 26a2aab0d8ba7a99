// Package records gathers what the DNS records of our domains follow from: the settings, the keys, the relays and the
// addresses of this machine. The records themselves are zone's; who publishes, prints or examines them asks here, so that
// all speak of the same ones.
package records

import (
	"context"
	"net/netip"
	"os"

	"buzon/internal/config"
	"buzon/internal/dns"
	"buzon/internal/keyring"
	"buzon/internal/message"
	"buzon/internal/outbound"
	"buzon/internal/store"
	"buzon/internal/zone"
)

// noteTrusted is the name of the note (store.Note) that says "yes" while the appliance shows a certificate that the
// world trusts for its name: only then is its MTA-STS policy more than a test.
const noteTrusted = "tls.trusted"

// KeepTrusted keeps whether the world trusts the certificate that we show for our name.
func KeepTrusted(ctx context.Context, st *store.Store, trusted bool) error {
	text := "no"
	if trusted {
		text = "yes"
	}
	if was, _, _, err := st.Noted(ctx, noteTrusted); err == nil && was == text {
		return nil // no write for a read
	}
	return st.Note(ctx, noteTrusted, text)
}

// Facts gathers what the records of a domain follow from. A domain of an older version gets its first keys here, if no
// server ran since. addresses are where the world reaches this machine.
func Facts(ctx context.Context, st *store.Store, ring keyring.Ring, domain string, addresses []netip.Addr) (zone.Facts, error) {
	f := zone.Facts{
		Domain:    domain,
		Host:      Host(st, domain),
		Addresses: addresses,
		Reports:   message.Address{Local: "postmaster", Domain: domain}, // whom every domain has (RFC 5321 §4.5.1)
		Services:  zone.Services(),
	}
	trusted, _, _, err := st.Noted(ctx, noteTrusted)
	if err != nil {
		return f, err
	}
	f.Enforce = trusted == "yes"
	if f.Out, err = WaysOut(ctx, st); err != nil {
		return f, err
	}
	if err := ring.EnsureKeys(ctx, domain); err != nil {
		return f, err
	}
	keys, err := ring.Keys(ctx, domain, "")
	f.Keys = Keys(keys)
	return f, err
}

// Host is the name under which programs of a domain find the server: mail. below the domain until a name is set.
func Host(st *store.Store, domain string) string {
	a, err := message.ParseAddress("postmaster@" + st.Settings().ServerName)
	if err != nil {
		return "mail." + domain
	}
	return a.Domain
}

// ASCIIHost is Host in A-labels, as programs and certificates have it.
func ASCIIHost(st *store.Store, domain string) string {
	return message.Address{Domain: Host(st, domain)}.ASCIIDomain()
}

// ServerName is what whoever serves st calls itself in greetings and Received lines, also while nobody does.
func ServerName(st *store.Store) string {
	if name := st.Settings().ServerName; name != "" { // in A-labels: greetings (RFC 5321 §2.3.5) and certificates have no others
		return message.Address{Domain: name}.ASCIIDomain()
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}

// WaysOut tells by which servers mail leaves. "auto" may take any way.
func WaysOut(ctx context.Context, st *store.Store) (zone.WaysOut, error) {
	settings := st.Settings()
	out := zone.WaysOut{Direct: settings.SendWay != config.WayRelay}
	if a, err := netip.ParseAddr(settings.SourceAddress); err == nil && dns.IsPublic(a) {
		out.Sources = append(out.Sources, a)
	}
	relays, err := st.Relays(ctx)
	if err != nil {
		return out, err
	}
	seen := map[string]bool{}
	for _, r := range relays {
		preset, _ := outbound.FindPreset(r.Host)
		if preset.SPF == "" {
			out.Unknown = true
		} else if !seen[preset.SPF] {
			seen[preset.SPF] = true
			out.Includes = append(out.Includes, preset.SPF)
		}
	}
	return out, nil
}

// Keys are the keys of a ring as the zone wants them.
func Keys(keys []keyring.Key) []zone.Key {
	purposes := map[string]zone.Purpose{
		store.KeyActive: zone.ForDKIM, store.KeyNext: zone.ForDKIMNext, store.KeyRetired: zone.ForDKIMRetired,
	}
	var list []zone.Key
	for _, k := range keys {
		list = append(list, zone.Key{Name: k.Name, Text: k.Record, Purpose: purposes[k.State]})
	}
	return list
}
