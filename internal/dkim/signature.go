package dkim

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Signature is what a DKIM-Signature field says (RFC 6376 §3.5), or one of the
// two of ARC that are made alike (RFC 8617 §4.1).
type Signature struct {
	Domain    string    // d=, lower case, as it is written
	Selector  string    // s=
	Algorithm string    // a=: "rsa-sha256", "ed25519-sha256", or another that Verify refuses
	Identity  string    // i= of DKIM; "@" and Domain where there is none
	Instance  int       // i= of ARC
	Chain     string    // cv= of an ARC-Seal
	Signed    time.Time // t=; zero: not said
	Expires   time.Time // x=; zero: never
	Headers   []string  // h=
	Partial   bool      // has l=: it may cover the start of the body only
	Short     string    // the first octets of b=, to tell signatures apart (RFC 6008)

	raw           []byte // the field
	length        int64  // l=
	bodyHash      []byte // bh=
	signature     []byte // b=
	relaxedHeader bool
	relaxedBody   bool
}

// ErrSyntax is what errors of the Parse functions wrap: the field is no
// signature that one could look at.
var ErrSyntax = errors.New("not a signature")

func syntax(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrSyntax, fmt.Sprintf(format, args...))
}

// MaxSigned is how many names h= may have; real signatures have 20.
const MaxSigned = 100

// ParseSignature reads a DKIM-Signature field. raw is the whole field with its
// name and folds and without its last line end; it must not change afterwards.
func ParseSignature(raw []byte) (*Signature, error) {
	s, tags, err := parseCommon(raw)
	if err != nil {
		return s, err
	}
	if tags["v"] != "1" {
		return s, syntax("v= is not 1")
	}
	if err := s.parseMessage(tags); err != nil {
		return s, err
	}
	return s, s.parseIdentity(tags)
}

// ParseMessageSignature reads an ARC-Message-Signature (RFC 8617 §4.1.2): no
// version, and i= is the instance.
func ParseMessageSignature(raw []byte) (*Signature, error) {
	s, tags, err := parseCommon(raw)
	if err == nil {
		err = s.parseMessage(tags)
	}
	if err == nil {
		err = s.parseInstance(tags)
	}
	for _, name := range s.Headers {
		if err == nil && strings.EqualFold(name, "ARC-Seal") { // RFC 8617 §4.1.2
			err = syntax("it covers a seal")
		}
	}
	return s, err
}

// ParseSeal reads an ARC-Seal (RFC 8617 §4.1.3), which has neither h= nor bh=.
func ParseSeal(raw []byte) (*Signature, error) {
	s, tags, err := parseCommon(raw)
	if err != nil {
		return s, err
	}
	for _, name := range []string{"h", "bh"} {
		if _, found := tags[name]; found { // RFC 8617 §4.1.3: then the seal is invalid
			return s, syntax("a seal with %s=", name)
		}
	}
	s.Chain = strings.ToLower(tags["cv"])
	s.relaxedHeader = true
	return s, s.parseInstance(tags)
}

// parseCommon reads what all three have.
func parseCommon(raw []byte) (*Signature, map[string]string, error) {
	s := &Signature{raw: raw}
	_, value, _ := strings.Cut(string(raw), ":")
	tags, ok := tagList(value)
	if !ok {
		return s, nil, syntax("not a list of tags")
	}
	s.Domain = strings.ToLower(withoutSpace(tags["d"]))
	s.Selector = strings.ToLower(withoutSpace(tags["s"]))
	s.Algorithm = strings.ToLower(withoutSpace(tags["a"]))
	encoded := withoutSpace(tags["b"])
	s.Short = encoded[:min(len(encoded), 8)]
	for name, value := range map[string]string{"d": s.Domain, "s": s.Selector, "a": s.Algorithm, "b": encoded} {
		if value == "" {
			return s, nil, syntax("%s= is missing", name)
		}
	}
	var err error
	if s.signature, err = base64.StdEncoding.DecodeString(encoded); err != nil {
		return s, nil, syntax("b= is not base64")
	}
	if s.Signed, err = parseTime(tags, "t"); err != nil {
		return s, nil, err
	}
	return s, tags, nil
}
