package mdns

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// phase is how far a name is on a link (RFC 6762 §8).
type phase int

const (
	probing    phase = iota // is it somebody else's?
	announcing              // it is ours; old answers are wrong
	settled
)

const (
	probeEvery    = 250 * time.Millisecond // RFC 6762 §8.1
	probes        = 3
	announceEvery = time.Second // §8.3
	announcements = 2
	yieldTime     = time.Second // §8.2: who lost against a probe begins again, and finds the other answering, or gone
)

func (l *link) probe(at time.Time)    { l.phase, l.left, l.next = probing, probes, at }
func (l *link) announce(at time.Time) { l.phase, l.left, l.next = announcing, announcements, at }

// step sends the next packet of a phase, and goes on to the next phase after the last.
func (h *host) step(now time.Time, l *link) {
	switch {
	case l.phase == probing && l.left > 0:
		l.left--
		l.next = now.Add(probeEvery)
		h.send(packet{link: l.key(), message: h.question(l)})
	case l.phase == probing:
		l.announce(now)
	default:
		l.said = saidNow(l.said, announced, now)
		l.left--
		if l.next = now.Add(announceEvery); l.left == 0 {
			l.phase = settled
		}
		h.send(packet{link: l.key(), message: h.told(l, announced, 0)})
	}
}

// question asks whether somebody has our names, and shows what we would say of them. The answer is wanted by all: a private
// one might go to somebody else on this machine who listens on the same port (RFC 6762 §15.1).
func (h *host) question(l *link) *dns.Msg {
	m := new(dns.Msg)
	for _, name := range []string{h.names.host, h.names.page} {
		m.Question = append(m.Question, dns.Question{Name: name, Qtype: dns.TypeANY, Qclass: dns.ClassINET})
	}
	m.Ns = h.names.records(claimed, l.Told, h.port)
	return m
}

// hearProbe settles who of two that probe at the same time has the name: whose records sort last (RFC 6762 §8.2).
func (h *host) hearProbe(now time.Time, l *link, m *dns.Msg) {
	mine := h.names.records(claimed, l.Told, h.port)
	for _, name := range []string{h.names.host, h.names.page} {
		theirs := of(m.Ns, name)
		if len(theirs) > 0 && compare(of(mine, name), theirs) < 0 {
			l.probe(now.Add(yieldTime))
			return
		}
	}
}

// of is the records of a name.
func of(list []dns.RR, name string) (found []dns.RR) {
	for _, r := range list {
		if strings.EqualFold(r.Header().Name, name) {
			found = append(found, r)
		}
	}
	return found
}

// compare sorts two sets of records, and tells which comes later; 0 if they are the same.
func compare(a, b []dns.RR) int {
	order := func(r, s dns.RR) int {
		c, d := r.Header(), s.Header()
		if class := int(c.Class&^flushBit) - int(d.Class&^flushBit); class != 0 {
			return class
		}
		if kind := int(c.Rrtype) - int(d.Rrtype); kind != 0 {
			return kind
		}
		return bytes.Compare(data(r), data(s))
	}
	slices.SortFunc(a, order)
	slices.SortFunc(b, order)
	return slices.CompareFunc(a, b, order)
}

// hearAnswer looks whether somebody else has a name of ours.
func (h *host) hearAnswer(now time.Time, m *dns.Msg) {
	for _, section := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
		if slices.ContainsFunc(section, h.contradicts) {
			h.conflict(now)
			return
		}
	}
}

// contradicts tells whether a record says of a name of ours what we do not say (RFC 6762 §9).
func (h *host) contradicts(r dns.RR) bool {
	head := r.Header()
	host := strings.EqualFold(head.Name, h.names.host)
	if !host && !strings.EqualFold(head.Name, h.names.page) || head.Class&^flushBit != dns.ClassINET || head.Ttl == 0 {
		return false
	}
	switch r := r.(type) {
	case *dns.A:
		return !host || !h.ours(addrOf(r.A))
	case *dns.AAAA:
		return !host || !h.ours(addrOf(r.AAAA))
	case *dns.SRV:
		return host || int(r.Port) != h.port || !strings.EqualFold(r.Target, h.names.host)
	case *dns.TXT:
		return host || !slices.Equal(r.Txt, []string{"path=/"})
	}
	return false // what else there is of a name does not say whose it is: NSEC, HINFO
}

// conflict begins again: with the same name where we had it, since the other may give way, and with the next where we only
// asked for it.
func (h *host) conflict(now time.Time) {
	asking := false
	for _, l := range h.links {
		asking = asking || l.phase == probing
	}
	if asking {
		h.goodbye() // on the links where the name was ours
		h.try++
		h.names = namesOf(h.label())
		h.renamed(h.label())
	}
	at := now.Add(h.afterConflict(now))
	for _, l := range h.links {
		l.probe(at.Add(h.chance(probeEvery)))
		l.late = nil
	}
}

const (
	manyConflicts = 15 // RFC 6762 §8.1: within manyTime there is something wrong on the link, or somebody does it for fun
	manyTime      = 10 * time.Second
	manyWait      = 5 * time.Second
)

// afterConflict is how long to wait before the next probe.
func (h *host) afterConflict(now time.Time) time.Duration {
	h.conflicts = append(h.conflicts, now)
	if len(h.conflicts) < manyConflicts {
		return 0
	}
	h.conflicts = h.conflicts[len(h.conflicts)-manyConflicts:]
	if now.Sub(h.conflicts[0]) < manyTime+manyConflicts*manyWait {
		return manyWait
	}
	return 0
}
