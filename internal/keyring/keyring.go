// Package keyring keeps the DKIM keys of our domains in the file: makes them,
// turns from one pair to the next, and throws away what is over.
//
// A pair is first next: published, and not used while caches in the world may
// not know it. Then it is active, and signs. Then it is retired: it signs no
// more, but stays published while mail that it signed is on its way. At no time
// is a domain without an active pair, and none becomes active unseen unless a
// person says so. Key material never leaves the file but as public records.
//
// RFC 6376 §3.1 and appendix C (selectors, rotation), 8463.
package keyring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"buzon/internal/dkim"
	"buzon/internal/store"
)

// Keep is how long a retired pair stays published: as long as what it signed is valid.
const Keep = dkim.Lifetime

// Ring is the keys of all our domains. It may be copied and used concurrently.
type Ring struct {
	Store *store.Store
	Now   func() time.Time
	// Lookup gives the TXT records of a name, the strings of each put together.
	// What is not there is an error, as is no answer.
	Lookup func(ctx context.Context, name string) ([]string, error)
}

// Key is a key with its place in DNS and in its life.
type Key struct {
	store.DKIMKey
	Name   string // of the TXT record, whole, in A-labels
	Record string // its text
}

// EnsureKeys makes the first pair of a domain that has no active one. It may take
// seconds on a small board.
func (r Ring) EnsureKeys(ctx context.Context, domain string) error {
	keys, err := r.Store.DKIMKeys(ctx, domain)
	if err != nil || len(inState(keys, store.KeyActive)) > 0 {
		return err
	}
	if len(inState(keys, store.KeyNext)) > 0 {
		return r.Store.TurnDKIMKeys(ctx, domain, r.Now())
	}
	_, err = r.add(ctx, domain, store.KeyActive)
	return err
}

// Begin makes the next pair, unless there is one already.
func (r Ring) Begin(ctx context.Context, domain string) ([]Key, error) {
	if next, err := r.Keys(ctx, domain, store.KeyNext); err != nil || len(next) > 0 {
		return next, err
	}
	if _, err := r.add(ctx, domain, store.KeyNext); err != nil {
		return nil, err
	}
	return r.Keys(ctx, domain, store.KeyNext)
}

// add makes a pair in a state. made is false where another process was quicker:
// both find the same selectors free, and the store takes those that come first.
func (r Ring) add(ctx context.Context, domain, state string) (made bool, err error) {
	keys, err := r.Store.DKIMKeys(ctx, domain)
	if err != nil {
		return false, err
	}
	var inUse []string
	for _, k := range keys {
		inUse = append(inUse, k.Selector)
	}
	pair, err := dkim.NewPair(dkim.NextSelector(r.Now(), inUse))
	if err != nil {
		return false, err
	}
	var rows []store.DKIMKey
	for _, k := range pair {
		rows = append(rows, store.DKIMKey{Domain: domain, Selector: k.Selector, Algorithm: k.Algorithm,
			Private: k.Private, State: state, Created: r.Now()})
	}
	err = r.Store.AddDKIMKeys(ctx, rows)
	if errors.Is(err, store.ErrExists) {
		return false, nil
	}
	return err == nil, err
}

// Signing gives the keys that a domain signs with now, for dkim.Signers.
func (r Ring) Signing(ctx context.Context, domain string) ([]dkim.Key, error) {
	keys, err := r.Store.DKIMKeys(ctx, domain)
	if err != nil {
		return nil, err
	}
	var active []dkim.Key
	for _, k := range inState(keys, store.KeyActive) {
		active = append(active, private(k))
	}
	return active, nil
}

// Keys lists the keys of a domain in a state, "" for all, without those that are
// published no more.
func (r Ring) Keys(ctx context.Context, domain, state string) ([]Key, error) {
	rows, err := r.Store.DKIMKeys(ctx, domain)
	if err != nil {
		return nil, err
	}
	var keys []Key
	for _, row := range inState(rows, state) {
		if r.over(row) {
			continue
		}
		record, err := private(row).Record()
		if err != nil {
			return nil, fmt.Errorf("DKIM key of %s: %w", domain, err)
		}
		keys = append(keys, Key{row, private(row).Name(domain), record})
	}
	return keys, nil
}

// over tells that nothing needs the key any more.
func (r Ring) over(k store.DKIMKey) bool {
	return k.State == store.KeyRetired && r.Now().Sub(k.Changed) > Keep
}

func inState(keys []store.DKIMKey, state string) []store.DKIMKey {
	var list []store.DKIMKey
	for _, k := range keys {
		if state == "" || k.State == state {
			list = append(list, k)
		}
	}
	return list
}

func private(k store.DKIMKey) dkim.Key {
	return dkim.Key{Selector: k.Selector, Algorithm: k.Algorithm, Private: k.Private}
}
