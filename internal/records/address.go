package records

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"buzon/internal/dns"
)

// PublicAddresses are those of this machine at which the world can reach it. At home that is often an IPv6 one alone:
// the router has the other.
func PublicAddresses() []netip.Addr {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil // unknown, and noted as such
	}
	table, _ := os.ReadFile("/proc/net/if_inet6") // not on every system
	passing := passingAddresses(string(table))
	var list []netip.Addr
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if err == nil && dns.IsPublic(prefix.Addr()) && !passing[prefix.Addr()] {
			list = append(list, prefix.Addr())
		}
	}
	return list
}

// passingAddresses reads Linux's table of IPv6 addresses and gives those that change every day (RFC 8981) or are about
// to go: flags IFA_F_TEMPORARY and IFA_F_DEPRECATED.
func passingAddresses(table string) map[netip.Addr]bool {
	passing := map[netip.Addr]bool{}
	for line := range strings.Lines(table) {
		f := strings.Fields(line) // address, interface, prefix, scope, flags, name
		if len(f) < 6 || len(f[0]) != 32 {
			continue
		}
		flags, err := strconv.ParseUint(f[4], 16, 32)
		if err != nil || flags&(0x01|0x20) == 0 {
			continue
		}
		var groups []string
		for i := 0; i < 32; i += 4 {
			groups = append(groups, f[0][i:i+4])
		}
		if a, err := netip.ParseAddr(strings.Join(groups, ":")); err == nil {
			passing[a] = true
		}
	}
	return passing
}
