package verdict

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"buzon/internal/dns"
	"buzon/internal/message"
)

// CheckSPF judges mail that would come from client, with from as its reverse-path and helo as the name in EHLO.
func CheckSPF(ctx context.Context, r dns.Resolver, client netip.Addr, helo string, from message.Address) SPF {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return checkSPF(ctx, Mail{Helo: helo, Resolver: r}, client, from)
}

// SPFRecord is what a domain publishes for SPF, looked at as a whole.
type SPFRecord struct {
	Text     string   // of the first record; "" there is none
	Records  int      // more than one is an error (RFC 7208 §4.5)
	Lookups  int      // questions to DNS that a receiver may have to ask, counted up to maxLookups + 1
	Includes []string // domains of include and redirect, at whatever depth, A-labels
	Fault    error    // of the grammar, of whichever record
}

// MaxSPFLookups is how many questions a record may cost; more is an error (RFC 7208 §4.6.4).
const MaxSPFLookups = 10

// LookupSPF reads the record of a domain and of those it includes. An error says that DNS did not answer.
func LookupSPF(ctx context.Context, r dns.Resolver, domain string) (SPFRecord, error) {
	var s SPFRecord
	err := s.read(ctx, r, asciiDomain(domain), 0)
	return s, err
}

func (s *SPFRecord) read(ctx context.Context, r dns.Resolver, domain string, depth int) error {
	answer, err := r.TXT(ctx, domain)
	if errors.Is(err, dns.ErrTemporary) {
		return err
	}
	for _, text := range answer.Records {
		terms, ok := spfTerms(text)
		if !ok {
			continue
		}
		if depth == 0 {
			if s.Records++; s.Records > 1 {
				continue
			}
			s.Text = text
		}
		if err := checkTerms(terms); err != nil {
			if s.Fault == nil {
				s.Fault = err
			}
			return nil
		}
		if err := s.count(ctx, r, terms, depth); err != nil || depth > 0 {
			return err
		}
	}
	return nil
}

// count counts the terms that ask (RFC 7208 §4.6.4) and follows those that lead to other records. Each costs one, so that
// there is an end however they lead round.
func (s *SPFRecord) count(ctx context.Context, r dns.Resolver, terms []string, depth int) error {
	for _, text := range terms {
		t := cutTerm(text)
		name := strings.ToLower(t.name)
		switch name {
		case "a", "mx", "ptr", "exists", "include", "redirect":
			s.Lookups++
		}
		if s.Lookups > MaxSPFLookups {
			return nil
		}
		if (name != "include" && name != "redirect") || strings.Contains(t.domain, "%") { // a macro has no one value
			continue
		}
		domain := asciiDomain(t.domain)
		s.Includes = append(s.Includes, domain)
		if err := s.read(ctx, r, domain, depth+1); err != nil {
			return err
		}
	}
	return nil
}
