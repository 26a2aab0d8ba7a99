package doctor

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"buzon/internal/config"
	"buzon/internal/store"
)

// The machine's own address of IPv4 goes before the router's, and neither is believed that the world cannot reach.
func TestPublic(t *testing.T) {
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"), store.Options{Now: time.Now, Limits: config.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	addrs := func(texts ...string) (list []netip.Addr) {
		for _, s := range texts {
			list = append(list, netip.MustParseAddr(s))
		}
		return list
	}
	const own6 = "2a00:1450:4001::7"
	for _, c := range []struct {
		what   string
		own    []netip.Addr
		router string
		want   []netip.Addr
	}{
		{"a rented host", addrs("8.8.8.8", "10.0.0.1"), "9.9.9.9", addrs("8.8.8.8")},
		{"at home", addrs("192.168.1.5", own6), "9.9.9.9", addrs(own6, "9.9.9.9")},
		{"behind the provider's translation", addrs("192.168.1.5", own6), "100.64.0.7", addrs(own6)},
		{"a router behind a router", addrs("192.168.1.5"), "192.168.0.2", nil},
		{"a silent router", addrs("192.168.1.5"), "", nil},
	} {
		d := New(Options{
			Store: st, Name: func() string { return "mail.example.org" }, Addresses: func() []netip.Addr { return c.own },
			Router: func(context.Context) (netip.Addr, error) {
				if c.router == "" {
					return netip.Addr{}, errors.New("silent")
				}
				return netip.MustParseAddr(c.router), nil
			},
		})
		got, err := d.Public(t.Context())
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.what, got, err, c.want)
		}
	}
}
