package doctor

import (
	"context"
	"net/netip"
	"slices"

	"buzon/internal/dns"
)

// Public are the addresses at which the world reaches this box, as far as they can be found out: its own, what the router
// says, and only if nobody here knows one of IPv4, what the outside eye sees.
func (d *Doctor) Public(ctx context.Context) ([]netip.Addr, error) {
	e, err := d.newExam(ctx)
	if err != nil {
		return nil, err
	}
	own := e.line.Public()
	if slices.ContainsFunc(own, netip.Addr.Is4) {
		return own, nil
	}
	if a, err := d.Router(ctx); err == nil && dns.IsPublic(a) {
		return append(own, a.Unmap()), nil
	}
	if e.line.Eye == nil {
		return own, nil
	}
	return e.where().Public, nil
}
