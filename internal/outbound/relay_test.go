package outbound

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"

	"buzon/internal/dns"
	"buzon/internal/message"
)

const relayZone = hosts + `
	relay.example   A  192.0.2.11
	spare.example   A  192.0.2.12
`

func plainAuth(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
}

// useRelays sets the way and the relays.
func (w *world) useRelays(way Way, relays ...Relay) {
	w.s.Settings = func() Options { return Options{Way: way, PerDomain: 2, RelayConnections: 3} }
	w.s.Relays = func(context.Context) ([]Relay, error) { return relays, nil }
}

func relayPeer(a *authority, implicit bool) *peer {
	return &peer{cert: a.good("relay.example"), implicit: implicit, extra: "250-AUTH PLAIN\r\n250-REQUIRETLS\r\n", auth: plainAuth("ana", "secret")}
}

func TestRelayIsEntered(t *testing.T) {
	good := Relay{Host: "relay.example", Port: 465, TLS: TLSImplicit, User: "ana", Password: "secret"}
	start := good
	start.TLS = TLSStart
	none := Relay{Host: "relay.example", Port: 465, TLS: TLSNone}
	wrong := good
	wrong.Password = "guess"
	for _, test := range []struct {
		about   string
		relay   Relay
		peer    func(a *authority) *peer
		tls     string
		refusal string
	}{
		{"implicit", good, func(a *authority) *peer { return relayPeer(a, true) }, "TLS 1.3, verified", ""},
		{"STARTTLS", start, func(a *authority) *peer { return relayPeer(a, false) }, "TLS 1.3, verified", ""},
		{"none", none, func(*authority) *peer { return &peer{} }, "", ""},
		{"wrong password", wrong, func(a *authority) *peer { return relayPeer(a, true) }, "", "451 4.7.8"},
		// Never to a stranger, and never in the clear.
		{"wrong name", good, func(a *authority) *peer { p := relayPeer(a, true); p.cert = a.good("x.example"); return p }, "", "451 4.7.0"},
		{"STARTTLS missing", start, func(*authority) *peer { return &peer{extra: "250-AUTH PLAIN\r\n"} }, "", "451 4.7.0"},
		{"STARTTLS breaks", start, func(a *authority) *peer { p := relayPeer(a, false); p.breakTLS = true; return p }, "", "451 4"},
		{"refuses us", good, func(a *authority) *peer { p := relayPeer(a, true); p.greeting = "554 5.7.1 no"; return p }, "", "451 4.7.1"},
		{"never takes mail", none, func(*authority) *peer { return &peer{greeting: "521 5.3.2 no"} }, "", "451 4.3.2"},
	} {
		w := newWorld(t, relayZone)
		w.useRelays(WayRelay, test.relay)
		p := test.peer(w.ca)
		w.serve("192.0.2.11:465", p.serve)
		if test.refusal != "" {
			if told := w.refuse("far.example", test.refusal); told.Host != "relay.example" {
				t.Errorf("%s: host %q", test.about, told.Host)
			}
			if test.about != "wrong password" && strings.Contains(p.commands(), "AUTH") {
				t.Errorf("%s: the password was told: %q", test.about, p.commands())
			}
			continue
		}
		x := w.open("far.example")
		if x.TLS() != test.tls {
			t.Errorf("%s: %q", test.about, x.TLS())
		}
		if replies := w.send(x, test.tls != ""); replies[0].Code != 250 {
			t.Errorf("%s: %v", test.about, replies)
		}
	}
}

// TestRelayOrder: those for the domain first, and the next where one does not work.
func TestRelayOrder(t *testing.T) {
	w := newWorld(t, relayZone+"own.example A 192.0.2.13")
	w.useRelays(WayDirect, Relay{Host: "relay.example", Port: 25, TLS: TLSNone}, Relay{Host: "spare.example", Port: 25, TLS: TLSNone},
		Relay{Host: "own.example", Port: 25, TLS: TLSNone, For: "FAR.example"})
	for _, address := range []string{"192.0.2.1:25", "192.0.2.11:25", "192.0.2.12:25", "192.0.2.13:25"} {
		w.serve(address, (&peer{}).serve)
	}
	reaches := func(domain, host string) {
		t.Helper()
		if x := w.open(domain); x.Host() != host {
			t.Errorf("%s goes by %s, want %s", domain, x.Host(), host)
		}
	}
	reaches("far.example", "own.example") // whatever the settings say
	delete(w.listeners, "192.0.2.13:25")
	reaches("far.example", "relay.example")
	delete(w.listeners, "192.0.2.11:25")
	reaches("far.example", "spare.example")
	w.dns.Add("near.example MX 1 a.mx.example.")
	reaches("near.example", "a.mx.example")
	w.useRelays(WayRelay, Relay{Host: "spare.example", Port: 25, TLS: TLSNone})
	reaches("near.example", "spare.example")
	w.useRelays(WayRelay)
	w.refuse("near.example", "451 4.3.5")
	w.s.Relays = func(context.Context) ([]Relay, error) { return nil, errors.New("disk") }
	w.refuse("near.example", "451 4.3.0")
}

