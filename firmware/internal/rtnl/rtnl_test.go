package rtnl

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What the kernel says of this machine is what the standard library finds.
func TestLists(t *testing.T) {
	c, err := Open()
	if err != nil {
		t.Skip(err)
	}
	defer c.Close()
	links, err := c.Links()
	if err != nil {
		t.Fatal(err)
	}
	want, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	if len(links) != len(want) {
		t.Fatalf("%v, want %v", links, want)
	}
	for i, l := range links {
		if l.Name != want[i].Name || l.Index != want[i].Index || l.Up != (want[i].Flags&net.FlagUp != 0) || l.Carrier != (want[i].Flags&net.FlagRunning != 0) {
			t.Errorf("%+v, want %+v", l, want[i])
		}
		if l.Name == "lo" && l.Ethernet {
			t.Error("the loopback is no card")
		}
	}
	addresses, err := c.Addresses()
	if err != nil {
		t.Fatal(err)
	}
	found := map[netip.Prefix]bool{}
	for _, a := range addresses {
		found[a.Prefix] = true
	}
	if len(found) > 0 && !found[netip.MustParsePrefix("127.0.0.1/8")] {
		t.Errorf("no loopback in %v", addresses)
	}
}

// An error of the kernel is ours.
func TestErrors(t *testing.T) {
	c, err := Open()
	if err != nil {
		t.Skip(err)
	}
	defer c.Close()
	const nowhere = 1 << 30
	p := netip.MustParsePrefix("192.0.2.1/24")
	for what, err := range map[string]error{
		"link":    c.SetUp(nowhere),
		"address": c.AddAddress(nowhere, p),
		"route":   c.SetDefault(Route{Index: nowhere, Via: p.Addr(), Metric: 1}),
	} {
		if !errors.Is(err, unix.ENODEV) && !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.ENETUNREACH) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWatch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	called, ended := make(chan bool, 16), make(chan error, 1)
	go func() { ended <- Watch(ctx, func() { called <- true }, func(Resolvers) {}) }()
	select {
	case <-called: // it begins with a look
	case err := <-ended:
		t.Skip(err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func message(kind uint16, data []byte) syscall.NetlinkMessage {
	return syscall.NetlinkMessage{Header: syscall.NlMsghdr{Type: kind}, Data: data}
}

// advertisement is what the kernel hands on of one with two servers, of which one is of the link only.
func advertisement() []byte {
	b := []byte{unix.AF_INET6, 0, 40, 0, 2, 0, 0, 0, routerAdvertisement, 0, 0, 0, 0, 0, 0, 0}
	b = append(b, recursiveDNS, 5, 0, 0, 0, 0, 4, 0xB0)
	b = append(b, netip.MustParseAddr("fd00::53").AsSlice()...)
	return append(b, netip.MustParseAddr("fe80::1").AsSlice()...)
}

func TestParseResolvers(t *testing.T) {
	r, ok := parseResolvers(message(unix.RTM_NEWNDUSEROPT, advertisement()))
	if !ok || r.Index != 2 || r.Valid != 1200*time.Second || len(r.Addrs) != 1 || r.Addrs[0] != netip.MustParseAddr("fd00::53") {
		t.Errorf("%+v %v", r, ok)
	}
	for i := range advertisement() { // cut short
		if r, ok := parseResolvers(message(unix.RTM_NEWNDUSEROPT, advertisement()[:i])); ok {
			t.Errorf("%d octets: %+v", i, r)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(uint16(unix.RTM_NEWNDUSEROPT), advertisement())
	f.Add(uint16(unix.RTM_NEWADDR), addressBody(2, netip.MustParsePrefix("192.0.2.1/24")))
	f.Add(uint16(unix.RTM_NEWLINK), attribute(make([]byte, unix.SizeofIfInfomsg), unix.IFLA_IFNAME, []byte("eth0\x00")))
	f.Fuzz(func(t *testing.T, kind uint16, data []byte) {
		m := message(kind, data)
		if l, ok := parseLink(m); ok && l.Name == "" {
			t.Error("a link without a name")
		}
		if a, ok := parseAddress(m); ok && !a.Prefix.IsValid() {
			t.Error("an address that is none")
		}
		if r, ok := parseResolvers(m); ok && len(r.Addrs) == 0 {
			t.Error("resolvers without an address")
		}
	})
}
