package login

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"

	gosasl "github.com/emersion/go-sasl"

	"buzon/internal/sasl"
	"buzon/internal/store"
)

const plus = "SCRAM-SHA-256-PLUS"

// exchange is one SCRAM exchange (RFC 5802) between the sasl package, which knows
// the protocol, and the store, which knows the keys.
type exchange struct {
	gosasl.Server
	door  *Door
	ctx   context.Context
	peer  Peer
	user  string
	found store.Scram
}

func (d *Door) scram(ctx context.Context, p Peer, mechanism string, done func(store.Account)) gosasl.Server {
	x := &exchange{door: d, ctx: ctx, peer: p}
	x.Server = sasl.Scram(sasl.ScramOptions{
		Plus:           mechanism == plus,
		Advertised:     slices.Contains(d.Mechanisms(p), plus),
		Canonical:      x.canonical,
		Lookup:         x.lookup,
		Binding:        sasl.Binding(p.TLS, d.Leaf(p.TLS)),
		Rand:           rand.Reader,
		FakeKey:        d.FakeKey,
		FakeIterations: store.ScramIterations,
		Done: func(_ string, matched int) error {
			acc, err := d.Store.ScramUsed(ctx, x.found, matched)
			if err != nil {
				return err
			}
			d.admit(p, acc)
			done(acc)
			return nil
		},
	})
	return x
}

// canonical makes every spelling of a name one. Where the store cannot tell,
// lookup will say so.
func (x *exchange) canonical(user string) string {
	name, err := x.door.Store.LoginName(x.ctx, user)
	if err != nil {
		return user
	}
	return name
}

func (x *exchange) lookup(user string) (sasl.Credentials, error) {
	x.user = user
	if err := x.door.wait(x.ctx, x.peer, user); err != nil {
		return sasl.Credentials{}, err
	}
	found, err := x.door.Store.Scram(x.ctx, user)
	if errors.Is(err, store.ErrPassword) {
		return sasl.Credentials{}, sasl.ErrCredentials
	}
	if err != nil {
		return sasl.Credentials{}, err
	}
	x.found = found
	keys := make([]sasl.Keys, len(found.Keys))
	for i, k := range found.Keys {
		keys[i] = sasl.Keys{Stored: k.Stored, Server: k.Server}
	}
	return sasl.Credentials{Salt: found.Salt, Iterations: found.Iterations, Keys: keys}, nil
}

// Next turns a proof that does not match into the refusal that counts.
func (x *exchange) Next(response []byte) ([]byte, bool, error) {
	challenge, done, err := x.Server.Next(response)
	if err != nil && !errors.Is(err, sasl.ErrMalformed) {
		err = x.door.refuse(x.ctx, x.peer, x.user, err)
	}
	return challenge, done, err
}
