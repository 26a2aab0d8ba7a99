package admin

import (
	"net/netip"
	"testing"
)

// Addresses that are gone tomorrow do not belong into DNS.
func TestPassingAddresses(t *testing.T) {
	const table = `fe80000000000000021122fffe334455 02 40 20 80     eth0
20010db8000000000000000000000001 02 40 00 80     eth0
20010db8000000001234567890abcdef 02 40 00 01     eth0
20010db8000000000000000000000002 02 40 00 20     eth0
20010db8 02 40 00 01 eth0
20010db80000000000000000000000zz 02 40 00 01 eth0
20010db8000000000000000000000003 02 40 00 zz eth0
`
	got := passingAddresses(table)
	for s, want := range map[string]bool{
		"2001:db8::1":                   false, // permanent
		"2001:db8::1234:5678:90ab:cdef": true,  // temporary
		"2001:db8::2":                   true,  // deprecated
		"fe80::211:22ff:fe33:4455":      false,
	} {
		if got[netip.MustParseAddr(s)] != want {
			t.Errorf("%s: %v", s, !want)
		}
	}
	if len(got) != 2 {
		t.Errorf("%v", got)
	}
}

func TestIsPublic(t *testing.T) {
	for s, want := range map[string]bool{
		"8.8.8.8": true, "2a00:1450::1": true, "::ffff:8.8.8.8": true,
		// At home, behind the router; behind the provider's; this machine; one wire.
		"192.168.1.2": false, "10.0.0.1": false, "fd00::1": false, "::ffff:192.168.1.2": false,
		"100.64.0.1": false, "100.127.255.255": false, "100.128.0.1": true,
		"127.0.0.1": false, "::1": false, "169.254.1.1": false, "fe80::1": false, "0.0.0.0": false, "224.0.0.1": false,
	} {
		if isPublic(netip.MustParseAddr(s)) != want {
			t.Errorf("%s: %v", s, !want)
		}
	}
}
