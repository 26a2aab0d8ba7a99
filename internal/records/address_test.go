package records

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
