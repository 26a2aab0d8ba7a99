package mdns

import (
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// hearQuestion answers.
func (h *host) hearQuestion(now time.Time, l *link, p packet) {
	if l.phase == probing {
		if !h.ours(p.peer.Addr()) { // not our own echo
			h.hearProbe(now, l, p.message)
		}
		return
	}
	if len(p.message.Question) == 0 {
		h.hearMore(now, l, p)
		return
	}
	if p.peer.Port() != port {
		h.answerLegacy(now, l, p)
		return
	}
	answer, quick := h.want(l, p.message.Question)
	answer &^= h.known(l, answer, p.message.Answer)
	switch {
	case answer == 0:
	case p.private, quick && l.fresh(answer, now):
		h.sayPrivately(now, l, p.peer, answer)
	case p.message.Truncated:
		l.sayLater(late{now.Add(moreLeast + h.chance(moreMost-moreLeast)), answer, p.peer})
	case answer&shared != 0:
		l.sayLater(late{due: now.Add(sharedLeast + h.chance(sharedMost-sharedLeast)), answer: answer})
	case len(p.message.Ns) > 0:
		h.say(now, l, answer, defendEvery)
	default:
		h.say(now, l, answer, sayEvery)
	}
}

// want is what questions ask for, and whether all of it may go to the asker alone.
func (h *host) want(l *link, questions []dns.Question) (answer kinds, quick bool) {
	quick = true
	for _, q := range questions {
		k := h.names.asked(q, l.Told)
		answer |= k
		quick = quick && (k == 0 || q.Qclass&quickBit != 0)
	}
	return answer, quick
}

// known is what of an answer an asker knows already, for at least half of its time (RFC 6762 §7.1).
func (h *host) known(l *link, answer kinds, list []dns.RR) (all kinds) {
	for k := kinds(1); k != 0 && len(list) > 0; k <<= 1 {
		mine := h.names.records(k&answer, l.Told, h.port)
		missing := func(r dns.RR) bool {
			return !slices.ContainsFunc(list, func(s dns.RR) bool { return tells(s, r) })
		}
		if len(mine) > 0 && !slices.ContainsFunc(mine, missing) {
			all |= k
		}
	}
	return all
}

// tells whether somebody's record s is ours, r, and will be for long.
func tells(s, r dns.RR) bool {
	a, b := s.Header(), r.Header()
	return a.Rrtype == b.Rrtype && strings.EqualFold(a.Name, b.Name) && a.Class&^flushBit == b.Class && a.Ttl >= b.Ttl/2 &&
		string(data(s)) == string(data(r))
}

// hearMore hears what else somebody knows whose question did not fit in with it.
func (h *host) hearMore(now time.Time, l *link, p packet) {
	for i, a := range l.late {
		if a.asker != p.peer {
			continue
		}
		l.late[i].answer &^= h.known(l, a.answer, p.message.Answer)
		if p.message.Truncated {
			l.late[i].due = now.Add(moreLeast + h.chance(moreMost-moreLeast))
		}
	}
}
