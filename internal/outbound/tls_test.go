package outbound

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestOpportunisticTLS: without a policy TLS is taken as it comes, and plain text where there is none (RFC 7435).
func TestOpportunisticTLS(t *testing.T) {
	for _, test := range []struct {
		about string
		peer  func(a *authority) *peer
		level TLSLevel
		tls   string
	}{
		{"good", func(a *authority) *peer { return &peer{cert: a.good("a.mx.example")} }, Verified, "TLS 1.3, verified"},
		{"wrong name", func(a *authority) *peer { return &peer{cert: a.good("x.example")} }, Unverified, "TLS 1.3, unverified"},
		{"expired", func(a *authority) *peer {
			c := a.issue(epoch.Add(-time.Hour), "a.mx.example")
			return &peer{cert: &c}
		}, Unverified, "TLS 1.3, unverified"},
		{"none", func(*authority) *peer { return &peer{} }, NoTLS, ""},
		{"breaks in the handshake", func(a *authority) *peer { return &peer{cert: a.good("a.mx.example"), breakTLS: true} }, NoTLS, ""},
	} {
		w := newWorld(t, hosts)
		p := test.peer(w.ca)
		w.serve("192.0.2.1:25", p.serve)
		x := w.open("far.example")
		if x.Level() != test.level || x.TLS() != test.tls || w.levels["far.example"].level != test.level {
			t.Errorf("%s: %v, %q, kept %v", test.about, x.Level(), x.TLS(), w.levels)
		}
		if replies := w.send(x, false); replies[0].Code != 250 {
			t.Errorf("%s: %v", test.about, replies)
		}
		if want := 1; p.breakTLS && len(w.dialled) != 2 || !p.breakTLS && len(w.dialled) != want {
			t.Errorf("%s: dialled %v", test.about, w.dialled)
		}
	}
}

// TestDowngrade: mail waits where TLS was and is no more, for three days, and then goes with a warning.
func TestDowngrade(t *testing.T) {
	for _, breaks := range []bool{false, true} {
		w := newWorld(t, hosts)
		p := &peer{cert: w.ca.good("a.mx.example")}
		w.serve("192.0.2.1:25", p.serve)
		w.open("far.example").Close()
		if p.breakTLS = breaks; !breaks {
			p.cert = nil
		}
		w.pass(10 * 24 * time.Hour) // seen long ago, and yet within the month
		w.refuse("far.example", "451 4.7.5")
		w.pass(71 * time.Hour)
		w.refuse("far.example", "451 4.7.5")
		w.pass(2 * time.Hour)
		if x := w.open("far.example"); x.Level() != NoTLS {
			t.Errorf("level %v", x.Level())
		}
		w.open("far.example") // and is not held up again
	}
}

func TestDowngradeIsForgotten(t *testing.T) {
	w := newWorld(t, hosts)
	w.serve("192.0.2.1:25", (&peer{}).serve)
	w.levels["far.example"] = seenLevel{DANE, epoch.Add(-31 * 24 * time.Hour)}
	w.open("far.example")
}

// TestDowngradeIsRememberedByTheCaller: across a restart of the program.
func TestDowngradeIsRememberedByTheCaller(t *testing.T) {
	w := newWorld(t, hosts)
	w.serve("192.0.2.1:25", (&peer{}).serve)
	w.levels["far.example"] = seenLevel{Unverified, epoch.Add(-20 * 24 * time.Hour)}
	lost := map[string]time.Time{"far.example": epoch.Add(-25 * 24 * time.Hour)} // an older loss, since mended
	w.s.Levels.Lost = func(_ context.Context, domain string) (time.Time, bool, error) {
		at, ok := lost[domain]
		return at, ok, nil
	}
	w.s.Levels.KeepLost = func(_ context.Context, domain string, since time.Time) error { lost[domain] = since; return nil }
	w.refuse("far.example", "451 4.7.5")
	if !lost["far.example"].Equal(epoch) {
		t.Errorf("lost since %v", lost)
	}
	w.pass(73 * time.Hour)
	w.open("far.example")
}

func TestTimesAreCapped(t *testing.T) {
	var table times
	for i := range maxTimes + 10 {
		table.note(strings.Repeat("x", i), epoch.Add(time.Duration(i)))
	}
	if len(table.m) != maxTimes || table.within("", epoch, time.Hour) {
		t.Errorf("%d entries", len(table.m))
	}
}

// TestRequireTLS: RFC 8689 §4.2.1: proof of who it is, and the peer's word to pass the wish on.
func TestRequireTLS(t *testing.T) {
	const offers = "250-REQUIRETLS\r\n"
	for _, test := range []struct {
		about  string
		zone   string
		secure bool
		policy string
		peer   func(a *authority) *peer
		ok     bool
	}{
		{"MTA-STS", hosts, false, enforced, func(a *authority) *peer { return &peer{cert: a.good("a.mx.example"), extra: offers} }, true},
		{"not offered", hosts, false, enforced, func(a *authority) *peer { return &peer{cert: a.good("a.mx.example")} }, false},
		{"no TLS", hosts, false, "", func(*authority) *peer { return &peer{extra: offers} }, false},
		{"unverified", hosts, true, "", func(a *authority) *peer { return &peer{cert: a.good("x.example"), extra: offers} }, false},
		{"signed MX", hosts, true, "", func(a *authority) *peer { return &peer{cert: a.good("a.mx.example"), extra: offers} }, true},
		{"MX that anybody could have written", hosts, false, "", func(a *authority) *peer {
			return &peer{cert: a.good("a.mx.example"), extra: offers}
		}, false},
		{"MX below the domain", "far.example MX 1 mx.far.example.\nmx.far.example A 192.0.2.1\n", false, "", func(a *authority) *peer {
			return &peer{cert: a.good("mx.far.example"), extra: offers}
		}, true},
	} {
		w, _ := newSTSWorld(t, test.policy)
		w.dns.Remove("far.example")
		w.dns.Remove("a.mx.example")
		w.dns.Add(test.zone)
		if test.secure {
			w.dns.Secure("example")
		}
		p := test.peer(w.ca)
		w.serve("192.0.2.1:25", p.serve)
		replies := w.send(w.open("far.example"), true)
		if ok := replies[0].Code == 250; ok != test.ok || !ok && !strings.HasPrefix(replies[0].Error(), "550 5.7.30") {
			t.Errorf("%s: %v", test.about, replies)
		}
		if mailed := strings.Contains(p.commands(), "REQUIRETLS"); mailed != test.ok {
			t.Errorf("%s: heard %q", test.about, p.commands())
		}
	}
}
