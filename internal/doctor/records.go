package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"buzon/internal/dns"
	"buzon/internal/line"
	"buzon/internal/records"
	"buzon/internal/zone"
)

// The states of a record.
const (
	There     = "there"
	Missing   = "missing"
	Different = "different"
	NotSeen   = "unknown" // DNS did not answer
)

// RecordState is one record of a domain and what DNS has in its place.
type RecordState struct {
	Record zone.Record
	State  string   // There, Missing, Different or NotSeen
	Found  []string // what DNS has of the same kind at the name; at most maxFound
}

// ErrNotOurs says that a domain is not one of this box.
var ErrNotOurs = errors.New("the domain is not here")

// maxFound values of others are shown.
const maxFound = 8

// Domain looks which records of a domain of ours are published, past every cache of our own. tell, which may be nil, is
// called with each as it comes, by one goroutine at a time; the list is in the order of zone.Records.
func (d *Doctor) Domain(ctx context.Context, domain string, tell func(RecordState)) ([]RecordState, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Each)
	defer cancel()
	ours, err := d.Store.IsLocalDomain(ctx, domain)
	if err == nil && !ours { // it would get keys
		err = fmt.Errorf("records of %s: %w", domain, ErrNotOurs)
	}
	if err != nil {
		return nil, err
	}
	facts, err := records.Facts(ctx, d.Store, d.ring(), domain, d.addresses())
	if err != nil {
		return nil, err
	}
	list, err := zone.Records(facts)
	if err != nil {
		return nil, fmt.Errorf("records of %s: %w", domain, err)
	}
	resolver := d.freshResolver()
	states := make([]RecordState, len(list))
	places := make(chan struct{}, d.AtOnce)
	var telling sync.Mutex
	var all sync.WaitGroup
	for i, r := range list {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			states[i] = look(ctx, resolver, r)
			if tell != nil {
				telling.Lock()
				defer telling.Unlock()
				tell(states[i])
			}
		})
	}
	all.Wait()
	return states, nil
}

// addresses are where the world reaches us, as they were found at last; before that, those of this machine.
func (d *Doctor) addresses() []netip.Addr {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.where.Public) > 0 {
		return d.where.Public
	}
	return (&line.Line{Machine: d.Addresses()}).Public()
}

// look compares one record with what DNS has.
func look(ctx context.Context, r dns.Resolver, record zone.Record) RecordState {
	found, err := ask(ctx, r, record)
	s := RecordState{Record: record, Found: found[:min(len(found), maxFound)]}
	switch {
	case errors.Is(err, dns.ErrNotFound) || err == nil && len(found) == 0:
		s.State = Missing
	case err != nil:
		s.State = NotSeen
	case slices.ContainsFunc(found, func(value string) bool { return same(record, value) }):
		s.State = There
		if record.Type == "TXT" && len(found) > 1 { // two of a kind count as none
			s.State = Different
		}
	default:
		s.State = Different
	}
	return s
}

// ask gives the values of the record's kind at its name, written as package zone does.
func ask(ctx context.Context, r dns.Resolver, record zone.Record) ([]string, error) {
	switch record.Type {
	case "MX":
		a, err := r.MX(ctx, record.Name)
		return texts(a.Records, func(m dns.MX) string { return fmt.Sprintf("%d %s.", m.Preference, m.Host) }), err
	case "SRV":
		a, err := r.SRV(ctx, record.Name)
		return texts(a.Records, func(s dns.SRV) string { return fmt.Sprintf("%d %d %d %s.", s.Priority, s.Weight, s.Port, s.Host) }), err
	case "TXT":
		a, err := r.TXT(ctx, record.Name)
		return slices.DeleteFunc(a.Records, func(text string) bool { return !sameKind(record.Value, text) }), err
	case "CNAME":
		return askAlias(ctx, r, record)
	}
	a, err := r.Addresses(ctx, record.Name)
	four := record.Type == "A"
	own := slices.DeleteFunc(a.Records, func(a netip.Addr) bool { return a.Is4() != four })
	if err == nil && len(own) == 0 && a.Partial {
		err = dns.ErrTemporary
	}
	return texts(own, netip.Addr.String), err
}

func texts[T any](list []T, text func(T) string) []string {
	var all []string
	for _, v := range list {
		all = append(all, text(v))
	}
	return all
}

// askAlias takes addresses of the target for the alias: some providers write those in its place.
func askAlias(ctx context.Context, r dns.Resolver, record zone.Record) ([]string, error) {
	alias, err := r.CNAME(ctx, record.Name)
	if !errors.Is(err, dns.ErrNotFound) {
		return texts(alias.Records, func(name string) string { return name + "." }), err
	}
	own, err := r.Addresses(ctx, record.Name)
	if err != nil {
		return nil, err
	}
	target, err := r.Addresses(ctx, strings.TrimSuffix(record.Value, "."))
	strange := func(a netip.Addr) bool { return !slices.Contains(target.Records, a) }
	if err == nil && !slices.ContainsFunc(own.Records, strange) {
		return []string{record.Value}, nil
	}
	return texts(own.Records, netip.Addr.String), nil
}

// sameKind tells whether two texts are records of the same kind: their version, the first tag, says so. A DKIM key need not
// have one (RFC 6376 §3.6.1).
func sameKind(want, text string) bool {
	version := func(s string) string {
		v, _, _ := strings.Cut(strings.TrimSpace(s), ";")
		v, _, _ = strings.Cut(v, " ")
		return strings.ToLower(v)
	}
	v := version(text)
	return v == version(want) || version(want) == "v=dkim1" && !strings.HasPrefix(v, "v=")
}

// same tells whether a value says what the record is to say.
func same(record zone.Record, value string) bool {
	if record.Type != "TXT" {
		return strings.EqualFold(record.Value, value)
	}
	if record.Purpose == zone.ForSPF {
		return coversTerms(record.Value, value)
	}
	return plainTags(record.Value) == plainTags(value)
}

// coversTerms: who added other senders of their own has our terms still. What is said of all others is the owner's choice.
func coversTerms(want, have string) bool {
	terms := strings.Fields(strings.ToLower(have))
	for _, term := range strings.Fields(strings.ToLower(want)) {
		if !strings.HasSuffix(term, "all") && !slices.Contains(terms, term) && !slices.Contains(terms, "+"+term) {
			return false
		}
	}
	return true
}

// plainTags is a list of tags without white space, which may stand anywhere between them, and a last semicolon.
func plainTags(s string) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(s), ""), ";")
}
