package outbound

import (
	"bufio"
	"context"
	"io"
	"net/netip"
	"strings"
	"time"
)

// WellKnown are domains whose servers answer on port 25 to everybody who can reach them at all.
func WellKnown() []string {
	return []string{"gmail.com", "outlook.com", "yahoo.com", "icloud.com"}
}

// Choice is the way that mail takes and the sentence that says why: a key of package text, whose placeholder {relay} is
// Relay.
type Choice struct {
	Way   Way
	Key   string
	Relay string // HOST:PORT of the first relay; "" without
}

// Way tells the way that mail to everybody takes now, for the status. It asks nobody.
func (s *Sender) Way(ctx context.Context) (Choice, error) {
	relays, _, err := s.relaysFor(ctx, "")
	if err != nil {
		return Choice{}, err
	}
	relays = general(relays)
	c := Choice{}
	if len(relays) > 0 {
		c.Relay = relays[0].address()
	}
	switch way := s.settings().Way; {
	case way == WayDirect:
		c.Way, c.Key = WayDirect, "way_direct_set"
	case way == WayRelay && c.Relay == "":
		c.Way, c.Key = WayNone, "way_relay_missing"
	case way == WayRelay:
		c.Way, c.Key = WayRelay, "way_relay_set"
	default:
		c.Way, c.Key = s.line.choose(c.Relay != "")
	}
	return c, nil
}

// Choose looks whether port 25 is open and tells the way that follows. With WayAuto it is called at start; it takes up to
// Timeouts.Probe and the time of the DNS.
func (s *Sender) Choose(ctx context.Context) (Choice, error) {
	if s.isAuto() {
		s.line.set(s.probe(ctx), s.now())
	}
	return s.Way(ctx)
}

// autoWay is the way by what is known of the line. It looks first where nothing is known, and again after a while where
// nothing led out.
func (s *Sender) autoWay(ctx context.Context, relay bool) Way {
	if s.line.stale(relay, s.now()) {
		s.line.set(s.probe(ctx), s.now())
	}
	way, _ := s.line.choose(relay)
	return way
}

// chooseAnew looks again and tells the caller when the way changed.
func (s *Sender) chooseAnew(ctx context.Context) {
	before, errBefore := s.Way(ctx)
	after, err := s.Choose(ctx)
	if errBefore != nil || err != nil {
		s.log().Error("the way out was not chosen anew", "err", err)
		return
	}
	s.tellChoice(ctx, before, after)
}

// port25 is what a probe found.
type port25 uint8

const (
	portUnknown port25 = iota // the DNS did not answer either: no network, which says nothing about the port
	portOpen
	portShut
)

// probe asks servers of the well-known domains side by side. One greeting proves the port open.
func (s *Sender) probe(ctx context.Context) port25 {
	domains := s.Probes
	if domains == nil {
		domains = WellKnown()
	}
	ctx, cancel := context.WithTimeout(ctx, or(s.Timeouts.Probe, 10*time.Second))
	defer cancel()
	found := make(chan port25, len(domains))
	for _, domain := range domains {
		go func() { found <- s.probeDomain(ctx, domain) }()
	}
	best := portUnknown
	for range domains {
		switch <-found {
		case portOpen:
			return portOpen // cancel ends the others
		case portShut:
			best = portShut
		}
	}
	return best
}

func (s *Sender) probeDomain(ctx context.Context, domain string) port25 {
	list, err := s.lookupMX(ctx, domain)
	if err != nil {
		return portUnknown
	}
	state := portUnknown
	for _, host := range list.hosts[:min(2, len(list.hosts))] {
		answer, err := s.Resolver.Addresses(ctx, host)
		if err != nil {
			continue
		}
		for _, addr := range spread(answer.Records, 2) {
			if s.greets(ctx, addr) {
				return portOpen
			}
			state = portShut
		}
	}
	return state
}

// Port25 looks whether servers of the world can be reached on port 25, whatever the settings say. known is false where
// there is no network to tell by. Nothing is remembered of it.
func (s *Sender) Port25(ctx context.Context) (open, known bool) {
	found := s.probe(ctx)
	return found == portOpen, found != portUnknown
}

// greets tells whether an SMTP server says hello at the address. It says goodbye without having wanted anything.
func (s *Sender) greets(ctx context.Context, addr netip.Addr) bool {
	ctx, cancel := context.WithTimeout(ctx, or(s.Timeouts.Probe, 10*time.Second)/2) // two addresses must fit
	defer cancel()
	conn, err := s.connect(ctx, addr, "25")
	if err != nil {
		return false
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	line, err := bufio.NewReader(io.LimitReader(conn, 512)).ReadString('\n') // RFC 5321 §4.5.3.1.5
	if err != nil || !strings.HasPrefix(line, "220") {
		return false
	}
	_, err = io.WriteString(conn, "QUIT\r\n")
	return err == nil
}
