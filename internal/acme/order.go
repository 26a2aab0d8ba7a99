package acme

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	wire "golang.org/x/crypto/acme"
)

// orderTime is how long one order may take, but for a person's part in it.
const orderTime = 10 * time.Minute

// order is one that the authority knows, kept so that a crash does not cost it.
type order struct {
	Directory string    `json:"directory"`
	URL       string    `json:"url"`
	Key       []byte    `json:"key"` // of the certificate to be, PEM
	Kind      kind      `json:"kind"`
	Way       Way       `json:"way"`
	Names     []string  `json:"names"`
	Made      time.Time `json:"made"`
}

// failures is why names failed.
type failures map[string]*Problem

// authority is one service, the real one or the one for trying.
type authority struct {
	*wire.Client
	directory string
	trial     bool
}

func (m *Manager) authority(ctx context.Context, directory string, trial bool, s Settings) (*authority, error) {
	c, err := m.client(ctx, directory, s)
	if err != nil {
		return nil, err
	}
	return &authority{c, directory, trial}, nil
}

// newOrder asks for a certificate with names. What the authority refuses at once is in failures.
func (m *Manager) newOrder(ctx context.Context, a *authority, s Settings, names []string) (*wire.Order, failures, error) {
	var options []wire.OrderOption
	if s.Profile != "" && !a.trial {
		options = append(options, wire.WithOrderIssuanceProfile(wire.ProfileName(s.Profile)))
	}
	o, err := a.AuthorizeOrder(ctx, wire.DomainIDs(names...), options...)
	if lost(err) {
		if err = m.renewAccount(ctx, a, s); err == nil {
			o, err = a.AuthorizeOrder(ctx, wire.DomainIDs(names...), options...)
		}
	}
	if failed := refused(err, names); len(failed) > 0 {
		return nil, failed, nil
	}
	return o, nil, err
}

// renewAccount takes the place of one that was lost.
func (m *Manager) renewAccount(ctx context.Context, a *authority, s Settings) error {
	err := m.forgetAccount(ctx, a.directory)
	if err == nil {
		a.Client, err = m.client(ctx, a.directory, s)
	}
	return err
}

// refused finds the names about which the authority complains (RFC 8555 §6.7.1).
func refused(err error, names []string) failures {
	var answer *wire.Error
	if !errors.As(err, &answer) {
		return nil
	}
	failed := failures{}
	for _, sub := range answer.Subproblems {
		if sub.Identifier != nil {
			failed[sub.Identifier.Value] = explainAnswer(&wire.Error{ProblemType: sub.Type, Detail: sub.Detail, StatusCode: answer.StatusCode})
		}
	}
	if p := explainAnswer(answer); len(failed) == 0 && (p.Code == Refused || p.Code == Forbidden) {
		for _, name := range names { // some name it in their words alone
			if len(names) == 1 || strings.Contains(answer.Detail, name) {
				failed[name] = p
			}
		}
	}
	return failed
}

// prove shows the authority for trying that names are ours, and asks for no certificate.
func (m *Manager) prove(ctx context.Context, a *authority, s Settings, way Way, names []string) (failures, error) {
	all := failures{}
	for {
		names = without(names, all)
		if len(names) == 0 {
			return all, nil
		}
		o, failed, err := m.newOrder(ctx, a, s, names)
		if err == nil && o != nil {
			failed, err = m.authorize(ctx, a, s, way, o)
			maps.Copy(all, failed)
			return all, err // each was judged by itself
		}
		if err != nil {
			return all, err
		}
		maps.Copy(all, failed)
	}
}

// obtain gets a certificate for as many of names as the authority gives one for. Each failure costs an order, and the
// proofs of the others are kept by the authority.
func (m *Manager) obtain(ctx context.Context, a *authority, s Settings, way Way, k kind, names []string) (failures, error) {
	all := failures{}
	for {
		names = without(names, all)
		if len(names) == 0 {
			return all, nil
		}
		o, failed, err := m.newOrder(ctx, a, s, names)
		if err == nil && o != nil {
			var kept order
			if kept, err = m.keepOrder(ctx, a, o, way, k, names); err != nil {
				return all, err
			}
			failed, err = m.finish(ctx, a, s, kept, o)
			if err == nil && len(failed) == 0 {
				return all, nil
			}
		}
		maps.Copy(all, failed)
		if err != nil {
			return all, err
		}
	}
}

func without(names []string, failed failures) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return failed[name] != nil })
}

// keepOrder makes the key and puts it with the order on disk.
func (m *Manager) keepOrder(ctx context.Context, a *authority, o *wire.Order, way Way, k kind, names []string) (order, error) {
	key, err := k.newKey()
	if err != nil {
		return order{}, err
	}
	kept := order{Directory: a.directory, URL: o.URI, Kind: k, Way: way, Names: names, Made: m.Now()}
	if kept.Key, err = keyPEM(key); err != nil {
		return order{}, err
	}
	return kept, put(ctx, m.Cache, keyOrder, kept)
}
