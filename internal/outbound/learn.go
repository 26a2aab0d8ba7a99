package outbound

import (
	"context"
	"errors"
	"strings"

	"buzon/internal/message"
)

// learn takes in how an Open went and, for WayAuto, looks anew at the line after a run of hard failures.
func (s *Sender) learn(ctx context.Context, way Way, domain string, err error) {
	if err == nil {
		s.line.opened(way)
		return
	}
	told := failure("", err)
	switch {
	case told.Permanent() || errors.Is(ctx.Err(), context.Canceled): // the domain's fault, or we stopped
	case told.refused && way == WayDirect:
		s.turnedAway(ctx, domain)
	case way == WayRelay, told.Reply.Enhanced == [3]int{4, 4, 1}: // X.4.1: no answer from the host
		if s.line.unreachable(way, domain, s.now()) && s.isAuto() {
			s.chooseAnew(context.WithoutCancel(ctx))
		}
	}
}

// learnReplies takes in what a domain's own server said to a message. On many home lines the connection is made, and then
// every recipient is refused because of the address that it came from.
func (s *Sender) learnReplies(ctx context.Context, domain string, replies []message.Reply) {
	for _, r := range replies {
		switch {
		case r.Code/100 == 2:
			s.line.accepted()
			return
		case aboutOurLine(r):
			s.turnedAway(ctx, domain)
			return
		}
	}
}

// turnedAway counts a domain that wants nothing from this line. After a run of them the relay is the way, if there is one.
func (s *Sender) turnedAway(ctx context.Context, domain string) {
	before, errBefore := s.Way(ctx)
	if !s.line.turnedAway(domain, s.now()) || !s.isAuto() {
		return
	}
	after, err := s.Way(ctx)
	if err := errors.Join(errBefore, err); err != nil {
		s.log().Error("the way out was not found out", "err", err)
		return
	}
	s.tellChoice(ctx, before, after)
}

// tellChoice tells the caller when the way changed.
func (s *Sender) tellChoice(ctx context.Context, before, after Choice) {
	if before == after {
		return
	}
	s.log().Warn("mail takes another way", "before", string(before.Way), "now", string(after.Way), "why", after.Key)
	if s.Chosen != nil {
		s.Chosen(ctx, after)
	}
}

// blockWords are what large receivers and block lists write when it is the address, not the mail, that they refuse.
func blockWords() []string {
	return []string{"spamhaus", "/pbl", "block list", "blocklist", "blacklist", "dynamic ip", "dynamic address", "residential",
		"dnsbl", "rbl", "ptr record", "reverse dns", "banned sending ip", "client host rejected"}
}

// aboutOurLine tells whether a refusal is about where the mail came from. RFC 7372 §3.3: X.7.25 is our missing reverse DNS.
func aboutOurLine(r message.Reply) bool {
	if r.Code/100 != 5 || r.Enhanced[1] != 7 {
		return false
	}
	text := strings.ToLower(r.Text)
	for _, words := range blockWords() {
		if strings.Contains(text, words) {
			return true
		}
	}
	return r.Enhanced[2] == 25
}
