package outbound

import (
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"buzon/internal/dns"
)

const probeZone = relayZone + `
	big.example      MX  10 mx.big.example.
	mx.big.example   A   192.0.2.20
	large.example    MX  10 mx.large.example.
	mx.large.example A   192.0.2.21
`

func newAutoWorld(t *testing.T, relays ...Relay) *world {
	w := newWorld(t, probeZone)
	w.s.Probes = []string{"big.example", "large.example"}
	w.useRelays(WayAuto, relays...)
	return w
}

var smart = Relay{Host: "relay.example", Port: 587, TLS: TLSNone}

func TestChoose(t *testing.T) {
	for _, test := range []struct {
		about  string
		change func(w *world)
		relays []Relay
		want   Choice
	}{
		{"open", func(w *world) { w.serve("192.0.2.21:25", (&peer{}).serve) }, []Relay{smart},
			Choice{WayDirect, "way_direct_open", "relay.example:587"}},
		{"shut", func(*world) {}, []Relay{smart}, Choice{WayRelay, "way_relay_shut", "relay.example:587"}},
		{"shut, no relay", func(*world) {}, nil, Choice{WayNone, "way_none", ""}},
		{"a relay for one domain does not count", func(*world) {}, []Relay{{Host: "x", Port: 1, For: "far.example"}}, Choice{WayNone, "way_none", ""}},
		{"somebody else answers", func(w *world) { w.serve("192.0.2.21:25", (&peer{greeting: "554 blocked here"}).serve) }, []Relay{smart},
			Choice{WayRelay, "way_relay_shut", "relay.example:587"}},
		{"hangs up", func(w *world) { w.serve("192.0.2.21:25", func(net.Conn) {}) }, []Relay{smart},
			Choice{WayRelay, "way_relay_shut", "relay.example:587"}},
		{"no network", func(w *world) {
			w.s.Probes = []string{"nowhere.example"}
			w.dns.Fail("nowhere.example", "", dns.Timeout)
		}, nil,
			Choice{WayDirect, "way_direct_unknown", ""}},
		{"no network, relay", func(w *world) {
			w.s.Probes = []string{"nowhere.example"}
			w.dns.Fail("nowhere.example", "", dns.Timeout)
		},
			[]Relay{smart}, Choice{WayRelay, "way_relay_unknown", "relay.example:587"}},
		{"set to direct", func(w *world) { w.useRelays(WayDirect) }, nil, Choice{WayDirect, "way_direct_set", ""}},
		{"set to relay", func(w *world) { w.useRelays(WayRelay, smart) }, nil, Choice{WayRelay, "way_relay_set", "relay.example:587"}},
		{"set to relay, none", func(w *world) { w.useRelays(WayRelay) }, nil, Choice{WayNone, "way_relay_missing", ""}},
	} {
		w := newAutoWorld(t, test.relays...)
		test.change(w)
		if got, err := w.s.Choose(t.Context()); err != nil || got != test.want {
			t.Errorf("%s: %+v, %v, want %+v", test.about, got, err, test.want)
		}
	}
}

// TestProbeIsPolite: one greeting, one QUIT, no mail.
func TestProbeIsPolite(t *testing.T) {
	w := newAutoWorld(t)
	w.s.Probes = w.s.Probes[:1]
	heard := make(chan string, 1)
	w.serve("192.0.2.20:25", func(conn net.Conn) {
		fmt.Fprint(conn, "220 hello\r\n")
		b := make([]byte, 100)
		n, _ := conn.Read(b)
		heard <- string(b[:n])
	})
	if got := w.s.probe(t.Context()); got != portOpen {
		t.Errorf("probe: %v", got)
	}
	if got := <-heard; got != "QUIT\r\n" {
		t.Errorf("heard %q", got)
	}
}

// TestAutoLooksByItself: at the first mail, and again only after a while where nothing leads out.
func TestAutoLooksByItself(t *testing.T) {
	w := newAutoWorld(t)
	w.refuse("far.example", "451 4.4.1 This line does not let mail out")
	looks := w.dns.Asked("big.example", "MX")
	w.refuse("far.example", "451 4.4.1 This line does not let mail out")
	if looks != 1 || w.dns.Asked("big.example", "MX") != 1 {
		t.Errorf("looked %d times", w.dns.Asked("big.example", "MX"))
	}
	w.serve("192.0.2.20:25", (&peer{}).serve)
	w.serve("192.0.2.1:25", (&peer{}).serve)
	w.pass(lookPause)
	w.open("far.example")
}

