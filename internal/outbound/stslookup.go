package outbound

import (
	"context"
	"errors"
	"fmt"
	"time"

	"buzon/internal/dns"
)

const (
	// A policy that could not be fetched is not asked for again before this (RFC 8461 §3.3 wants five minutes or more).
	fetchPause = 10 * time.Minute
	// A policy in use is fetched again after a day even though its id is the same, so that an attacker who can suppress
	// the TXT record cannot let it run out (RFC 8461 §10.2).
	fetchAnew = 24 * time.Hour
)

// stsState is what is known of a domain's policy for one attempt.
type stsState struct {
	policy STSPolicy
	found  bool
	// The failure that the domain wants to hear of (RFC 8460 §4.3.2.2); "" none. Mail flows all the same.
	failure, detail string
}

// lookupSTS finds the policy that binds mail to the domain (RFC 8461 §5.1). Only the context's end is an error: a policy
// that cannot be had is one that does not bind, unless an older one is still kept.
func (s *Sender) lookupSTS(ctx context.Context, domain string) (stsState, error) {
	kept, found, err := s.keptSTS(ctx, domain)
	if err != nil {
		return stsState{}, err
	}
	id, published := s.publishedSTS(ctx, domain)
	if err := ctx.Err(); err != nil {
		return stsState{}, err
	}
	now := s.now()
	switch {
	case !published && !found:
		return stsState{}, nil
	case !published, found && kept.ID == id && now.Sub(kept.Fetched) < fetchAnew, s.unfetch.within(domain, now, fetchPause):
		return stsState{policy: kept, found: found}, nil
	}
	p, err := s.fetchSTS(ctx, domain, id)
	if err != nil {
		s.unfetch.note(domain, now)
		s.log().Warn("MTA-STS policy not fetched", "domain", domain, "err", err)
		return stsState{policy: kept, found: found, failure: stsFailure(err), detail: err.Error()}, ctx.Err()
	}
	return stsState{policy: p, found: true}, nil
}

// keptSTS is the policy fetched before, if it has not run out.
func (s *Sender) keptSTS(ctx context.Context, domain string) (STSPolicy, bool, error) {
	if s.Policies.Get == nil {
		return STSPolicy{}, false, nil
	}
	p, found, err := s.Policies.Get(ctx, domain)
	if err != nil {
		return STSPolicy{}, false, fmt.Errorf("MTA-STS policy kept for %s: %w", domain, err)
	}
	return p, found && p.fresh(s.now()), nil
}

// publishedSTS asks the DNS for the id of the current policy. RFC 8461 §3.1: no record, a broken one and no answer are the
// same to who holds no policy.
func (s *Sender) publishedSTS(ctx context.Context, domain string) (string, bool) {
	answer, err := s.Resolver.TXT(ctx, "_mta-sts."+domain)
	if err != nil {
		if !errors.Is(err, dns.ErrNotFound) {
			s.log().Info("MTA-STS record not found out", "domain", domain, "err", err)
		}
		return "", false
	}
	return STSID(answer.Records)
}

func (s *Sender) fetchSTS(ctx context.Context, domain, id string) (STSPolicy, error) {
	fetch := s.Fetch
	if fetch == nil {
		fetch = s.fetchHTTPS
	}
	ctx, cancel := context.WithTimeout(ctx, or(s.Timeouts.Fetch, 30*time.Second))
	defer cancel()
	text, err := fetch(ctx, "https://mta-sts."+domain+"/.well-known/mta-sts.txt") // RFC 8461 §3.3
	if err != nil {
		return STSPolicy{}, err
	}
	p, err := ParseSTSPolicy(text)
	if err != nil {
		return STSPolicy{}, err
	}
	p.Domain, p.ID, p.Fetched = domain, id, s.now()
	if s.Policies.Keep != nil {
		if err := s.Policies.Keep(ctx, p); err != nil { // it binds this attempt all the same
			s.log().Error("MTA-STS policy not kept", "domain", domain, "err", err)
		}
	}
	return p, nil
}
