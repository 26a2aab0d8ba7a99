package dnsupdate

import (
	"context"
	"slices"

	wire "github.com/miekg/dns"
)

// Records gives what the DNS shows of kinds at a name. It is a Provider's Read for those who do not tell.
func (l *Look) Records(ctx context.Context, name string, kinds []string) (list []Record, err error) {
	at := wire.CanonicalName(name)
	for _, kind := range kinds {
		r, err := l.resolve(ctx, name, wire.StringToType[kind])
		if err != nil {
			return nil, err
		}
		for _, rr := range r.Answer {
			found := recordOf(rr)
			if wire.CanonicalName(rr.Header().Name) == at && slices.Contains(Kinds(), found.Type) && !slices.ContainsFunc(list, found.Same) {
				list = append(list, found)
			}
		}
	}
	return list, nil
}
