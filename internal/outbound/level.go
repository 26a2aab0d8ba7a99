package outbound

import (
	"context"
	"time"

	"buzon/internal/message"
)

// TLSLevel is how safe a way was, the safer the higher.
type TLSLevel uint8

// The levels.
const (
	NoTLS      TLSLevel = iota // plain text
	Unverified                 // encrypted, but who is at the other end was not proved
	Verified                   // a certificate that the web's authorities vouch for, and the right name on it (PKIX)
	STS                        // the same, and the name is one that the domain's MTA-STS policy allows
	DANE                       // a certificate that the domain's signed DNS names
)

func (l TLSLevel) String() string {
	switch l {
	case NoTLS:
		return "plain text"
	case Unverified:
		return "unverified"
	case Verified:
		return "verified"
	case STS:
		return "MTA-STS"
	}
	return "DANE"
}

const (
	// For this long a domain that had TLS is expected to have it. Beyond, it may have been set up anew.
	levelKept = 30 * 24 * time.Hour
	// For this long mail waits instead of going in plain text where it used to be encrypted. An attack on the line rarely
	// lasts so long, and the queue (5 days) must still be able to deliver.
	downgradeHeld = 3 * 24 * time.Hour
)

var errDowngrade = &message.Reply{Code: 451, Enhanced: [3]int{4, 7, 5},
	Text: "The server offers no encryption today, although it did before; waiting in case somebody is tampering with the line"}

// mayBePlain tells whether mail for the domain may go unencrypted now. It is the reply to give when it may not.
func (s *Sender) mayBePlain(ctx context.Context, domain, host string) error {
	if s.Levels.Get == nil {
		return nil
	}
	level, seen, err := s.Levels.Get(ctx, domain)
	if err != nil {
		return err
	}
	now := s.now()
	if level == NoTLS || now.Sub(seen) >= levelKept {
		return nil
	}
	since, err := s.lostSince(ctx, domain, seen, now)
	if err != nil {
		return err
	}
	log := s.log().With("domain", domain, "mx", host, "level", level.String(), "since", since)
	if now.Sub(since) < downgradeHeld {
		log.Warn("held back: no TLS where there was")
		return errDowngrade
	}
	log.Warn("sending in plain text, although there was TLS")
	return nil
}

// lostSince is when TLS was first missed after it was last seen.
func (s *Sender) lostSince(ctx context.Context, domain string, seen, now time.Time) (time.Time, error) {
	if s.Levels.Lost == nil || s.Levels.KeepLost == nil {
		return s.lost.since(domain, seen, now), nil
	}
	since, found, err := s.Levels.Lost(ctx, domain)
	if err != nil || found && since.After(seen) {
		return since, err
	}
	return now, s.Levels.KeepLost(ctx, domain, now)
}

// keepLevel remembers what a connection to the domain was like. That it cannot be remembered is no reason to hold mail up.
func (s *Sender) keepLevel(ctx context.Context, domain string, level TLSLevel) {
	if s.Levels.Keep == nil {
		return
	}
	if s.Levels.Get != nil {
		before, seen, err := s.Levels.Get(ctx, domain)
		if err == nil && before > level && level != NoTLS && s.now().Sub(seen) < levelKept {
			s.log().Warn("TLS is weaker than before", "domain", domain, "before", before.String(), "now", level.String())
		}
		if err == nil && before == NoTLS && level == NoTLS {
			return
		}
	}
	if err := s.Levels.Keep(ctx, domain, level); err != nil {
		s.log().Error("the level of TLS was not kept", "domain", domain, "err", err)
	}
}
