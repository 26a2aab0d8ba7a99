package mdns

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const settleTime = 5 * time.Second

// started is a LAN with one box that is settled.
func started(t *testing.T, addrs ...string) (*lan, *box) {
	t.Helper()
	l := newLAN(t)
	b := l.add("buzon", addrs...)
	l.run(settleTime)
	return l, b
}

// A name is asked for three times, then told twice (RFC 6762 §8).
func TestStart(t *testing.T) {
	t.Parallel()
	l, b := started(t, "192.168.1.5", "fe80::5")
	var kinds string
	for i, p := range l.heard {
		if p.message.Response {
			kinds += "a"
		} else {
			kinds += "q"
		}
		if i > 0 && i < 3 && l.at[i].Sub(l.at[i-1]) != probeEvery || i == 4 && l.at[i].Sub(l.at[i-1]) != announceEvery {
			t.Errorf("packet %d comes %v after the one before", i, l.at[i].Sub(l.at[i-1]))
		}
	}
	if kinds != "qqqaa" {
		t.Fatalf("it says %s", kinds)
	}
	probe := l.heard[0].message
	if len(probe.Question) != 2 || probe.Question[0] != (dns.Question{Name: "buzon.local.", Qtype: dns.TypeANY, Qclass: dns.ClassINET}) {
		t.Errorf("asks %v", probe.Question)
	}
	if len(of(probe.Ns, "buzon.local.")) != 2 || len(of(probe.Ns, "buzon._http._tcp.local.")) != 2 {
		t.Errorf("shows %v", probe.Ns)
	}
	const want = `_http._tcp.local. PTR buzon._http._tcp.local.
_services._dns-sd._udp.local. PTR _http._tcp.local.
buzon._http._tcp.local. SRV 0 0 80 buzon.local. !
buzon._http._tcp.local. TXT "path=/" !
buzon.local. A 192.168.1.5 !
buzon.local. AAAA fe80::5 !`
	if got := outline(l.heard[3].message); got != want || l.heard[3].message.Id != 0 || !l.heard[3].message.Authoritative {
		t.Errorf("tells\n%s", got)
	}
	l.heard = nil
	if l.run(time.Minute); len(l.heard) > 0 {
		t.Errorf("then it says %v", l.heard[0].message)
	}
	b.goodbye()
	if len(l.heard) != 1 || len(l.heard[0].message.Answer) != 6 || l.heard[0].message.Answer[0].Header().Ttl != 0 {
		t.Errorf("at the end: %v", l.heard)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	const (
		a    = "buzon.local. A 192.168.1.5 !"
		aaaa = "buzon.local. AAAA fe80::5 !"
	)
	for name, tt := range map[string]struct {
		addrs []string
		q     dns.Question
		want  string
	}{
		"A":               {q: dns.Question{Name: "buzon.local.", Qtype: dns.TypeA}, want: "+" + aaaa + "\n" + a},
		"AAAA":            {q: dns.Question{Name: "buzon.local.", Qtype: dns.TypeAAAA}, want: "+" + a + "\n" + aaaa},
		"any":             {q: dns.Question{Name: "buzon.local.", Qtype: dns.TypeANY}, want: a + "\n" + aaaa},
		"any class":       {q: dns.Question{Name: "buzon.local.", Qtype: dns.TypeA, Qclass: dns.ClassANY}, want: "+" + aaaa + "\n" + a},
		"whatever case":   {q: dns.Question{Name: "BUZON.Local.", Qtype: dns.TypeA}, want: "+" + aaaa + "\n" + a},
		"one family only": {addrs: []string{"192.168.1.5"}, q: dns.Question{Name: "buzon.local.", Qtype: dns.TypeA}, want: a},
		// RFC 6762 §6.1: what there is not is ours to say.
		"no AAAA": {addrs: []string{"192.168.1.5"}, q: dns.Question{Name: "buzon.local.", Qtype: dns.TypeAAAA}, want: "buzon.local. NSEC buzon.local. A !"},
		"no TXT":  {q: dns.Question{Name: "buzon.local.", Qtype: dns.TypeTXT}, want: "buzon.local. NSEC buzon.local. A AAAA !"},
		"page, no A": {q: dns.Question{Name: "buzon._http._tcp.local.", Qtype: dns.TypeA},
			want: "buzon._http._tcp.local. NSEC buzon._http._tcp.local. TXT SRV !"},
		"pages": {q: dns.Question{Name: "_http._tcp.local.", Qtype: dns.TypePTR},
			want: "+buzon._http._tcp.local. SRV 0 0 80 buzon.local. !\n+buzon._http._tcp.local. TXT \"path=/\" !\n+" + a + "\n+" + aaaa +
				"\n_http._tcp.local. PTR buzon._http._tcp.local."},
		"kinds of services": {q: dns.Question{Name: "_services._dns-sd._udp.local.", Qtype: dns.TypePTR}, want: "_services._dns-sd._udp.local. PTR _http._tcp.local."},
		"place":             {q: dns.Question{Name: "buzon._http._tcp.local.", Qtype: dns.TypeSRV}, want: "+" + a + "\n+" + aaaa + "\nbuzon._http._tcp.local. SRV 0 0 80 buzon.local. !"},
		"words":             {q: dns.Question{Name: "buzon._http._tcp.local.", Qtype: dns.TypeTXT}, want: "buzon._http._tcp.local. TXT \"path=/\" !"},
		// Nothing of ours.
		"another name":  {q: dns.Question{Name: "other.local.", Qtype: dns.TypeA}},
		"another class": {q: dns.Question{Name: "buzon.local.", Qtype: dns.TypeA, Qclass: dns.ClassCHAOS}},
		"pages, no A":   {q: dns.Question{Name: "_http._tcp.local.", Qtype: dns.TypeA}},
		"another page":  {q: dns.Question{Name: "_ipp._tcp.local.", Qtype: dns.TypePTR}},
	} {
		if tt.addrs == nil {
			tt.addrs = []string{"192.168.1.5", "fe80::5"}
		}
		if tt.q.Qclass == 0 {
			tt.q.Qclass = dns.ClassINET
		}
		l, b := started(t, tt.addrs...)
		m := new(dns.Msg)
		m.Question = []dns.Question{tt.q}
		all, own := l.ask(b, packet{message: m})
		if len(own) > 0 || len(all) != min(len(tt.want), 1) {
			t.Errorf("%s: %v, and to the asker %v", name, all, own)
		} else if len(all) == 1 && outline(all[0]) != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, outline(all[0]), tt.want)
		}
	}
}

