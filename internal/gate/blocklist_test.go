package gate

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"buzon/internal/config"
	"buzon/internal/dns"
)

func TestListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h home
		g := at(&h, nil)
		s := visit(t, g, listedIP)
		want(t, "listed", send(t, s, "eva@far.test"), 550, "192.0.2.99 is on the block list of zen.test, soft.test.", "buzon allow add eva@far.test")
		want(t, "listed, null sender", send(t, s, ""), 550, "buzon allow add 192.0.2.99")
		// RFC 5321 §4.5.1: who is refused can still ask why.
		for _, role := range []string{"postmaster", "Abuse@home.test"} {
			want(t, role, s.Rcpt(t.Context(), Recipient{Address: addr(t, role), Known: true}), 0)
		}
		s = visit(t, g, "192.0.2.98")
		want(t, "below the threshold", send(t, s, "eva@far.test"), 0)
		if f := s.Findings(); len(f) != 2 || f[0].Name != "listed" || f[0].Points != 2 || f[1].Name != "no-reverse-name" {
			t.Errorf("%+v", f)
		}
		if h.counted[Listed] != 2 {
			t.Errorf("counted %v", h.counted)
		}
	})
}

// A threshold of 0 never refuses; the points are findings all the same.
func TestListsThatOnlyCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h home
		set := settings()
		g := at(&h, func(o *Options) {
			set.BlockPoints = 0
			o.Settings = func() config.Settings { return set }
		})
		s := visit(t, g, listedIP)
		want(t, "listed", send(t, s, "eva@far.test"), 0)
		if f := s.Findings(); len(f) != 3 || f[0].Points != 4 {
			t.Errorf("%+v", f)
		}
	})
}

// Answers that are none do not count, and a list that cannot be trusted is not asked.
func TestListsThatCannotBeUsed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*dns.Map)
		asked bool
		code  int
	}{
		{"as it should be", func(*dns.Map) {}, true, 550},
		{"a public resolver", func(m *dns.Map) { m.Add("99.2.0.192.zen.test A 127.255.255.254") }, true, 0},
		{"too many questions", func(m *dns.Map) { m.Remove("99.2.0.192.zen.test"); m.Add("99.2.0.192.zen.test A 127.255.255.255") }, true, 0},
		{"a resolver that sells ads", func(m *dns.Map) { m.Remove("99.2.0.192.zen.test"); m.Add("99.2.0.192.zen.test A 203.0.113.9") }, true, 0},
		{"127.0.0.1 is no code", func(m *dns.Map) { m.Remove("99.2.0.192.zen.test"); m.Add("99.2.0.192.zen.test A 127.0.0.1") }, true, 0},
		{"no answer", func(m *dns.Map) { m.Fail("99.2.0.192.zen.test", "", dns.Timeout) }, true, 0},
		{"the test point is not there", func(m *dns.Map) { m.Remove("2.0.0.127.zen.test") }, false, 0},
		{"the test point says unknown", func(m *dns.Map) { m.Remove("2.0.0.127.zen.test"); m.Add("2.0.0.127.zen.test A 127.255.255.254") }, false, 0},
		{"everything is listed", func(m *dns.Map) { m.Add("1.0.0.127.zen.test A 127.0.0.2") }, false, 0},
		{"the test points do not answer", func(m *dns.Map) { m.Fail("1.0.0.127.zen.test", "", dns.ServFail) }, false, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := world()
			tt.spoil(m)
			var h home
			g := at(&h, func(o *Options) {
				o.Resolver = m
				s := settings()
				s.BlockLists = s.BlockLists[:1]
				o.Settings = func() config.Settings { return s }
			})
			want(t, tt.name, send(t, visit(t, g, listedIP), "eva@far.test"), tt.code)
			if asked := m.Asked("99.2.0.192.zen.test", "") > 0; asked != tt.asked {
				t.Errorf("%s: asked %v", tt.name, asked)
			}
			if m.Asked("99.2.0.192.zen.test", "AAAA") > 0 {
				t.Errorf("%s: lists have no AAAA", tt.name)
			}
		})
	}
}

// A list is tried out once a day, anew with another resolver, and soon again where DNS did not answer.
func TestTrials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, resolver := world(), "one"
		b := &blockLists{resolver: m, name: func() string { return resolver }, now: time.Now}
		trials := func() int { return m.Asked("2.0.0.127.zen.test", "") }
		use := func(usable bool, n int) {
			t.Helper()
			for range 3 {
				if got := b.usable(t.Context(), "zen.test"); got != usable || trials() != n {
					t.Errorf("usable %v after %d trials, want %v after %d", got, trials(), usable, n)
				}
			}
		}
		use(true, 1)
		time.Sleep(23 * time.Hour)
		use(true, 1)
		time.Sleep(time.Hour)
		use(true, 2)
		resolver = "two"
		m.Fail("2.0.0.127.zen.test", "", dns.ServFail)
		use(false, 3)
		m.Fail("2.0.0.127.zen.test", "", dns.Answered)
		use(false, 3)
		time.Sleep(trialAgain)
		use(true, 4)
		m.Remove("2.0.0.127.zen.test")
		resolver = "three"
		use(false, 5)
		time.Sleep(23 * time.Hour) // a list that is dead is not asked all day
		use(false, 5)
		for _, zone := range []string{"a", "b", "c"} {
			for i := range 2 * maxTrials {
				b.usable(t.Context(), zone+string(rune('a'+i%26))+string(rune('a'+i/26))+".test")
			}
		}
		if len(b.trials) > maxTrials {
			t.Errorf("%d trials remembered", len(b.trials))
		}
	})
}

func TestListNames(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.99":  "99.2.0.192.zen.test",
		"127.0.0.2":   "2.0.0.127.zen.test",
		"2001:db8::1": "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.test", // RFC 5782 §2.4
	} {
		if got := listName(netip.MustParseAddr(addr), "zen.test"); got != want {
			t.Errorf("%s: %s", addr, got)
		}
	}
}

// silent is a DNS that never answers.
type silent struct{ dns.Resolver }

func (silent) IPv4(ctx context.Context, name string) (dns.Answer[netip.Addr], error) {
	<-ctx.Done()
	return dns.Answer[netip.Addr]{}, dns.ErrTemporary
}

func (silent) PTR(ctx context.Context, _ netip.Addr) (dns.Answer[string], error) {
	<-ctx.Done()
	return dns.Answer[string]{}, dns.ErrTemporary
}

// A mail waits 20 s for DNS, not longer, and what is not known counts for nothing. Meanwhile others are looked up.
func TestSilentDNS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h home
		g := at(&h, func(o *Options) { o.Resolver, o.Limits.StrangerDelay, o.Limits.GateLookups = silent{}, 0, 2 })
		start := time.Now()
		for range 4 { // more than are looked up at once
			s := visit(t, g, listedIP)
			defer s.Close()
		}
		s := visit(t, g, listedIP)
		if d := time.Since(start); d != 0 {
			t.Errorf("connecting took %v", d)
		}
		want(t, "silence", send(t, s, "eva@far.test"), 0)
		if d := time.Since(start); d != 20*time.Second {
			t.Errorf("it took %v", d)
		}
		if len(s.Findings()) != 0 {
			t.Errorf("%+v", s.Findings())
		}
		start = time.Now()
		s = visit(t, g, listedIP)
		s.Close() // the client went away
		synctest.Wait()
		if d := time.Since(start); d != 0 {
			t.Errorf("its questions go on: %v", d)
		}
	})
}
