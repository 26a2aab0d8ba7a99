package verdict

import "strings"

// vouch lets the chain speak for the author where the owner trusts those who
// sealed it (RFC 8617 §7.2.1). From the latest forwarder back as long as each
// is trusted, what they found is believed: one of them saw the author proven.
func (a *ARC) vouch(author string, trust []string) {
	a.Trusted, a.Vouched = false, ""
	if a.Result == TempError { // whether it vouches is open
		a.Trusted = within(a.Sealer, trust)
	}
	if a.Result != Pass {
		return
	}
	for i := len(a.sets) - 1; i >= 0; i-- {
		sealer := asciiDomain(a.sets[i].seal.Domain)
		if !within(sealer, trust) {
			return
		}
		a.Trusted = true
		if _, rest, ok := cutInstance(a.sets[i].results); ok && sawAuthor(rest, author) {
			a.Vouched = sealer
			return
		}
	}
}

// sawAuthor tells that a forwarder's results prove the author's domain, by DMARC or by what DMARC goes by.
func sawAuthor(text, author string) bool {
	found, err := ParseResults(text)
	if err != nil {
		return false
	}
	for _, m := range found.Methods {
		if m.Result != Pass {
			continue
		}
		switch m.Method {
		case "dmarc":
			if from := domainOf(m.Property("header", "from")); from == "" || from == author {
				return true
			}
		case "dkim":
			signer := m.Property("header", "d")
			if signer == "" {
				signer = m.Property("header", "i")
			}
			if aligned(domainOf(signer), author, false) {
				return true
			}
		case "spf":
			if aligned(domainOf(m.Property("smtp", "mailfrom")), author, false) {
				return true
			}
		}
	}
	return false
}

// domainOf is the domain of an address, or of a domain alone.
func domainOf(s string) string { return asciiDomain(s[strings.LastIndexByte(s, '@')+1:]) }
