package verdict

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"buzon/internal/dns"
)

// guard stands between the library for SPF and DNS, for what it leaves out. It
// stops at the first term that matches, while RFC 7208 §4.6 wants an error found
// wherever it stands: guard reads each record whole and gives the library one
// that is surely wrong in place of one that is. It does not know the macro "p",
// nor "/" in names: guard expands such terms, and puts an alias in place of a
// name that the library would not read.
//
// A guard serves one check, whose questions come one after the other.
type guard struct {
	dns.Standard
	client  netip.Addr
	helo    string
	local   string // of the sender
	domain  string // of the sender
	fault   error  // of the first record that is wrong
	aliases []string
}

// wrongRecord is an error in every reading of the grammar.
const wrongRecord = "v=spf1 !"

// aliasSuffix is of names that guard makes up; no record can lead there (RFC 6761 §6.4).
const aliasSuffix = ".spf-alias.invalid"

// LookupTXT gives the records of a name with those of SPF looked through.
func (g *guard) LookupTXT(ctx context.Context, name string) ([]string, error) {
	name = g.real(name)
	all, err := g.Standard.LookupTXT(ctx, name)
	var out []string
	for _, record := range all {
		terms, ok := spfTerms(record)
		if !ok {
			continue
		}
		if err := checkTerms(terms); err != nil {
			g.note(name, err)
			record = wrongRecord
		} else {
			record = g.rewrite(ctx, record, terms, name)
		}
		out = append(out, record)
	}
	return out, err
}

// LookupMX knows aliases.
func (g *guard) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	return g.Standard.LookupMX(ctx, g.real(name))
}

// LookupIPAddr knows aliases.
func (g *guard) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	return g.Standard.LookupIPAddr(ctx, g.real(host))
}

func (g *guard) note(name string, err error) {
	if g.fault == nil {
		g.fault = fmt.Errorf("the record of %s: %w", name, err)
	}
}

// spfTerms is a record cut at its spaces, without its version. RFC 7208 §4.5:
// what does not begin with the version and a space, or end there, is no record of SPF.
func spfTerms(record string) ([]string, bool) {
	const version = "v=spf1"
	if len(record) < len(version) || !strings.EqualFold(record[:len(version)], version) {
		return nil, false
	}
	rest := record[len(version):]
	if rest != "" && rest[0] != ' ' {
		return nil, false
	}
	var terms []string
	for term := range strings.SplitSeq(rest, " ") {
		if term != "" {
			terms = append(terms, term)
		}
	}
	return terms, true
}

// rewrite is the record with every term that the library cannot read in another form.
func (g *guard) rewrite(ctx context.Context, record string, terms []string, domain string) string {
	changed := false
	for i, term := range terms {
		t := cutTerm(term)
		if t.domain == "" || t.name == "exp" || !strings.Contains(t.domain, "/") && !usesP(t.domain) {
			continue
		}
		name := g.expand(ctx, t.domain, domain)
		if !plainName(name) {
			name = g.alias(name)
		}
		terms[i] = t.qualifier + t.name + t.separator + name + t.cidr
		changed = true
	}
	if !changed {
		return record
	}
	return "v=spf1 " + strings.Join(terms, " ")
}

// plainName tells that the library reads a name as it stands.
func plainName(name string) bool {
	return name != "" && strings.IndexFunc(name, func(r rune) bool { return !isAlnum(r) && r != '.' && r != '-' && r != '_' }) < 0
}

// alias makes up a name for one. There are at most as many as a record has terms.
func (g *guard) alias(name string) string {
	g.aliases = append(g.aliases, name)
	return fmt.Sprintf("%d%s", len(g.aliases)-1, aliasSuffix)
}

// real undoes alias.
func (g *guard) real(name string) string {
	number, ok := strings.CutSuffix(strings.TrimSuffix(name, "."), aliasSuffix)
	if !ok {
		return name
	}
	for i, real := range g.aliases {
		if number == fmt.Sprint(i) {
			return real
		}
	}
	return name
}
