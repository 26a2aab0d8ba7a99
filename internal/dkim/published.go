package dkim

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// Publishes tells whether the text of a TXT record publishes the key, so that
// receivers can verify what it signs. Such a record may be written in another
// way than Record's: by hand, or with white space in it.
func (k Key) Publishes(record string) bool {
	want, err := k.public()
	if err != nil {
		return false
	}
	tags, ok := tagList(record)
	if !ok {
		return false
	}
	if v, found := tags["v"]; found && v != "DKIM1" { // RFC 6376 §3.6.1
		return false
	}
	if algorithm, found := tags["k"]; algorithm != k.Algorithm && (found || k.Algorithm != RSA) {
		return false
	}
	got, err := base64.StdEncoding.DecodeString(withoutSpace(tags["p"]))
	return err == nil && bytes.Equal(got, want)
}

// tagList reads tag=value pairs with semicolons between (RFC 6376 §3.2). ok is
// false where it is none, or has a tag twice.
func tagList(s string) (tags map[string]string, ok bool) {
	tags = map[string]string{}
	s = strings.TrimRight(s, " \t\r\n")
	for pair := range strings.SplitSeq(strings.TrimSuffix(s, ";"), ";") {
		name, value, found := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		if _, twice := tags[name]; !found || twice || name == "" {
			return nil, false
		}
		tags[name] = strings.TrimSpace(value)
	}
	return tags, true
}

// withoutSpace drops the white space that may stand in base64 (RFC 6376 §2.10).
func withoutSpace(s string) string { return strings.Join(strings.Fields(s), "") }
