package verdict

import (
	"context"
	"errors"
	"sync"

	"buzon/internal/dns"
)

// author is one domain of From and the policy that governs it.
type author struct {
	domain  string // A-labels
	source  string // whose record it is: domain or its organizational domain; "" there is none
	record  Record
	missing bool  // no such name in DNS (RFC 9091 §2.7); asked only where it matters
	err     error // DNS did not answer
	several bool  // there was more than one record: it counts as none (RFC 7489 §6.6.3 (5))
}

// findPolicy finds the policy of a domain (RFC 7489 §6.6.3): its own record,
// else that of its organizational domain. Both are asked for at once.
func findPolicy(ctx context.Context, r dns.Resolver, domain string) author {
	a := author{domain: domain}
	org := orgDomain(domain)
	var own, above found
	var both sync.WaitGroup
	if org != domain {
		both.Go(func() { above = findRecord(ctx, r, org) })
	}
	own = findRecord(ctx, r, domain)
	both.Wait()
	switch {
	case own.err != nil:
		a.err = own.err
	case own.ok:
		a.source, a.record = domain, own.record
	case above.err != nil:
		a.err = above.err
	case above.ok:
		a.source, a.record = org, above.record
		if above.record.Missing != above.record.Subdomains {
			a.missing, a.err = isMissing(ctx, r, domain)
		}
	}
	a.several = own.several || above.several
	return a
}

// found is what one question for a record found.
type found struct {
	record      Record
	ok, several bool
	err         error
}

func findRecord(ctx context.Context, r dns.Resolver, domain string) (f found) {
	answer, err := r.TXT(ctx, "_dmarc."+domain)
	if errors.Is(err, dns.ErrTemporary) {
		f.err = err
		return f
	}
	n := 0
	for _, text := range answer.Records {
		if record, ok := parseRecord(text); ok {
			f.record = record
			n++
		}
	}
	f.ok, f.several = n == 1, n > 1
	return f
}

// isMissing tells that a name has neither address nor mail server (RFC 9091 §2.7).
func isMissing(ctx context.Context, r dns.Resolver, domain string) (bool, error) {
	var errMX, errAddress error
	var both sync.WaitGroup
	both.Go(func() { _, errMX = r.MX(ctx, domain) })
	_, errAddress = r.Addresses(ctx, domain)
	both.Wait()
	for _, err := range []error{errMX, errAddress} {
		if err == nil {
			return false, nil
		}
		if errors.Is(err, dns.ErrTemporary) {
			return false, err
		}
	}
	return true, nil
}