// What is told to whom, and when.
func TestWays(t *testing.T) {
	t.Parallel()
	quick := question("buzon.local.", dns.TypeA)
	quick.Question[0].Qclass |= quickBit
	mixed := quick.Copy()
	mixed.Question = append(mixed.Question, dns.Question{Name: "buzon._http._tcp.local.", Qtype: dns.TypeTXT, Qclass: dns.ClassINET})
	reply := question("buzon.local.", dns.TypeA)
	reply.Response = true
	other, failed := question("buzon.local.", dns.TypeA), question("buzon.local.", dns.TypeA)
	other.Opcode, failed.Rcode = dns.OpcodeUpdate, dns.RcodeRefused
	plain := question("buzon.local.", dns.TypeA)
	for name, tt := range map[string]struct {
		p        packet
		later    time.Duration // after the start
		all, own int
	}{
		"to all":                      {p: packet{message: plain}, all: 1},
		"to the asker who wants that": {p: packet{message: quick}, own: 1},
		"to all if that was long ago": {p: packet{message: quick}, later: time.Minute, all: 1},
		"to all if one of it should":  {p: packet{message: mixed}, all: 1},
		"to who asks us alone":        {p: packet{message: plain, private: true}, own: 1},
		"not to who is elsewhere":     {p: packet{message: plain, private: true, peer: netip.MustParseAddrPort("203.0.113.5:5353")}},
		"nor to a resolver elsewhere": {p: packet{message: plain, peer: netip.MustParseAddrPort("203.0.113.5:53000")}},
		"to a resolver":               {p: packet{message: plain, peer: netip.MustParseAddrPort("192.168.1.99:53000")}, own: 1},
		"an answer is no question":    {p: packet{message: reply}},
		"nor is an update":            {p: packet{message: other}},
		"nor is a failure":            {p: packet{message: failed}},
		"nor what is empty":           {p: packet{message: new(dns.Msg)}},
		"nor what is empty, alone":    {p: packet{message: new(dns.Msg), private: true, peer: netip.MustParseAddrPort("192.168.1.99:53000")}},
	} {
		l, b := started(t, "192.168.1.5")
		l.run(tt.later)
		all, own := l.ask(b, tt.p)
		if len(all) != tt.all || len(own) != tt.own {
			t.Errorf("%s: %v, to the asker %v", name, all, own)
		}
	}
}

