// Package publish puts the records of our domains to where their DNS is kept: it compares what is to stand there (packages
// records and zone) with what does, says what would change, and changes it through the provider whose token the owner gave
// us (package dnsupdate).
//
// Invariants: what others put there is never removed unasked; to write twice changes nothing; what we wrote is remembered
// before it is written, so that after a crash it is still known as ours; the token stays where it is, also in errors.
//
// RFC 1034 §3.6.2 (a CNAME stands alone), 2136.
package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"buzon/internal/config"
	"buzon/internal/dnsupdate"
	"buzon/internal/keyring"
	"buzon/internal/records"
	"buzon/internal/store"
	"buzon/internal/zone"
)

// Options are what a Desk works with; all of it is needed.
type Options struct {
	Store     *store.Store
	Keys      keyring.Ring
	Provider  func(*config.Settings) (dnsupdate.Provider, error) // such as World.Provider
	Addresses func(ctx context.Context) ([]netip.Addr, error)    // where the world reaches us, as far as it is known
	Now       func() time.Time
	Log       *slog.Logger
}

// Desk plans and writes. It may be used concurrently.
type Desk struct{ Options }

// State is how a set of records is to change.
type State string

// The states.
const (
	There   State = "there"
	Add     State = "add"
	Replace State = "replace" // something has to go for it
	Beyond  State = "beyond"  // the provider has no room for such records
)

// Item is all records of a name and type that are ours.
type Item struct {
	Name, Type string
	Purpose    zone.Purpose
	State      State
	Want       []dnsupdate.Record
	Others     []dnsupdate.Record // not ours, and would have to go: somebody must agree

	sets []dnsupdate.Set
}

// Plan is what is to change for a domain.
type Plan struct {
	Domain string
	Facts  zone.Facts
	Items  []Item
}

// Changes tells whether there is anything to do.
func (p Plan) Changes() bool {
	return slices.ContainsFunc(p.Items, func(i Item) bool { return i.State == Add || i.State == Replace })
}

// Plan compares. addresses are where the world reaches us; nil is what is known of that.
func (d *Desk) Plan(ctx context.Context, domain string, addresses []netip.Addr) (Plan, error) {
	p := Plan{Domain: domain}
	provider, err := d.Provider(d.Store.Settings())
	if err != nil {
		return p, err
	}
	if addresses == nil {
		if addresses, err = d.Addresses(ctx); err != nil {
			return p, err
		}
	}
	if p.Facts, err = records.Facts(ctx, d.Store, d.Keys, domain, addresses); err != nil {
		return p, err
	}
	list, err := zone.Records(p.Facts)
	if err != nil {
		return p, err
	}
	ours, err := d.written(ctx, domain)
	if err != nil {
		return p, err
	}
	p.Items = group(list)
	return p, compare(ctx, provider, p.Items, ours)
}

// group puts records of one name and type together, in their order.
func group(list []zone.Record) (items []Item) {
	for _, r := range list {
		i := slices.IndexFunc(items, func(i Item) bool { return i.Name == r.Name && i.Type == r.Type })
		if i < 0 {
			i, items = len(items), append(items, Item{Name: r.Name, Type: r.Type, Purpose: r.Purpose})
		}
		items[i].Want = append(items[i].Want, dnsupdate.Record{Name: r.Name, Type: r.Type, TTL: int(r.TTL.Seconds()), Value: r.Value})
	}
	return items
}

// compare fills in what each item means for what is there. A name is asked for once.
func compare(ctx context.Context, p dnsupdate.Provider, items []Item, ours []dnsupdate.Record) error {
	have := map[string][]dnsupdate.Record{}
	for i := range items {
		item := &items[i]
		if !p.Holds(item.Name, item.Type) {
			item.State = Beyond
			continue
		}
		if _, asked := have[item.Name]; !asked {
			found, err := p.Read(ctx, item.Name, kindsAt(items, item.Name))
			if err != nil {
				return fmt.Errorf("read %s: %w", item.Name, err)
			}
			have[item.Name] = found
		}
		item.judge(have[item.Name], ours)
	}
	return nil
}

// kindsAt are the types to ask for at a name: a CNAME suffers no others.
func kindsAt(items []Item, name string) (kinds []string) {
	for _, i := range items {
		switch {
		case i.Name != name:
		case i.Type == "CNAME":
			return dnsupdate.Kinds()
		default:
			kinds = append(kinds, i.Type)
		}
	}
	return kinds
}

// Apply writes what is to be added, and what is to be replaced where nobody else's has to go or ok agrees. It gives the items
// that were written.
func (d *Desk) Apply(ctx context.Context, p Plan, ok func(Item) bool) ([]Item, error) {
	provider, err := d.Provider(d.Store.Settings())
	if err != nil {
		return nil, err
	}
	var done []Item
	var sets []dnsupdate.Set
	for _, i := range p.Items {
		if i.State == Add || i.State == Replace && (len(i.Others) == 0 || ok(i)) {
			done, sets = append(done, i), append(sets, i.sets...)
		}
	}
	if err := d.remember(ctx, p, done); err != nil || len(sets) == 0 {
		return nil, err
	}
	if err := provider.Put(ctx, sets); err != nil {
		return nil, fmt.Errorf("write the records of %s: %w", p.Domain, err)
	}
	return done, nil
}

// Errors of World.Provider.
var (
	ErrNoProvider = errors.New("nobody is set who keeps the DNS")
	ErrNoToken    = errors.New("dns.token is not set")
	ErrNoServer   = errors.New("dns.server is not set")
)
