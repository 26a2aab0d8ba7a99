package verdict

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"buzon/internal/dns"
	"buzon/internal/message"
)

// Target is where a report may go.
type Target struct {
	Address message.Address
	Max     int64 // octets that the receiver takes; 0: not said
}

// Targets are the mail addresses that a domain wants its reports at and that
// agree to it (RFC 7489 §7.1): else anybody could have anybody flooded with
// reports. Other schemes are left out. An error says that DNS did not answer
// about one; those that are known stand nevertheless.
func Targets(ctx context.Context, r dns.Resolver, domain string, record Record) ([]Target, error) {
	var all []Target
	var failed error
	for _, uri := range record.Aggregate {
		t, ok := parseTarget(uri)
		if !ok {
			continue
		}
		found, err := t.authorised(ctx, r, domain)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("whether %s wants reports on %s: %w", t.Address.Domain, domain, err))
		}
		all = append(all, found...)
	}
	return all, failed
}

// parseTarget reads one URI with its size (RFC 7489 §6.2).
func parseTarget(uri string) (Target, bool) {
	uri, size, sized := strings.Cut(uri, "!")
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "mailto" { // url.Parse makes it lower case
		return Target{}, false
	}
	text, err := url.PathUnescape(u.Opaque)
	if err != nil {
		return Target{}, false
	}
	a, err := message.ParseAddress(text)
	if err != nil || a.Domain == "" || strings.HasPrefix(a.Domain, "[") {
		return Target{}, false
	}
	t := Target{Address: a}
	if sized {
		t.Max, sized = parseSize(size)
		return t, sized
	}
	return t, true
}

// parseSize reads octets with a unit, all powers of 1024 (RFC 7489 §6.2).
func parseSize(s string) (int64, bool) {
	shift := 0
	if s != "" {
		shift = strings.IndexByte("kmgt", s[len(s)-1]|0x20) + 1
	}
	if shift > 0 {
		s = s[:len(s)-1]
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<20 && shift > 0 { // no limit that could be reached
		return 0, err == nil && n >= 0
	}
	return n << (10 * shift), true
}

// authorised is the target if it is at home in the domain, or says that it
// takes the domain's reports. It may name another address at the same host.
func (t Target) authorised(ctx context.Context, r dns.Resolver, domain string) ([]Target, error) {
	host := asciiDomain(t.Address.Domain)
	if orgDomain(host) == orgDomain(domain) { // RFC 7489 §7.1 (3)
		return []Target{t}, nil
	}
	answer, err := r.TXT(ctx, domain+"._report._dmarc."+host)
	if errors.Is(err, dns.ErrTemporary) {
		return nil, err
	}
	for _, text := range answer.Records {
		version, rest, _ := strings.Cut(text, ";")
		if name, value, _ := strings.Cut(version, "="); strings.TrimSpace(name) != "v" || strings.TrimSpace(value) != "DMARC1" {
			continue
		}
		return t.instead(rest), nil
	}
	return nil, nil
}

// instead is what rua= of the target's own record puts in place of it (RFC 7489 §7.1 (7)).
func (t Target) instead(tags string) []Target {
	for pair := range strings.SplitSeq(tags, ";") {
		name, value, _ := strings.Cut(pair, "=")
		if strings.TrimSpace(name) != "rua" {
			continue
		}
		var all []Target
		for _, uri := range targets(value) {
			if other, ok := parseTarget(uri); ok && other.Address.Domain == t.Address.Domain {
				all = append(all, other)
			}
		}
		return all
	}
	return []Target{t}
}
