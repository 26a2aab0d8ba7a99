package dns

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
)

// maxReverse names of one address are looked at, as SPF does (RFC 7208 §4.6.4).
const maxReverse = 10

// The results of iprev (RFC 8601 §2.7.3), as Authentication-Results has them.
const (
	ReversePass      = "pass"      // a name of the address leads back to it
	ReverseFail      = "fail"      // it has names, and none leads back
	ReverseTempError = "temperror" // DNS did not answer
	ReversePermError = "permerror" // it has no name
)

// Reverse is what the names of an address are worth. A name alone is worth
// nothing: whoever owns the address writes there what he likes.
type Reverse struct {
	Result    string   // ReversePass, …
	Names     []string // those that lead back to the address, in order of the answer; at most maxReverse were tried
	Claimed   []string // all names that the address claims; for the log, not for a decision
	Authentic bool     // the names of the address, and every confirmation, were authenticated
}

// Name is the confirmed name, or "".
func (r Reverse) Name() string {
	if len(r.Names) == 0 {
		return ""
	}
	return r.Names[0]
}

// LookupReverse finds the names of an address and confirms them (iprev, RFC 8601 §2.7.3).
func LookupReverse(ctx context.Context, r Resolver, addr netip.Addr) Reverse {
	addr = addr.Unmap().WithZone("")
	names, err := r.PTR(ctx, addr)
	switch {
	case errors.Is(err, ErrTemporary):
		return Reverse{Result: ReverseTempError}
	case err != nil:
		return Reverse{Result: ReversePermError, Authentic: names.Authentic}
	}
	out := Reverse{Result: ReverseFail, Claimed: names.Records, Authentic: names.Authentic}
	confirmed := confirm(ctx, r, names.Records[:min(len(names.Records), maxReverse)], addr)
	for i, c := range confirmed {
		if c.yes {
			out.Names = append(out.Names, names.Records[i])
			out.Authentic = out.Authentic && c.authentic
		}
	}
	if len(out.Names) > 0 {
		out.Result = ReversePass
	} else if slices.ContainsFunc(confirmed, func(c confirmation) bool { return c.unsure }) {
		out.Result = ReverseTempError
	}
	return out
}

// confirmation is whether one name leads back.
type confirmation struct{ yes, unsure, authentic bool }

// confirm asks for all names side by side: a mail waits for it.
func confirm(ctx context.Context, r Resolver, names []string, addr netip.Addr) []confirmation {
	out := make([]confirmation, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() {
			a, err := r.Addresses(ctx, name)
			out[i].yes = slices.Contains(a.Records, addr)
			out[i].authentic = a.Authentic
			out[i].unsure = !out[i].yes && (a.Partial || errors.Is(err, ErrTemporary))
		})
	}
	all.Wait()
	return out
}