func TestRoute(t *testing.T) {
	w := newWorld(t, relayZone)
	all, own := Relay{Host: "relay.example", Port: 465}, Relay{Host: "spare.example", Port: 587, For: "bücher.example"}
	for _, test := range []struct {
		way    Way
		relays []Relay
		domain string
		want   Route
	}{
		{WayDirect, []Relay{all}, "far.example", Route{"far.example", false, 2}},
		{WayRelay, []Relay{all}, "far.example", Route{"relay:relay.example:465", true, 3}},
		{WayRelay, nil, "far.example", Route{"far.example", false, 2}},
		{WayDirect, []Relay{all, own}, "xn--bcher-kva.example", Route{"relay:spare.example:587 for bücher.example", true, 3}},
		{WayAuto, []Relay{all}, "far.example", Route{"relay:relay.example:465", true, 3}},
	} {
		w.useRelays(test.way, test.relays...)
		if got := w.s.Route(t.Context(), test.domain); got != test.want {
			t.Errorf("%s to %s: %+v, want %+v", test.way, test.domain, got, test.want)
		}
	}
}

// TestRelayOnThisMachine: certificates of loopback's own making are taken, and its name is not asked for.
func TestRelayOnThisMachine(t *testing.T) {
	for _, host := range []string{"localhost", "127.0.0.1", "LOCALHOST"} {
		w := newWorld(t, "")
		p := relayPeer(newAuthority(t, "Bridge"), false)
		w.serve("127.0.0.1:1025", p.serve)
		w.useRelays(WayRelay, Relay{Host: host, Port: 1025, TLS: TLSStart, User: "ana", Password: "secret"})
		if x := w.open("far.example"); x.TLS() != "TLS 1.3, unverified" {
			t.Errorf("%s: %q", host, x.TLS())
		}
	}
}

func TestRelayIsNotInTheDNS(t *testing.T) {
	w := newWorld(t, "")
	w.useRelays(WayRelay, Relay{Host: "relay.example", Port: 465, TLS: TLSImplicit})
	w.refuse("far.example", "451 4.4.3 The relay's name is not in the DNS")
	w.dns.Fail("relay.example", "", dns.Timeout)
	w.refuse("far.example", "451 4.4.3 The DNS did not answer")
}

func TestTestRelay(t *testing.T) {
	relay := Relay{Host: "relay.example", Port: 587, TLS: TLSStart, User: "ana", Password: "secret"}
	for _, test := range []struct {
		about  string
		change func(w *world, p *peer)
		want   string // the steps, the last with its detail
	}{
		{"good", func(*world, *peer) {}, "find connect tls login send: 250 2.0.0 taken"},
		{"recipient refused", func(_ *world, p *peer) { p.rcpt = "550 5.1.1 who?" }, "find connect tls login send!: 550 5.1.1 who?"},
		{"password", func(_ *world, p *peer) { p.auth = "x" }, "find connect tls login!: ana"},
		{"certificate", func(w *world, p *peer) { p.cert = w.ca.good("x.example") }, "find connect tls!: Sending is not possible now"},
		{"no server", func(w *world, _ *peer) { delete(w.listeners, "192.0.2.11:587") }, "find connect!: The server relay.example does not answer"},
		{"no name", func(w *world, _ *peer) { w.dns.Remove("relay.example") }, "find!: The relay's name is not in the DNS"},
	} {
		w := newWorld(t, relayZone)
		p := relayPeer(w.ca, false)
		w.serve("192.0.2.11:587", p.serve)
		test.change(w, p)
		body := "Subject: test\r\n\r\ntest\r\n"
		from, to := message.Address{Local: "ana", Domain: "home.example"}, message.Address{Local: "bob", Domain: "far.example"}
		steps := w.s.TestRelay(t.Context(), relay, from, to, io.NewSectionReader(strings.NewReader(body), 0, int64(len(body))))
		if got := say(steps); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %s, want %s", test.about, got, test.want)
		}
	}
}

func say(steps []Step) string {
	var words []string
	for _, step := range steps {
		word := strings.TrimPrefix(step.Key, "relay_step_")
		if step.Err != nil {
			word += "!"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ") + ": " + steps[len(steps)-1].Detail
}

func TestPresets(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Presets() {
		if seen[p.Name] || p.Name != strings.ToLower(p.Name) || p.Title == "" || p.Host == "" || p.Hint == "" {
			t.Errorf("%+v", p)
		}
		seen[p.Name] = true
		// RFC 8314: 465 is implicit, 587 begins in the clear.
		if p.Port == 465 && p.TLS != TLSImplicit || p.Port == 587 && p.TLS != TLSStart || p.Port != 465 && p.Port != 587 {
			t.Errorf("%s: port %d with %s", p.Name, p.Port, p.TLS)
		}
		for _, name := range []string{p.Name, strings.ToUpper(p.Name), p.Host} {
			if got, ok := FindPreset(name); !ok || got.Name != p.Name {
				t.Errorf("FindPreset %s: %+v, %v", name, got, ok)
			}
		}
	}
	if _, ok := FindPreset("nobody"); ok {
		t.Error("found nobody")
	}
}
