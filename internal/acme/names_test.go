package acme

import (
	"testing"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"buzon/internal/acme/acmetest"
	"buzon/internal/dns"
)

// Nothing is asked twice, and a restart finds what there was.
func TestRestart(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test")
	b.turn()
	b.wantNames("mail.example.test")
	first := b.shown[0]
	b.turn()
	again := New(b.Options)
	again.load(t.Context())
	again.round(t.Context())
	if b.shown[0].Leaf.SerialNumber.Cmp(first.Leaf.SerialNumber) != 0 || again.state.Way != HTTP {
		t.Errorf("another certificate, state %+v", again.state)
	}
}

// Two names of which one fails: the other is served, and the first is told why it is not, and comes when it can.
func TestOneNameFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(b *box)
		mend  func(b *box)
		code  Code
	}{
		{"not in DNS", func(b *box) { b.zone.Remove("mta-sts.example.test") },
			func(b *box) { b.zone.Add("mta-sts.example.test A " + here) }, NotInDNS},
		{"DNS is silent", func(b *box) { b.zone.Fail("mta-sts.example.test", "", dns.Timeout) },
			func(b *box) { b.zone.Fail("mta-sts.example.test", "", dns.Answered) }, DNSSilent},
		{"another machine's", func(b *box) {
			b.zone.Remove("mta-sts.example.test")
			b.zone.Add("mta-sts.example.test A 198.51.100.1")
		}, func(b *box) {
			b.zone.Remove("mta-sts.example.test")
			b.zone.Add("mta-sts.example.test A " + here)
		}, Elsewhere},
		{"only at home", func(b *box) {
			b.zone.Remove("mta-sts.example.test")
			b.zone.Add("mta-sts.example.test A 192.168.1.2")
		}, func(b *box) {
			b.zone.Remove("mta-sts.example.test")
			b.zone.Add("mta-sts.example.test A " + here)
		}, Private},
		{"nobody gets through", func(b *box) { b.service.Point("mta-sts.example.test", "127.0.0.99") },
			func(b *box) { b.service.Point("mta-sts.example.test", "127.0.0.1") }, Unreachable},
		{"on the authority's list", func(b *box) {
			b.names[1].Name = "blocked.test"
			b.zone.Add("blocked.test A " + here)
		}, func(b *box) { b.names[1].Name = "mta-sts.example.test" }, Refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t, acmetest.Options{Blocked: []string{"blocked.test"}}, "mail.example.test", "mta-sts.example.test")
			c.spoil(b)
			s := b.turn()
			b.wantNames("mail.example.test")
			bad := s.Names[1]
			if s.Problem != nil || bad.Problem == nil || bad.Problem.Code != c.code || bad.Covered || !s.Names[0].Covered || s.Names[0].Problem != nil {
				t.Errorf("%+v %v %v", s, s.Problem, bad.Problem)
			}
			asked := s.Attempt
			if b.turn().Attempt != asked {
				t.Error("it was tried again at once")
			}
			c.mend(b)
			b.pass(30 * time.Minute)
			b.turn()
			b.wantNames("mail.example.test", b.names[1].Name)
			if p := b.state.Names[1].Problem; p != nil {
				t.Errorf("still %v", p)
			}
		})
	}
}

// A way that is closed: the next one is taken, and if none works it is told what to open.
func TestWays(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test")
	b.settings.Way = Auto
	real80 := b.ports["80"]
	b.ports["80"] = "127.0.0.1:1" // from inside; the authority gets through
	b.turn()
	b.wantNames("mail.example.test")
	if b.state.Way != TLSALPN {
		t.Errorf("it came by %s", b.state.Way)
	}

	b.ports["80"], b.ports["443"] = real80, "127.0.0.1:1"
	b.service.Point("mail.example.test", "127.0.0.99")
	b.certs, b.state = nil, State{}
	b.Cache = autocert.DirCache(t.TempDir())
	s := b.turn()
	if p := s.Names[0].Problem; p == nil || p.Code != Unreachable || !p.Trial {
		t.Errorf("%+v", p)
	}
	if wait := s.Next.Sub(b.now()); wait < 30*time.Second || wait > 2*time.Minute {
		t.Errorf("next try in %v", wait)
	}
}

// From inside nothing can be reached (no hairpin): the trial tells that it works all the same.
func TestNoHairpin(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test")
	b.settings.Way = Auto
	b.ports["80"], b.ports["443"] = "127.0.0.1:1", "127.0.0.1:1"
	b.turn()
	b.wantNames("mail.example.test")
}
