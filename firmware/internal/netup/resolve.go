package netup

import (
	"slices"
	"strings"
	"time"

	"buzon/firmware/internal/rtnl"
)

// Told takes name servers from a router advertisement.
func (n *Network) Told(r rtnl.Resolvers) {
	n.mu.Lock()
	n.told = slices.DeleteFunc(n.told, func(old resolvers) bool { return old.Index == r.Index })
	if r.Valid > 0 {
		n.told = append(n.told, resolvers{r, time.Now().Add(r.Valid)})
	}
	n.mu.Unlock()
	n.resolve()
}

// mostServers is how many name servers a program asks, at most (resolv.conf(5)).
const mostServers = 3

// resolve tells which name servers count now: the owner's, else those of leases and of routers.
func (n *Network) resolve() {
	n.mu.Lock()
	servers := slices.Clone(n.Static.DNS)
	if len(servers) == 0 {
		for _, index := range sortedKeys(n.lanes) {
			servers = append(servers, n.lanes[index].servers...)
		}
		for _, r := range n.told {
			if time.Now().Before(r.until) {
				servers = append(servers, r.Addrs...)
			}
		}
	}
	servers = slices.Compact(servers)
	servers = servers[:min(len(servers), mostServers)]
	var b strings.Builder
	for _, s := range servers {
		b.WriteString(s.String() + " ")
	}
	same := b.String() == n.shown
	n.shown = b.String()
	n.mu.Unlock()
	if !same {
		n.Resolve(servers)
	}
}

func sortedKeys(m map[int]*lane) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// resolvers are forgotten in time.
type resolvers struct {
	rtnl.Resolvers
	until time.Time
}
