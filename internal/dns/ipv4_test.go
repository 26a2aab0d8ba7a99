package dns

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
)

// A block list is asked for A alone: one question, whatever else the name has.
func TestIPv4AsksForAAlone(t *testing.T) {
	m := testMap()
	got, err := m.IPv4(t.Context(), "a.example.org")
	if err != nil || !slices.Equal(got.Records, []netip.Addr{netip.MustParseAddr("192.0.2.1")}) {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := m.IPv4(t.Context(), "four.example.org"); !errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoDomain) {
		t.Errorf("AAAA alone: %v", err)
	}
	if m.Asked("a.example.org", "") != 1 || m.Asked("four.example.org", "AAAA") != 0 {
		t.Error(m.Questions())
	}
}
