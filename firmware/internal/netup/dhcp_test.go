package netup

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

func ack(t *testing.T, modifiers ...dhcpv4.Modifier) *dhcpv4.DHCPv4 {
	t.Helper()
	a, err := dhcpv4.New(append([]dhcpv4.Modifier{dhcpv4.WithYourIP(net.IPv4(192, 168, 1, 20))}, modifiers...)...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestReadLease(t *testing.T) {
	for _, c := range []struct {
		what string
		ack  *dhcpv4.DHCPv4
		want string
	}{
		{"a router's", ack(t,
			dhcpv4.WithNetmask(net.CIDRMask(22, 32)), dhcpv4.WithRouter(net.IPv4(192, 168, 0, 1), net.IPv4(192, 168, 0, 2)),
			dhcpv4.WithDNS(net.IPv4(192, 168, 0, 1), net.IPv4(9, 9, 9, 9)), dhcpv4.WithLeaseTime(86400),
			dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.IPv4(192, 168, 0, 1)))),
			"192.168.1.20/22 by 192.168.0.1 [192.168.0.1 9.9.9.9] from 192.168.0.1 12h0m0s 21h0m0s 24h0m0s"},
		{"an address and nothing else", ack(t), "192.168.1.20/24 by invalid IP [] from invalid IP 30s 52.5s 1m0s"},
		{"for ever", ack(t, dhcpv4.WithLeaseTime(0xffffffff)), "192.168.1.20/24 by invalid IP [] from invalid IP 43800h0m0s 76650h0m0s 87600h0m0s"},
		{"for no time", ack(t, dhcpv4.WithLeaseTime(0)), "192.168.1.20/24 by invalid IP [] from invalid IP 30s 52.5s 1m0s"},
		{"times that cannot be", ack(t, dhcpv4.WithLeaseTime(3600), dhcpv4.WithOption(dhcpv4.Option{Code: dhcpv4.OptionRenewTimeValue, Value: dhcpv4.Duration(2 * time.Hour)})),
			"192.168.1.20/24 by invalid IP [] from invalid IP 30m0s 52m30s 1h0m0s"},
	} {
		l, err := lease(c.ack)
		got := fmt.Sprintf("%v by %v %v from %v %v %v %v", l.Address, l.Gateway, l.DNS, l.Server, l.Renew, l.Rebind, l.Valid)
		if err != nil || got != c.want {
			t.Errorf("%s: %s %v", c.what, got, err)
		}
	}
	for what, ip := range map[string]net.IP{"nothing": net.IPv4zero, "the loopback": net.IPv4(127, 0, 0, 1), "everybody": net.IPv4(224, 0, 0, 1)} {
		if l, err := lease(ack(t, dhcpv4.WithYourIP(ip))); err == nil {
			t.Errorf("%s: %+v", what, l)
		}
	}
	if l, err := lease(ack(t, dhcpv4.WithNetmask(net.IPMask{255, 0, 255, 0}))); err == nil {
		t.Errorf("a mask with a hole: %+v", l)
	}
}

// Whatever a server sends, it is a sensible lease or none.
func FuzzLease(f *testing.F) {
	seed, err := dhcpv4.New(dhcpv4.WithYourIP(net.IPv4(10, 0, 0, 2)), dhcpv4.WithLeaseTime(100), dhcpv4.WithNetmask(net.CIDRMask(8, 32)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed.ToBytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := dhcpv4.FromBytes(b)
		if err != nil {
			return
		}
		l, err := lease(a)
		if err == nil && (!l.Address.IsValid() || l.Renew <= 0 || l.Renew > l.Rebind || l.Rebind > l.Valid || len(l.DNS) > mostDNS) {
			t.Errorf("%+v", l)
		}
	})
}