// Who asks as if we were a DNS server hears what one would say (RFC 6762 §6.7).
func TestLegacy(t *testing.T) {
	t.Parallel()
	l, b := started(t, "192.168.1.5")
	q := question("buzon.local.", dns.TypeA)
	q.Id, q.RecursionDesired = 4711, true
	q.Question = append(q.Question, dns.Question{Name: "_http._tcp.local.", Qtype: dns.TypePTR, Qclass: dns.ClassINET})
	peer := netip.MustParseAddrPort("192.168.1.99:53000")
	_, own := l.ask(b, packet{message: q, peer: peer})
	if len(own) != 1 || l.told[0].peer != peer {
		t.Fatalf("%v", l.told)
	}
	if m := own[0]; m.Id != 4711 || len(m.Question) != 1 || m.Question[0] != q.Question[0] || outline(m) != "buzon.local. A 192.168.1.5" || m.Answer[0].Header().Ttl != legacyTTL {
		t.Errorf("%v", m)
	}
	_, own = l.ask(b, packet{message: question("buzon.local.", dns.TypeAAAA), peer: peer})
	if len(own) != 1 || len(own[0].Answer) > 0 || own[0].Rcode != dns.RcodeSuccess {
		t.Errorf("of what there is not: %v", own)
	}
}

// What others may answer as well comes a little later, and what is known is not said (RFC 6762 §6, §7).
func TestKnown(t *testing.T) {
	t.Parallel()
	pointer := &dns.PTR{Hdr: dns.RR_Header{Name: "_HTTP._tcp.local.", Rrtype: dns.TypePTR, Class: dns.ClassINET, Ttl: otherTTL / 2}, Ptr: "Buzon._http._tcp.local."}
	exact, old := dns.Copy(pointer).(*dns.PTR), dns.Copy(pointer)
	exact.Ptr = "buzon._http._tcp.local."
	old.(*dns.PTR).Ptr = exact.Ptr
	old.Header().Ttl = otherTTL/2 - 1
	more := func(truncated bool, known ...dns.RR) *dns.Msg {
		m := new(dns.Msg)
		m.Truncated, m.Answer = truncated, known
		return m
	}
	ask := question("_http._tcp.local.", dns.TypePTR)
	for name, tt := range map[string]struct {
		known     []dns.RR
		truncated bool
		then      *dns.Msg // the asker's next packet
		from      string
		all       int
	}{
		"nothing":             {all: 1},
		"known":               {known: []dns.RR{exact}},
		"known half":          {known: []dns.RR{old}, all: 1},
		"something else":      {known: []dns.RR{pointer, &dns.PTR{Hdr: pointer.Hdr, Ptr: "x._http._tcp.local."}}, all: 1},
		"known later":         {truncated: true, then: more(false, exact)},
		"known by another":    {truncated: true, then: more(false, exact), from: "192.168.1.98:5353", all: 1},
		"known, more to come": {truncated: true, then: more(true, exact)},
		"unknown later":       {truncated: true, then: more(false, old), all: 1},
	} {
		l, b := started(t, "192.168.1.5")
		m := ask.Copy()
		m.Answer, m.Truncated = tt.known, tt.truncated
		l.heard = nil
		asker := netip.MustParseAddrPort("192.168.1.99:5353")
		b.receive(l.now, packet{link: b.link.key(), peer: asker, message: m})
		if l.run(15 * time.Millisecond); len(l.heard) > 0 {
			t.Errorf("%s: at once", name)
		}
		if tt.then != nil {
			if tt.from != "" {
				asker = netip.MustParseAddrPort(tt.from)
			}
			b.receive(l.now, packet{link: b.link.key(), peer: asker, message: tt.then})
			if l.run(350 * time.Millisecond); len(l.heard) > 0 {
				t.Errorf("%s: before the asker could say all", name)
			}
		}
		if l.run(time.Second); len(l.heard) != tt.all {
			t.Errorf("%s: %v", name, l.heard)
		}
	}
}

