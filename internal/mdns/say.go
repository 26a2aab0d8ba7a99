package mdns

import (
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"
)

const (
	sayEvery    = time.Second            // RFC 6762 §6: no record is told to all more often, on one link
	defendEvery = 250 * time.Millisecond // but to somebody who probes for it

	// RFC 6762 §6: what others answer, too, they do not all answer at once. §7.2: who cannot tell all that he knows in one
	// packet gets time for the next.
	sharedLeast, sharedMost = 20 * time.Millisecond, 120 * time.Millisecond
	moreLeast, moreMost     = 400 * time.Millisecond, 500 * time.Millisecond

	maxLate = 8 // answers that wait on one link; there are no more askers in a home at the same time

	// Answers to single askers, on one link: a burst, and so many a second.
	mostSpent  = 40
	spentAgain = time.Second / 20
)

// late is an answer that waits.
type late struct {
	due    time.Time
	answer kinds
	asker  netip.AddrPort // who may still say what he knows; zero if nobody
}

// sayLater keeps an answer for its time; where there are too many the asker asks again.
func (l *link) sayLater(a late) {
	if len(l.late) < maxLate {
		l.late = append(l.late, a)
	}
}

// sayLate gives the answers that are due, in one.
func (h *host) sayLate(now time.Time, l *link) {
	var answer kinds
	l.late = slices.DeleteFunc(l.late, func(a late) bool {
		if a.due.After(now) {
			return false
		}
		answer |= a.answer
		return true
	})
	h.say(now, l, answer, sayEvery)
}

// say tells all on the link, but for what they heard a moment ago.
func (h *host) say(now time.Time, l *link, answer kinds, every time.Duration) {
	for i := range everyKind {
		if now.Sub(l.said[i]) < every {
			answer &^= 1 << i
		}
	}
	if answer == 0 {
		return
	}
	also := answer.next(l.Told)
	l.said = saidNow(l.said, answer|also, now)
	h.send(packet{link: l.key(), message: h.told(l, answer, also)})
}

func saidNow(said [everyKind]time.Time, k kinds, now time.Time) [everyKind]time.Time {
	for i := range said {
		if k&(1<<i) != 0 {
			said[i] = now
		}
	}
	return said
}

// fresh tells whether all have heard of it within a quarter of its time; if not they hear of it now (RFC 6762 §5.4).
func (l *link) fresh(k kinds, now time.Time) bool {
	for i := range everyKind {
		if k&(1<<i) != 0 && now.Sub(l.said[i]) > hostTTL/4*time.Second {
			return false
		}
	}
	return true
}

// told is the packet that tells all.
func (h *host) told(l *link, answer, also kinds) *dns.Msg {
	m := new(dns.Msg)
	m.Response, m.Authoritative = true, true // RFC 6762 §18.4
	m.Compress = true
	m.Answer = h.flushing(l, answer)
	m.Extra = h.flushing(l, also)
	return m
}

// flushing is records that put an end to what was known before, but for the shared ones.
func (h *host) flushing(l *link, k kinds) []dns.RR {
	list := h.names.records(k&^shared, l.Told, h.port)
	for _, r := range list {
		r.Header().Class |= flushBit
	}
	return append(list, h.names.records(k&shared, l.Told, h.port)...)
}

// sayPrivately answers a single asker.
func (h *host) sayPrivately(now time.Time, l *link, to netip.AddrPort, answer kinds) {
	if l.spend(now) {
		h.send(packet{link: l.key(), peer: to, private: true, message: h.told(l, answer, answer.next(l.Told))})
	}
}

// answerLegacy answers as a DNS server would (RFC 6762 §6.7): the asker knows no more than that.
func (h *host) answerLegacy(now time.Time, l *link, p packet) {
	answer, _ := h.want(l, p.message.Question[:1])
	if answer == 0 || !l.holds(p.peer.Addr()) || !l.spend(now) {
		return
	}
	m := new(dns.Msg)
	m.SetReply(p.message)
	m.Question[0].Qclass &^= quickBit
	m.Authoritative, m.RecursionDesired, m.Compress = true, false, true
	m.Answer = h.names.records(answer&^(noMore|noMorePage), l.Told, h.port) // no answer says there that there is none
	m.Extra = h.names.records(answer.next(l.Told), l.Told, h.port)
	for _, r := range slices.Concat(m.Answer, m.Extra) {
		r.Header().Ttl = min(r.Header().Ttl, legacyTTL)
	}
	h.send(packet{link: p.link, peer: p.peer, private: true, message: m})
}

// spent is a bucket that fills with time.
type spent struct {
	n  int
	at time.Time
}

// spend takes an answer to a single asker out of it; there are none where somebody asks without end.
func (l *link) spend(now time.Time) bool {
	if again := int(now.Sub(l.spent.at) / spentAgain); again > 0 {
		l.spent.n, l.spent.at = max(0, l.spent.n-again), now
	}
	if l.spent.n >= mostSpent {
		return false
	}
	l.spent.n++
	return true
}
