package listen

import (
	"net/netip"
	"slices"
	"testing"
)

func TestPrivate(t *testing.T) {
	all, err := Private()
	if err != nil {
		t.Fatal(err)
	}
	six := false
	for _, a := range all {
		if a.IsLoopback() || a.IsGlobalUnicast() && !a.IsPrivate() || a.Is6() && a.IsLinkLocalUnicast() {
			t.Errorf("%v is not for a browser at home", a)
		}
		if a.Is4() && a.IsPrivate() && six {
			t.Errorf("IPv6 comes before IPv4: %v", all)
		}
		six = six || a.Is6()
	}
}

func TestReached(t *testing.T) {
	one := netip.MustParseAddr("192.168.1.5")
	if all, err := Reached(one); err != nil || len(all) != 1 || all[0] != one {
		t.Errorf("%v %v", all, err)
	}
	private, err := Private()
	if err != nil {
		t.Fatal(err)
	}
	for _, any := range []string{"0.0.0.0", "::"} {
		if all, err := Reached(netip.MustParseAddr(any)); err != nil || !slices.Equal(all, private) {
			t.Errorf("%s: %v, not %v: %v", any, all, private, err)
		}
	}
}
