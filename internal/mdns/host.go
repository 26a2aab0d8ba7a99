package mdns

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/miekg/dns"
)

// packet is a datagram: one that came, or one to send.
type packet struct {
	link    key
	peer    netip.AddrPort // who sent it, or is to have it; to send, zero is everybody on the link
	private bool           // it came to us alone
	message *dns.Msg
}

// port is where the packets for all on a link go, and who asks from there speaks Multicast DNS (RFC 6762 §3).
const port = 5353

// host is a name on links, and what is still to be said of it.
type host struct {
	wanted  string // a label
	try     int    // 2: wanted-2
	names   names
	port    int // of the page
	send    func(packet)
	renamed func(label string)
	chance  func(most time.Duration) time.Duration // a random time below it

	links     map[key]*link
	own       []netip.Addr // all addresses of the machine
	conflicts []time.Time  // the latest
}

func newHost(label string, port int, send func(packet)) *host {
	return &host{
		wanted: label, try: 1, names: namesOf(label), port: port, send: send,
		renamed: func(string) {},
		chance:  func(most time.Duration) time.Duration { return rand.N(most) },
		links:   make(map[key]*link),
	}
}

// link is what the host is doing on one.
type link struct {
	Link
	phase phase
	left  int       // of the packets of this phase
	next  time.Time // of them
	said  [everyKind]time.Time
	late  []late // answers that wait
	spent spent
}

// setLinks tells where the host is. On a new link it probes; where it has other addresses than before it says so, and
// neighbours forget the old ones; on one that is gone there is nobody to tell.
func (h *host) setLinks(now time.Time, links []Link, own []netip.Addr) {
	h.own = own
	there := make(map[key]bool)
	for _, l := range links {
		there[l.key()] = true
		have := h.links[l.key()]
		switch {
		case have == nil:
			have = &link{Link: l}
			h.links[l.key()] = have
			have.probe(now.Add(h.chance(probeEvery))) // RFC 6762 §8.1: not all at once after the power was out
		case !have.same(l):
			have.Link = l
			if have.phase != probing {
				have.announce(now)
			}
		}
	}
	for k := range h.links {
		if !there[k] {
			delete(h.links, k)
		}
	}
}

// act does what is due, and tells when it wants to be called again.
func (h *host) act(now time.Time) (next time.Time) {
	next = now.Add(time.Hour)
	for _, l := range h.links {
		for l.phase != settled && !l.next.After(now) {
			h.step(now, l)
		}
		h.sayLate(now, l)
		if l.phase != settled && l.next.Before(next) {
			next = l.next
		}
		for _, a := range l.late {
			if a.due.Before(next) {
				next = a.due
			}
		}
	}
	return next
}

// receive hears a packet.
func (h *host) receive(now time.Time, p packet) {
	l := h.links[p.link]
	// RFC 6762 §18.3, §18.11: of another opcode or rcode it is not for us. §11: nor if it came from outside of the link.
	if l == nil || p.message.Opcode != dns.OpcodeQuery || p.message.Rcode != dns.RcodeSuccess || p.private && !l.holds(p.peer.Addr()) {
		return
	}
	switch {
	case !p.message.Response:
		h.hearQuestion(now, l, p)
	case p.peer.Port() == port: // RFC 6762 §6: others are forged
		h.hearAnswer(now, p.message)
	}
}

// ours tells whether an address is one of this box: what came from it, or tells of it, is an echo of us, or somebody else
// who answers for this machine.
func (h *host) ours(a netip.Addr) bool {
	return slices.Contains(h.own, a.Unmap().WithZone(""))
}

// goodbye tells all to forget us (RFC 6762 §10.1).
func (h *host) goodbye() {
	for _, l := range h.links {
		if l.phase == probing {
			continue // nobody knows us
		}
		m := h.told(l, announced, 0)
		for _, r := range m.Answer {
			r.Header().Ttl = 0
		}
		h.send(packet{link: l.key(), message: m})
	}
}

const maxLabel = 63 // octets (RFC 1035 §2.3.4)

// label is what the host is called now.
func (h *host) label() string {
	if h.try == 1 {
		return h.wanted
	}
	end := "-" + strconv.Itoa(h.try)
	return h.wanted[:min(len(h.wanted), maxLabel-len(end))] + end
}