// All on the link hear a thing once a second at most, who asks alone twenty times, and what waits is bounded.
func TestRate(t *testing.T) {
	t.Parallel()
	l, b := started(t, "192.168.1.5")
	l.heard = nil
	ask := func(n int, p packet) {
		p.link = b.link.key()
		for range n {
			b.receive(l.now, p)
		}
	}
	asker := netip.MustParseAddrPort("192.168.1.99:5353")
	for range 100 {
		ask(10, packet{peer: asker, message: question("buzon.local.", dns.TypeA)})
		l.run(30 * time.Millisecond)
	}
	if len(l.heard) < 3 || len(l.heard) > 4 {
		t.Errorf("%d answers in 3 seconds", len(l.heard))
	}
	legacy := packet{peer: netip.MustParseAddrPort("192.168.1.99:53000"), message: question("buzon.local.", dns.TypeA)}
	if ask(1000, legacy); len(l.told) != mostSpent {
		t.Errorf("%d answers at once", len(l.told))
	}
	l.told = nil
	l.run(time.Second)
	if ask(1000, legacy); len(l.told) != int(time.Second/spentAgain) {
		t.Errorf("%d answers a second later", len(l.told))
	}
	truncated := question("_http._tcp.local.", dns.TypePTR)
	truncated.Truncated = true
	ask(1000, packet{peer: asker, message: truncated})
	if n := len(b.links[b.link.key()].late); n > maxLate {
		t.Errorf("%d answers wait", n)
	}
}

// Who comes later with the same name gets the next one, and another the one after it.
func TestConflict(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	var boxes []*box
	for i := range 4 {
		b := l.add([]string{"buzon", "Buzon", "buzon", "BUZON"}[i], fmt.Sprintf("192.168.1.%d", 5+i), fmt.Sprintf("fe80::%d", 5+i))
		boxes = append(boxes, b)
		l.run(settleTime)
	}
	for i, want := range []string{"buzon", "Buzon-2", "buzon-3", "BUZON-4"} {
		if got := boxes[i].label(); got != want || boxes[i].links[boxes[i].link.key()].phase != settled {
			t.Errorf("%d is called %s", i, got)
		}
	}
}

// At the same time one of them gets it, whoever began first (RFC 6762 §8.2), and no two have the same.
func TestConflictAtOnce(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{0, 5, 100, 125, 250, 375, 500, 700} {
		l := newLAN(t)
		a := l.add("buzon", "192.168.1.5")
		l.run(delay * time.Millisecond)
		b := l.add("buzon", "192.168.1.6")
		l.run(2 * settleTime)
		if a.label() == b.label() || a.label() != "buzon" && b.label() != "buzon" {
			t.Errorf("after %v: %s and %s", delay, a.label(), b.label())
		}
		// While both still ask, the later in the order of addresses wins.
		if delay < 250 && b.label() != "buzon" {
			t.Errorf("after %v: the first is %s", delay, a.label())
		}
	}
}

