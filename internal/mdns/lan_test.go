package mdns

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// lan is one link with machines on it and a clock of its own. Every packet goes over the wire as octets.
type lan struct {
	t     *testing.T
	now   time.Time
	boxes []*box
	heard []packet // by everybody
	told  []packet // to a single one
	at    []time.Time
}

// box is a machine on it.
type box struct {
	*host
	lan  *lan
	addr netip.Addr
	link Link
	off  bool
}

func newLAN(t *testing.T) *lan {
	return &lan{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
}

// linkOf is a link of a machine with some addresses, the first of which it sends from.
func linkOf(addrs ...string) Link {
	l := Link{Index: 1}
	for _, s := range addrs {
		a := netip.MustParseAddr(s)
		l.Told, l.Own = append(l.Told, a), append(l.Own, a)
		l.Nets = append(l.Nets, netip.PrefixFrom(a, a.BitLen()-8).Masked())
	}
	return l
}

// add switches a machine on that wants to be called so.
func (l *lan) add(label string, addrs ...string) *box {
	b := &box{lan: l, link: linkOf(addrs...)}
	b.addr = b.link.Told[0]
	b.host = newHost(label, 80, func(p packet) { l.send(b, p) })
	b.chance = func(most time.Duration) time.Duration { return most / 2 }
	l.boxes = append(l.boxes, b)
	b.setLinks(l.now, []Link{b.link}, b.link.Own)
	return b
}

// send carries a packet to all, its sender as well, or to the one it is for.
func (l *lan) send(from *box, p packet) {
	if p.peer.IsValid() {
		l.told = append(l.told, p)
		return
	}
	l.heard, l.at = append(l.heard, p), append(l.at, l.now)
	wire, err := p.message.Pack()
	if err != nil {
		l.t.Fatalf("%v\n%v", err, p.message)
	}
	for _, b := range l.boxes {
		m, err := parse(wire)
		if err != nil {
			l.t.Fatal(err)
		}
		if !b.off && b != from {
			b.receive(l.now, packet{link: b.link.key(), peer: netip.AddrPortFrom(from.addr, port), message: m})
		}
	}
}

// echo has the machines hear what they said themselves, too, as they do in life.
func (l *lan) echo(b *box, p packet) {
	p.peer = netip.AddrPortFrom(b.addr, port)
	b.receive(l.now, p)
}

// run lets time pass.
func (l *lan) run(d time.Duration) {
	for end := l.now.Add(d); l.now.Before(end); l.now = l.now.Add(5 * time.Millisecond) {
		for _, b := range l.boxes {
			if !b.off {
				b.act(l.now)
			}
		}
	}
}

// ask has somebody ask box b, and gives what is said until a second later, in all and to the asker.
func (l *lan) ask(b *box, p packet) (all, own []*dns.Msg) {
	l.heard, l.told = nil, nil
	p.link = b.link.key()
	if !p.peer.IsValid() {
		p.peer = netip.MustParseAddrPort("192.168.1.99:5353")
	}
	b.receive(l.now, p)
	l.run(time.Second)
	for _, p := range l.heard {
		all = append(all, p.message)
	}
	for _, p := range l.told {
		own = append(own, p.message)
	}
	return all, own
}

func question(name string, kind uint16) *dns.Msg {
	m := new(dns.Msg)
	m.Question = []dns.Question{{Name: name, Qtype: kind, Qclass: dns.ClassINET}}
	return m
}

// outline is a message's answer and what comes with it, in short.
func outline(m *dns.Msg) string {
	var list []string
	for i, section := range [][]dns.RR{m.Answer, m.Extra} {
		for _, r := range section {
			data := strings.TrimPrefix(r.String(), r.Header().String())
			text := fmt.Sprintf("%s %s %s", r.Header().Name, dns.TypeToString[r.Header().Rrtype], data)
			if r.Header().Class&flushBit != 0 {
				text += " !"
			}
			list = append(list, strings.Repeat("+", i)+text)
		}
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}
