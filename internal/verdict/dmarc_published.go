package verdict

import (
	"context"

	"buzon/internal/dns"
)

// DMARCPublished is the policy that governs a domain, as others see it.
type DMARCPublished struct {
	Record  Record
	Source  string // whose record it is: the domain or its organizational domain, A-labels; "" there is none that counts
	Several bool   // there was more than one record at a name: none of them counts (RFC 7489 §6.6.3)
}

// LookupDMARC finds the policy of a domain. An error says that DNS did not answer.
func LookupDMARC(ctx context.Context, r dns.Resolver, domain string) (DMARCPublished, error) {
	a := findPolicy(ctx, r, asciiDomain(domain))
	return DMARCPublished{Record: a.record, Source: a.source, Several: a.several}, a.err
}
