package outbound

import (
	"context"
	"time"

	"buzon/internal/message"
)

// All hosts and addresses together. RFC 5321 §4.5.3.2.1 lets one of them alone think for five minutes.
const openTimeout = 10 * time.Minute

// The owner's to mend, so mail waits.
var (
	errNoRelay = &message.Reply{Code: 451, Enhanced: [3]int{4, 3, 5}, Text: "Mail is to leave by a relay, but none is set"}
	errNoWay   = &message.Reply{Code: 451, Enhanced: [3]int{4, 4, 1},
		Text: "This line does not let mail out (port 25 is blocked), and no relay is set"}
)

// Open connects to whoever takes mail for the domain, which may be an address literal. It follows the settings, the relays
// in their order, the domain's servers and its policies. Every error is an *Error with the reply for the sender.
func (s *Sender) Open(ctx context.Context, domain string) (*Session, error) {
	ctx, cancel := context.WithTimeout(ctx, or(s.Timeouts.Open, openTimeout))
	defer cancel()
	x, err := s.open(ctx, domain)
	if err != nil {
		return nil, failure("", err)
	}
	return x, nil
}

func (s *Sender) open(ctx context.Context, domain string) (*Session, error) {
	way, relays, err := s.way(ctx, domain)
	if err != nil {
		return nil, err
	}
	var x *Session
	switch way {
	case WayRelay:
		x, err = s.openRelays(ctx, relays)
	case WayNone:
		err = errNoWay
	default:
		x, err = s.openDirect(ctx, domain)
	}
	s.learn(ctx, way, domain, err)
	return x, err
}

// way decides how mail for the domain leaves. Relays set for the domain alone are used whatever the settings say.
func (s *Sender) way(ctx context.Context, domain string) (Way, []Relay, error) {
	relays, own, err := s.relaysFor(ctx, domain)
	if err != nil {
		return "", nil, err
	}
	way := s.settings().Way
	switch {
	case own:
		return WayRelay, relays, nil
	case way == WayDirect:
		return WayDirect, nil, nil
	case way == WayRelay && len(relays) == 0:
		return "", nil, errNoRelay
	case way == WayRelay:
		return WayRelay, relays, nil
	}
	return s.autoWay(ctx, len(relays) > 0), relays, nil
}

// Route tells who shares the fate of mail for the domain. It asks nobody but the settings and the last choice.
func (s *Sender) Route(ctx context.Context, domain string) Route {
	relays, own, err := s.relaysFor(ctx, domain)
	if err != nil {
		s.log().Error("relays not read", "err", err) // Open will say so to the mail
	}
	way := s.settings().Way
	if own || len(relays) > 0 && (way == WayRelay || way != WayDirect && s.line.way(true) == WayRelay) {
		return Route{Key: relays[0].key(), Relay: true, Connections: orNumber(s.settings().RelayConnections, 4)}
	}
	return Route{Key: domain, Connections: orNumber(s.settings().PerDomain, 1)}
}

func orNumber(n, usual int) int {
	if n > 0 {
		return n
	}
	return usual
}

func (s *Sender) isAuto() bool {
	way := s.settings().Way
	return way == WayAuto || way == ""
}