// TestAutoChoosesAnew after a run of domains that do not answer, when the line was shut meanwhile.
func TestAutoChoosesAnew(t *testing.T) {
	w := newAutoWorld(t, smart)
	w.serve("192.0.2.20:25", (&peer{}).serve)
	w.serve("192.0.2.11:587", (&peer{}).serve)
	if c, err := w.s.Choose(t.Context()); err != nil || c.Way != WayDirect {
		t.Fatalf("%+v, %v", c, err)
	}
	delete(w.listeners, "192.0.2.20:25")
	w.dns.Add("one.example A 192.0.2.31\ntwo.example A 192.0.2.32\nthree.example A 192.0.2.33")
	w.pass(lookPause)
	for _, domain := range []string{"one.example", "one.example", "two.example", "three.example"} {
		w.refuse(domain, "451 4.4.1")
	}
	if want := (Choice{WayRelay, "way_relay_shut", "relay.example:587"}); !slices.Equal(w.chosen, []Choice{want}) {
		t.Fatalf("told %+v", w.chosen)
	}
	if x := w.open("one.example"); x.Host() != "relay.example" {
		t.Errorf("reached %s", x.Host())
	}
	// The relay fails as often, and the line is open again.
	delete(w.listeners, "192.0.2.11:587")
	w.listeners["192.0.2.20:25"] = w.listeners["192.0.2.1:25"]
	w.serve("192.0.2.21:25", (&peer{}).serve)
	w.pass(lookPause)
	for range failureRun {
		w.refuse("one.example", "451 4.4.1")
	}
	if len(w.chosen) != 2 || w.chosen[1].Way != WayDirect {
		t.Errorf("told %+v", w.chosen)
	}
}

// TestAutoLeavesARefusedLine: the port is open, but nobody wants mail from a home line.
func TestAutoLeavesARefusedLine(t *testing.T) {
	for _, p := range []*peer{
		{greeting: "554 5.7.1 no mail from dynamic addresses"},
		{rcpt: "550 5.7.1 Service unavailable, client host [192.0.2.99] blocked using zen.spamhaus.org"},
	} {
		w := newAutoWorld(t, smart)
		w.serve("192.0.2.20:25", (&peer{}).serve)
		w.serve("192.0.2.11:587", (&peer{}).serve)
		w.serve("192.0.2.31:25", p.serve)
		for i := range failureRun {
			domain := fmt.Sprintf("n%d.example", i)
			w.dns.Add(domain + " A 192.0.2.31")
			if p.greeting != "" {
				w.refuse(domain, "451 4.7.1")
			} else if replies := w.send(w.open(domain), false); replies[0].Code != 550 {
				t.Errorf("replies %v", replies)
			}
		}
		if x := w.open("n1.example"); x.Host() != "relay.example" || len(w.chosen) != 1 || w.chosen[0].Key != "way_relay_refused" {
			t.Errorf("reached %s, told %+v", x.Host(), w.chosen)
		}
		w.pass(refusedFor + time.Minute)
		if c, err := w.s.Choose(t.Context()); err != nil || c.Way != WayDirect {
			t.Errorf("a day later: %+v, %v", c, err)
		}
	}
}

func TestAboutOurLine(t *testing.T) {
	w := newWorld(t, hosts)
	for text, want := range map[string]bool{
		"550 5.7.1 blocked using zen.spamhaus.org; see https://www.spamhaus.org/query": true,
		"550 5.7.25 the address has no name":                                           true,
		"550 5.1.1 no such user":                                                       false,
		"550 5.7.1 relaying denied":                                                    false,
		"450 4.7.1 greylisted by dnsbl":                                                false,
	} {
		w.serve("192.0.2.1:25", (&peer{rcpt: text}).serve)
		if replies := w.send(w.open("far.example"), false); aboutOurLine(replies[0]) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}
