package verdict

import (
	"strings"

	"golang.org/x/net/publicsuffix"

	"buzon/internal/message"
)

// asciiDomain is a domain as DNS and other domains compare with it: A-labels,
// lower case, no final dot. What is no domain stays as it is, in lower case.
func asciiDomain(s string) string {
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	if ascii := (message.Address{Domain: s}).ASCIIDomain(); ascii != "" {
		return ascii
	}
	return s
}

// orgDomain is the organizational domain (RFC 7489 §3.2): one label more than
// the public suffix. A public suffix is its own.
func orgDomain(domain string) string {
	org, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return domain
	}
	return org
}

// aligned compares a domain that was proven with the author's (RFC 7489 §3.1).
func aligned(proven, author string, strict bool) bool {
	if proven == "" || author == "" {
		return false
	}
	if strict {
		return proven == author
	}
	return orgDomain(proven) == orgDomain(author)
}

// within tells that a domain is one of a list, or below one of it.
func within(domain string, list []string) bool {
	for _, d := range list {
		d = asciiDomain(strings.TrimSpace(d))
		if d != "" && (domain == d || strings.HasSuffix(domain, "."+d)) {
			return true
		}
	}
	return false
}
