package outbound

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"buzon/internal/dns"
	"buzon/internal/message"
)

// maxHosts of one domain are tried in one attempt. RFC 5321 §5.1 lets a limit be set; two are the least.
const maxHosts = 10

// What the DNS says of a domain that takes no mail, and of itself.
var (
	errNullMX   = &message.Reply{Code: 556, Enhanced: [3]int{5, 1, 10}, Text: "The domain declares that it takes no mail"} // RFC 7505 §3
	errNoDomain = &message.Reply{Code: 550, Enhanced: [3]int{5, 1, 2}, Text: "There is no such domain"}
	errNoMail   = &message.Reply{Code: 550, Enhanced: [3]int{5, 1, 2}, Text: "The domain has no server that takes mail"}
	errBadName  = &message.Reply{Code: 550, Enhanced: [3]int{5, 1, 2}, Text: "The domain is not one that can exist"}
	errDNS      = &message.Reply{Code: 451, Enhanced: [3]int{4, 4, 3}, Text: "The DNS did not answer"}
	errLoop     = &message.Reply{Code: 554, Enhanced: [3]int{5, 4, 6}, // RFC 5321 §5.1
		Text: "The domain's mail would come back to this server, which does not know the domain"}
)

// mxList is where a domain's mail may go, in the order of trying.
type mxList struct {
	hosts     []string // A-labels, lower case
	authentic bool     // DNSSEC vouches for the list
}

// lookupMX follows RFC 5321 §5.1. Its errors are replies.
func (s *Sender) lookupMX(ctx context.Context, domain string) (mxList, error) {
	answer, err := s.Resolver.MX(ctx, domain)
	switch {
	case errors.Is(err, dns.ErrNoDomain):
		return mxList{}, errNoDomain
	case errors.Is(err, dns.ErrNotFound):
		// The domain itself, as if by an MX of preference 0. Its denial is as good as an answer (RFC 7672 §2.2.1).
		return mxList{hosts: []string{domain}, authentic: answer.Authentic}, nil
	case errors.Is(err, dns.ErrName):
		return mxList{}, errBadName
	case err != nil:
		return mxList{}, explain(errDNS, err)
	}
	if isNullMX(answer.Records) {
		return mxList{}, errNullMX
	}
	hosts, err := s.order(ctx, answer.Records)
	return mxList{hosts: hosts, authentic: answer.Authentic}, err
}

// isNullMX: RFC 7505 §3 wants one record alone; beside others an empty host means nothing.
func isNullMX(records []dns.MX) bool {
	return len(records) == 1 && records[0].Host == ""
}

// order sorts by preference, those of equal preference at random, and leaves out our own name and all that is not better:
// RFC 5321 §5.1, or mail would go round in circles.
func (s *Sender) order(ctx context.Context, records []dns.MX) ([]string, error) {
	records = slices.Clone(records)
	shuffle := s.Shuffle
	if shuffle == nil {
		shuffle = rand.Shuffle
	}
	shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	slices.SortStableFunc(records, func(a, b dns.MX) int { return int(a.Preference) - int(b.Preference) })
	us := s.hello(ctx)
	if i := slices.IndexFunc(records, func(r dns.MX) bool { return r.Host != "" && r.Host == us }); i >= 0 {
		records = nearerThan(records, records[i].Preference)
		if len(records) == 0 {
			return nil, errLoop
		}
	}
	var hosts []string
	for _, r := range records {
		if r.Host != "" && !slices.Contains(hosts, r.Host) && len(hosts) < maxHosts {
			hosts = append(hosts, r.Host)
		}
	}
	if len(hosts) == 0 {
		return nil, errNoMail
	}
	return hosts, nil
}

// nearerThan drops what is as far away as we are, or farther.
func nearerThan(records []dns.MX, ours uint16) []dns.MX {
	return slices.DeleteFunc(records, func(r dns.MX) bool { return r.Preference >= ours })
}

// hello is our name in the form of the DNS, to find ourselves in a list.
func (s *Sender) hello(ctx context.Context) string {
	name, err := asciiName(s.helloName(ctx))
	if err != nil {
		return "" // an address literal
	}
	return name
}

// helloName is what EHLO says.
func (s *Sender) helloName(ctx context.Context) string {
	if s.Hello != nil {
		if name := s.Hello(ctx); name != "" {
			return name
		}
	}
	return hostName()
}
