package netup

import (
	"net/netip"

	"buzon/firmware/internal/rtnl"
)

// apply puts a lease in the place of another.
func (a *lane) apply(old *Lease, next Lease) {
	if old != nil && (old.Address != next.Address || old.Gateway != next.Gateway) {
		a.take(old)
	}
	a.give(next.Address, next.Gateway)
	a.tell(next.DNS)
}

// drop is the end of a lease.
func (a *lane) drop(old *Lease) {
	a.network.Log.Warn("lost the address", "link", a.link.Name, "address", old.Address)
	a.take(old)
	a.tell(nil)
}

func (a *lane) tell(servers []netip.Addr) {
	a.network.mu.Lock()
	a.servers = servers
	a.network.mu.Unlock()
	a.network.resolve()
}

func (a *lane) give(address netip.Prefix, gateway netip.Addr) {
	k := a.network.Kernel
	if err := k.AddAddress(a.link.Index, address); err != nil {
		a.network.Log.Error("cannot set the address", "link", a.link.Name, "err", err)
		return
	}
	if !gateway.IsValid() {
		return
	}
	if err := k.SetDefault(rtnl.Route{Index: a.link.Index, Via: gateway, Metric: a.metric()}); err != nil {
		a.network.Log.Error("cannot set the gateway", "link", a.link.Name, "err", err)
	}
}

func (a *lane) take(l *Lease) {
	k := a.network.Kernel
	if l.Gateway.IsValid() {
		if err := k.RemoveDefault(rtnl.Route{Index: a.link.Index, Via: l.Gateway, Metric: a.metric()}); err != nil {
			a.network.Log.Warn("cannot take the gateway away", "link", a.link.Name, "err", err)
		}
	}
	if err := k.RemoveAddress(a.link.Index, l.Address); err != nil {
		a.network.Log.Warn("cannot take the address away", "link", a.link.Name, "err", err)
	}
}

// setStatic gives the link the owner's addresses. A gateway goes with the first address of its family.
func (a *lane) setStatic() {
	used := map[netip.Addr]bool{}
	for _, p := range a.static.Addresses {
		var gateway netip.Addr
		for _, g := range a.static.Gateways {
			if g.Is4() == p.Addr().Is4() && !used[g] {
				gateway, used[g] = g, true
				break
			}
		}
		a.give(p, gateway)
	}
	a.tell(nil)
}
