package verdict

import (
	"errors"
	"slices"
	"strings"
	"time"

	"buzon/internal/dkim"
	"buzon/internal/dns"
)

// MaxSignatures is how many DKIM signatures of one mail are verified: each costs
// a question to DNS of the sender's choice.
const MaxSignatures = 5

// ahead is how far before its time a signature counts. RFC 6376 §3.5 lets one
// ignore those from the future; clocks of small machines, ours among them, are off.
const ahead = 24 * time.Hour

// Signature is what one DKIM-Signature is worth.
type Signature struct {
	Result    string    // Pass, Fail, Policy, Neutral, TempError or PermError
	Reason    string    // why it is not Pass, or what is odd about it; English
	Domain    string    // d=, A-labels where it can be
	Selector  string    // s=
	Algorithm string    // a=
	Identity  string    // i=, "@" and Domain where there is none
	Short     string    // the first octets of b=
	Bits      int       // of the key; 0: there was none
	Weak      bool      // an RSA key below 2048 bits
	Testing   bool      // the domain says that it tries DKIM out
	Signed    time.Time // zero: not said
	Expires   time.Time // zero: never

	parsed *dkim.Signature
}

// parseSignatures reads the signatures worth a look: those of the authors'
// domains first, then from the top, where the latest are.
func parseSignatures(h header) (list []Signature, skipped int) {
	for _, f := range h.fields {
		if strings.EqualFold(f.Name, "DKIM-Signature") {
			if len(list) >= maxParsed {
				skipped++
				continue
			}
			list = append(list, parseSignature(f.Raw))
		}
	}
	slices.SortStableFunc(list, func(a, b Signature) int { return rank(h, a) - rank(h, b) })
	if len(list) > MaxSignatures {
		skipped += len(list) - MaxSignatures
		list = list[:MaxSignatures]
	}
	return list, skipped
}

// maxParsed is how many signatures are read to choose among them.
const maxParsed = 50

// rank is 0 of a signature that DMARC could go by.
func rank(h header, s Signature) int {
	for _, a := range h.authors {
		if s.Result == "" && aligned(s.Domain, a, false) {
			return 0
		}
	}
	return 1
}

func parseSignature(raw []byte) Signature {
	p, err := dkim.ParseSignature(raw)
	s := Signature{Domain: asciiDomain(p.Domain), Selector: p.Selector, Algorithm: p.Algorithm, Identity: p.Identity,
		Short: p.Short, Signed: p.Signed, Expires: p.Expires, parsed: p}
	if err != nil {
		s.Result, s.Reason = Neutral, err.Error() // RFC 8601 §2.7.1: it has errors of syntax
	}
	return s
}

// judge verifies the signature. What needs no arithmetic comes first.
func (s *Signature) judge(keys *keys, header []dkim.Field, body dkim.Body, now time.Time) {
	if s.Result != "" {
		return
	}
	k, err := keys.of(s.parsed)
	if err == nil {
		s.Bits, s.Testing = k.Bits, k.Testing
		s.Weak = k.Algorithm == dkim.RSA && k.Bits < dkim.WeakBits
		err = firstError(
			func() error { return s.parsed.Acceptable(k) },
			func() error { return s.inTime(now) },
			func() error { return s.parsed.CheckBody(body) },
			func() error { return s.parsed.Verify(k, header) },
		)
	}
	s.Result = resultOf(err)
	switch {
	case err != nil:
		s.Reason = plainError(err)
	case s.Weak:
		s.Reason = "the key has less than 2048 bits"
	}
}

// Errors about the time of a signature.
var (
	errExpired = errors.New("the signature has expired")
	errFuture  = errors.New("the signature is from the future")
)

func (s *Signature) inTime(now time.Time) error {
	switch {
	case !s.Expires.IsZero() && now.After(s.Expires): // RFC 6376 §3.5
		return errExpired
	case s.Signed.After(now.Add(ahead)):
		return errFuture
	}
	return nil
}

// resultOf is the word of RFC 8601 §2.7.1 for an error.
func resultOf(err error) string {
	switch {
	case err == nil:
		return Pass
	case errors.Is(err, dns.ErrTemporary):
		return TempError
	case is(err, dkim.ErrBodyHash, dkim.ErrSignature):
		return Fail
	case is(err, dkim.ErrLength, dkim.ErrWeakKey, dkim.ErrAlgorithm, errExpired, errFuture):
		return Policy
	}
	return PermError // no key, or one that cannot be used
}

// plainError is the error without what DNS said: that is for the log of DNS.
func plainError(err error) string {
	if errors.Is(err, dns.ErrTemporary) {
		return dns.ErrTemporary.Error()
	}
	return err.Error()
}

func is(err error, any ...error) bool {
	return slices.ContainsFunc(any, func(target error) bool { return errors.Is(err, target) })
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
