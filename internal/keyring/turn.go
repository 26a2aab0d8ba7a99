package keyring

import (
	"context"
	"errors"
	"slices"

	"buzon/internal/store"
)

// Unseen gives those of the next keys that DNS does not publish yet, or that
// could not be asked for.
func (r Ring) Unseen(ctx context.Context, domain string) ([]Key, error) {
	next, err := r.Keys(ctx, domain, store.KeyNext)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(next, func(k Key) bool {
		records, err := r.Lookup(ctx, k.Name)
		return err == nil && slices.ContainsFunc(records, private(k.DKIMKey).Publishes)
	}), ctx.Err()
}

// Turn makes the next pair sign, seen or not, and retires the one that did.
// store.ErrNoDKIMKey where there is no next one.
func (r Ring) Turn(ctx context.Context, domain string) error {
	return r.Store.TurnDKIMKeys(ctx, domain, r.Now())
}

// TurnSeen is Turn for a pair that DNS publishes. turned is false, without an
// error, where there is none or it is not seen.
func (r Ring) TurnSeen(ctx context.Context, domain string) (turned bool, err error) {
	next, err := r.Keys(ctx, domain, store.KeyNext)
	if err != nil || len(next) == 0 {
		return false, err
	}
	unseen, err := r.Unseen(ctx, domain)
	if err != nil || len(unseen) > 0 {
		return false, err
	}
	if err := r.Turn(ctx, domain); !errors.Is(err, store.ErrNoDKIMKey) { // else another process was quicker
		return err == nil, err
	}
	return false, nil
}

// Care is what is due once a day, and at start: every domain gets keys, pairs
// that are published by now begin to sign, and what is over is removed. turned is
// called for each domain whose pair was turned. One domain's error does not keep
// the others from it.
func (r Ring) Care(ctx context.Context, turned func(domain string)) error {
	domains, err := r.Store.Domains(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range domains {
		seen, err := r.careFor(ctx, d.Name)
		if !errors.Is(err, store.ErrNoDomain) { // else it was removed meanwhile
			errs = append(errs, err)
		}
		if seen {
			turned(d.Name)
		}
	}
	return errors.Join(errs...)
}

func (r Ring) careFor(ctx context.Context, domain string) (turned bool, err error) {
	if err := r.EnsureKeys(ctx, domain); err != nil {
		return false, err
	}
	if turned, err = r.TurnSeen(ctx, domain); err != nil {
		return turned, err
	}
	keys, err := r.Store.DKIMKeys(ctx, domain)
	if err != nil {
		return turned, err
	}
	for _, k := range keys {
		if !r.over(k) {
			continue
		}
		if err := r.Store.RemoveDKIMKeys(ctx, domain, k.Selector); err != nil && !errors.Is(err, store.ErrNoDKIMKey) {
			return turned, err
		}
	}
	return turned, nil
}
