package limit

import (
	"testing"
	"time"
)

// People see who waits, for how long still, and can end it.
func TestGuardSlowedAndReleased(t *testing.T) {
	g, c := newGuard()
	g.Succeeded(home, "ana")
	failTimes(g, 2, stranger, "free@example.org")
	if got := g.Slowed(); len(got) != 0 {
		t.Errorf("nobody waits yet: %+v", got)
	}
	failTimes(g, 8, stranger, "Luis@example.org") // the account; its address but once
	failAround(g, 8, stranger)
	failTimes(g, 4, home, "ana") // a known pair, by itself
	list := g.Slowed()
	if len(list) != 3 {
		t.Fatalf("%+v", list)
	}
	pair, addr, account := list[0], list[1], list[2]
	if pair.Addr != home || pair.Account != "ana" || pair.Failures != 4 || pair.Until.Sub(c.t) != g.HalfLife {
		t.Errorf("pair: %+v", pair)
	}
	if addr.Addr != stranger || addr.Account != "" || addr.Failures != 10 {
		t.Errorf("address: %+v", addr)
	}
	if account.Addr.IsValid() || account.Account != "Luis@example.org" || account.Failures != 8 || account.Until.Sub(c.t) != 2*g.HalfLife {
		t.Errorf("account: %+v", account)
	}
	if g.Release(home, "") != true || g.Release(home, "") != false {
		t.Error("the address is released once")
	}
	if g.Delay(home, "ana") != 0 {
		t.Error("the pair is released with its address")
	}
	if !g.Release(Key(stranger), "") || g.Delay(stranger, "eva") != 0 || g.Delay(stranger, "luis@example.org") == 0 {
		t.Error("the address is released, the account is not")
	}
	if !g.Release(list[2].Addr, "LUIS@example.org") || g.Delay(stranger, "luis@example.org") != 0 || len(g.Slowed()) != 0 {
		t.Errorf("the account is released: %+v", g.Slowed())
	}
	failTimes(g, 10, stranger, "luis")
	c.t = c.t.Add(2*time.Hour + 20*time.Minute)
	if got := g.Slowed(); len(got) != 0 {
		t.Errorf("faded: %+v", got)
	}
}

// Whatever a stranger types as a name, little of it is kept.
func TestGuardKeepsLittleOfAName(t *testing.T) {
	g, _ := newGuard()
	long := string(make([]byte, 1000)) + "\xff"
	failTimes(g, 5, stranger, long)
	if got := g.Slowed(); len(got) != 1 || len(got[0].Account) != maxName {
		t.Errorf("%+v", got)
	}
	if got := cut("ñ\xff"); got != "ñ" {
		t.Errorf("%q", got)
	}
}