// Two networks become one: one of the two gives way.
func TestConflictLater(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	a := l.add("buzon", "192.168.1.5")
	b := l.add("buzon", "192.168.1.6")
	b.off = true
	l.run(settleTime)
	a.off, b.off = true, false
	l.run(settleTime)
	if a.label() != "buzon" || b.label() != "buzon" {
		t.Fatal("they heard each other")
	}
	a.off = false
	l.ask(a, packet{message: question("buzon.local.", dns.TypeA)})
	for _, p := range l.heard {
		if p.message.Response && strings.Contains(outline(p.message), "192.168.1.5") {
			l.run(3 * settleTime)
			break
		}
	}
	if a.label() == b.label() {
		t.Errorf("both are %s", a.label())
	}
}

// What we say ourselves, and what another program says of this machine, is no conflict.
func TestEcho(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	b := l.add("buzon", "192.168.1.5", "fe80::5")
	b.own = append(b.own, netip.MustParseAddr("2001:db8::5"))
	echo := b.send
	b.send = func(p packet) {
		echo(p)
		l.echo(b, packet{link: p.link, message: p.message.Copy()})
	}
	l.run(settleTime)
	m := new(dns.Msg)
	m.Response = true
	for _, r := range []string{"buzon.local. 120 IN A 192.168.1.5", "buzon.local. 120 IN AAAA 2001:db8::5", "buzon.local. 120 IN HINFO \"ARM\" \"Linux\"",
		"buzon.local. 0 IN A 192.168.1.77", "other.local. 120 IN A 192.168.1.77", "buzon.local. 120 CH A 192.168.1.77"} {
		m.Answer = append(m.Answer, record(t, r))
	}
	b.receive(l.now, packet{link: b.link.key(), peer: netip.MustParseAddrPort("192.168.1.5:5353"), message: m})
	if l.run(settleTime); b.label() != "buzon" || b.links[b.link.key()].phase != settled || len(b.conflicts) > 0 {
		t.Errorf("%s, %d conflicts", b.label(), len(b.conflicts))
	}
	// Nor is it one what does not come from where answers come from.
	m.Answer = []dns.RR{record(t, "buzon.local. 120 IN A 192.168.1.77")}
	b.receive(l.now, packet{link: b.link.key(), peer: netip.MustParseAddrPort("192.168.1.77:53000"), message: m})
	if len(b.conflicts) > 0 {
		t.Error("a forged answer is a conflict")
	}
	b.receive(l.now, packet{link: b.link.key(), peer: netip.MustParseAddrPort("192.168.1.77:5353"), message: m})
	if len(b.conflicts) != 1 {
		t.Error("a conflict is none")
	}
}

