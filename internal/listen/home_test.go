package listen

import (
	"net"
	"net/netip"
	"testing"
)

func TestNeighbour(t *testing.T) {
	network := func(s string) net.Addr {
		ip, n, err := net.ParseCIDR(s)
		if err != nil {
			t.Fatal(err)
		}
		return &net.IPNet{IP: ip, Mask: n.Mask}
	}
	home := []net.Addr{network("192.168.1.5/24"), network("2001:db8:1:2::5/64")}
	for _, c := range []struct {
		networks []net.Addr
		addr     string
		want     bool
	}{
		{home, "2001:db8:1:2::9", true},
		{home, "2001:db8:1:3::9", false},
		{home[1:], "2001:db8:1:2::9", false}, // a rented host
		{nil, "2001:db8:1:2::9", false},
	} {
		if got := neighbour(c.networks, netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("%s: %v", c.addr, got)
		}
	}
	for addr, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "192.168.7.7": true, "10.0.0.1": true, "fd00::1": true, "fe80::1": true, "::ffff:10.0.0.1": true,
		"100.64.0.1": false, "198.51.100.1": false, "2001:db8::1": false,
	} {
		if got := AtHome(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
}
