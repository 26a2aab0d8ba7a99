package dkim

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// parseMessage reads what signatures over a message have.
func (s *Signature) parseMessage(tags map[string]string) (err error) {
	if s.bodyHash, err = base64.StdEncoding.DecodeString(withoutSpace(tags["bh"])); err != nil || len(s.bodyHash) == 0 {
		return syntax("bh= is not base64")
	}
	if err := s.parseHeaders(tags["h"]); err != nil {
		return err
	}
	if s.Expires, err = parseTime(tags, "x"); err != nil {
		return err
	}
	if !s.Expires.IsZero() && !s.Signed.IsZero() && !s.Expires.After(s.Signed) { // RFC 6376 §3.5
		return syntax("it expires before it was made")
	}
	if l, found := tags["l"]; found {
		s.Partial = true
		if s.length, err = strconv.ParseInt(l, 10, 64); err != nil || s.length < 0 {
			return syntax("l= is not a number")
		}
	}
	if q, found := tags["q"]; found && !listed(q, "dns/txt") { // RFC 6376 §3.5
		return syntax("its key is not in DNS")
	}
	return s.parseForms(tags["c"])
}

func (s *Signature) parseHeaders(list string) error {
	for name := range strings.SplitSeq(list, ":") {
		s.Headers = append(s.Headers, strings.TrimSpace(name))
	}
	if len(s.Headers) > MaxSigned {
		return syntax("h= has more than %d names", MaxSigned)
	}
	if !listed(list, "from") { // RFC 6376 §5.4
		return syntax("it does not cover From")
	}
	return nil
}

// parseForms reads c= (RFC 6376 §3.5): header and body, simple where not said.
func (s *Signature) parseForms(c string) error {
	header, body, _ := strings.Cut(strings.ToLower(withoutSpace(c)), "/")
	for _, form := range []string{header, body} {
		if form != "" && form != "simple" && form != "relaxed" {
			return syntax("c= is unknown")
		}
	}
	s.relaxedHeader, s.relaxedBody = header == "relaxed", body == "relaxed"
	return nil
}

// parseIdentity reads i=, whose domain is that of d= or below (RFC 6376 §3.5).
func (s *Signature) parseIdentity(tags map[string]string) error {
	s.Identity = "@" + s.Domain
	i, found := tags["i"]
	if !found {
		return nil
	}
	s.Identity = withoutSpace(i)
	at := strings.LastIndexByte(s.Identity, '@')
	domain := strings.ToLower(s.Identity[at+1:])
	if at < 0 || domain != s.Domain && !strings.HasSuffix(domain, "."+s.Domain) {
		return syntax("i= is not within d=")
	}
	return nil
}

func (s *Signature) parseInstance(tags map[string]string) (err error) {
	s.Instance, err = strconv.Atoi(tags["i"])
	if err != nil || s.Instance < 1 {
		return syntax("i= is not an instance")
	}
	return nil
}

// parseTime reads seconds since 1970; RFC 6376 §3.5 lets them have 12 digits.
func parseTime(tags map[string]string, name string) (time.Time, error) {
	value, found := tags[name]
	if !found {
		return time.Time{}, nil
	}
	n, err := strconv.ParseUint(value, 10, 40)
	if err != nil {
		return time.Time{}, syntax("%s= is not a time", name)
	}
	return time.Unix(int64(n), 0), nil
}

// listed tells that a list with colons has a word, whatever its case.
func listed(list, word string) bool {
	for w := range strings.SplitSeq(list, ":") {
		if strings.EqualFold(strings.TrimSpace(w), word) {
			return true
		}
	}
	return false
}