func record(t *testing.T, s string) dns.RR {
	t.Helper()
	r, err := dns.NewRR(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Somebody who claims every name does not keep us busy.
func TestConflictForFun(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	b := l.add("buzon", "192.168.1.5")
	renamed := 0
	b.renamed = func(string) { renamed++ }
	echo := b.send
	b.send = func(p packet) {
		echo(p)
		m := new(dns.Msg)
		m.Response = true
		m.Answer = []dns.RR{record(t, b.names.host+" 120 IN A 192.168.1.77")}
		b.receive(l.now, packet{link: p.link, peer: netip.MustParseAddrPort("192.168.1.77:5353"), message: m})
	}
	l.run(2 * time.Minute)
	if renamed < manyConflicts || renamed > manyConflicts+int(2*time.Minute/manyWait)+1 || len(b.conflicts) > manyConflicts {
		t.Errorf("%d names", renamed)
	}
	b.wanted, b.try = strings.Repeat("a", 63), 1000
	if label := b.label(); len(label) != 63 || !strings.HasSuffix(label, "a-1000") {
		t.Errorf("%s", label)
	}
}

// Interfaces and addresses come and go.
func TestLinks(t *testing.T) {
	t.Parallel()
	l, b := started(t, "192.168.1.5")
	said := func(want string) {
		t.Helper()
		l.heard = nil
		l.run(settleTime)
		var kinds string
		for _, p := range l.heard {
			if p.message.Response {
				kinds += "a"
			} else {
				kinds += "q"
			}
		}
		if kinds != want {
			t.Errorf("says %q, want %q", kinds, want)
		}
	}
	b.setLinks(l.now, []Link{b.link}, b.link.Own) // as it was
	said("")
	other := linkOf("192.168.1.6", "fe80::5")
	b.setLinks(l.now, []Link{other}, other.Own)
	said("aa")
	if got := outline(l.heard[0].message); !strings.Contains(got, "A 192.168.1.6 !") || strings.Contains(got, "192.168.1.5") {
		t.Errorf("tells\n%s", got)
	}
	second := linkOf("10.0.0.5")
	second.Index = 2
	b.setLinks(l.now, []Link{other, second}, nil)
	said("qqqaa")
	for _, p := range l.heard {
		if p.link != second.key() || strings.Contains(p.message.String(), "192.168") {
			t.Errorf("on %v: %v", p.link, p.message)
		}
	}
	b.setLinks(l.now, nil, nil)
	said("")
	if all, own := l.ask(b, packet{message: question("buzon.local.", dns.TypeA)}); len(all)+len(own) > 0 {
		t.Error("answers where there is nobody")
	}
	b.setLinks(l.now, []Link{other}, other.Own)
	said("qqqaa")
}

// The links of this machine have private addresses, and none is loopback's.
func TestSystemLinks(t *testing.T) {
	t.Parallel()
	links, err := Links()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		for _, a := range l.Told {
			if a.IsLoopback() || !a.IsPrivate() && !a.IsLinkLocalUnicast() {
				t.Errorf("tells %v", a)
			}
		}
		if len(l.Told) > maxTold || len(l.Nets) == 0 {
			t.Errorf("%+v", l)
		}
	}
	if len(links) > maxLinks {
		t.Errorf("%d links", len(links))
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	var heard []string
	r := New(Options{Host: "casa", Named: func(name string) { heard = append(heard, name) },
		Links: func() ([]Link, error) { return nil, errors.New("no interfaces") }})
	if r.Name() != "casa.local" {
		t.Error(r.Name())
	}
	r.rename("casa-2")
	if r.Name() != "casa-2.local" || len(heard) != 1 || heard[0] != "casa-2.local" {
		t.Errorf("%s %q", r.Name(), heard)
	}
}

// What is told are the addresses on which somebody listens; nobody is told of a page that is for this machine alone.
func TestTold(t *testing.T) {
	t.Parallel()
	both := []netip.Addr{netip.MustParseAddr("192.168.1.5"), netip.MustParseAddr("fe80::5")}
	for listen, want := range map[string]int{"": 2, "0.0.0.0": 2, "::": 2, "some-name": 2, "192.168.1.5": 1, "::ffff:192.168.1.5": 1, "10.0.0.1": 0} {
		if got := filter(both, New(Options{Host: "casa", Listen: listen}).tells); len(got) != want || want == 1 && got[0] != both[0] {
			t.Errorf("%q: %v", listen, got)
		}
	}
	for _, listen := range []string{"127.0.0.1", "127.3.2.1", "::1"} {
		r := New(Options{Host: "casa", Listen: listen})
		if r != nil || r.Name() != "" {
			t.Errorf("%s: %v", listen, r)
		}
		r.Run(t.Context(), 80) // returns at once
	}
}
