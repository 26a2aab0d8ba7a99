package login

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"buzon/internal/store"
)

func TestNetworkText(t *testing.T) {
	for addr, want := range map[netip.Addr]string{
		{}:                                    "",
		netip.MustParseAddr("192.0.2.1"):      "192.0.2.1",
		netip.MustParseAddr("2001:db8:0:1::"): "2001:db8:0:1::/64",
		netip.MustParseAddr("fd00::"):         "fd00::",
		netip.MustParseAddr("fd00::1"):        "fd00::1",
		netip.MustParseAddr("::1"):            "::1",
	} {
		if got := networkText(addr); got != want {
			t.Errorf("%v: %q, want %q", addr, got, want)
		}
	}
}

// What stands in the file follows the guard, and a request in the file reaches it.
func TestKeep(t *testing.T) {
	d, _ := house(t)
	d.Guard.Base, d.Guard.Max = time.Second, time.Minute
	ctx, stop := context.WithCancel(t.Context())
	last := store.Guarded{Account: "of the last guard", Until: time.Now().Add(time.Hour)}
	if err := d.Store.KeepGuarded(ctx, []store.Guarded{last}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); d.Keep(ctx) }()
	defer func() { stop(); <-ended }()
	until(t, "the last guard is forgotten", func() bool { return len(listed(t, d)) == 0 })

	far := netip.MustParseAddr("2001:db8::7")
	for i := range 9 {
		d.Guard.Failed(far, fmt.Sprint("guess", i))
		d.Guard.Failed(netip.MustParseAddr("192.0.2.1"), "ana@example.org")
	}
	kept := keptList{}
	write := func() {
		t.Helper()
		if err := kept.write(ctx, d, false); err != nil {
			t.Fatal(err)
		}
	}
	write()
	list := listed(t, d)
	if len(list) != 2 || list["ana@example.org"].Failures != 9 || list["2001:db8::/64"].Failures != 9 {
		t.Fatalf("%+v", list)
	}
	if _, err := d.Store.ReleaseGuarded(ctx, "2001:db8::99"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Store.ReleaseGuarded(ctx, "ANA@example.org"); err != nil {
		t.Fatal(err)
	}
	until(t, "they are released", func() bool { return len(d.Guard.Slowed()) == 0 })
	until(t, "the list follows", func() bool { return len(listed(t, d)) == 0 })
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: ", what)
		}
	}
}

func listed(t *testing.T, d *Door) map[string]store.Guarded {
	t.Helper()
	all, err := d.Store.GuardedNow(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]store.Guarded{}
	for _, g := range all {
		list[g.Address+g.Account] = g
	}
	return list
}

// An attack that goes on is written when it grows, and what fades is not written at all.
func TestKeepWritesLittle(t *testing.T) {
	d, _ := house(t)
	failing := func(n int) {
		for range n {
			d.Guard.Failed(netip.MustParseAddr("192.0.2.1"), "ana@example.org")
		}
	}
	failing(5)
	kept := keptList{}
	wrote := func() bool {
		t.Helper()
		before := fmt.Sprint(kept)
		if err := kept.write(t.Context(), d, false); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(kept) != before
	}
	if !wrote() || wrote() {
		t.Error("once for what is new")
	}
	failing(1)
	if !wrote() || wrote() {
		t.Error("once for what grew")
	}
	d.Guard.Now = func() time.Time { return time.Now().Add(100 * time.Hour) }
	if wrote() {
		t.Error("written for what faded")
	}
}
