package report

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"buzon/internal/message"
)

// SRS gives forwarded mail a sender at a domain of ours (Sender Rewriting Scheme): the next server asks our records whether
// we may send it, and what it refuses comes back here, from where it goes on to who sent it.
//
//	SRS0=hash=time=domain=local@ours        forwarded by us
//	SRS1=hash=first==rest@ours              forwarded before, by the host "first" that wrote SRS0=rest
//
// Only we can make such an address: it holds an HMAC, and expires. Mail to one must come from the null sender, or the box
// would pass on anything to whoever once wrote here; that is the caller's to hold.
type SRS struct {
	Secret []byte           // ours alone, at least 16 octets
	Domain string           // a domain of ours, U-label, lower case
	Now    func() time.Time // nil is time.Now
}

// What Forward and Reverse can refuse; they are returned wrapped.
var (
	ErrSRSLong    = errors.New("the rewritten address would be too long") // send from the account's own address instead
	ErrSRSSender  = errors.New("an address that cannot be rewritten")
	ErrNotSRS     = errors.New("not a rewritten address")
	ErrSRSForged  = errors.New("a rewritten address that is not ours")
	ErrSRSExpired = errors.New("a rewritten address that has expired")
)

const (
	srsHash  = 6       // characters of base32: 30 bits, against guessing over the network
	srsDays  = 21      // how long bounces may take; servers give up after 5 to 7
	srsCycle = 32 * 32 // days until the two characters of the time begin anew
	maxLocal = 64      // octets of a local part (RFC 5321 §4.5.3.1.1)
	tag0     = "srs0"  // compared without case
	tag1     = "srs1"
	srsSep   = "=+-" // what may stand behind a tag; the first is ours
)

// IsSRS tells whether a has the form of a rewritten address, anybody's.
func IsSRS(a message.Address) bool {
	tag, _ := cutTag(a.Local)
	return tag != ""
}

// Forward is the sender under which mail from a is forwarded. The null sender and our own domain's stay as they are.
func (s SRS) Forward(a message.Address) (message.Address, error) {
	if a.IsZero() || a.Domain == s.Domain {
		return a, nil
	}
	domain := a.ASCIIDomain()
	if domain == "" || strings.ContainsRune(domain, '=') {
		return message.Address{}, fmt.Errorf("forward from %v: %w", a, ErrSRSSender)
	}
	out := message.Address{Local: s.rewrite(a.Local, domain), Domain: s.Domain}
	if len(out.Local) > maxLocal {
		return message.Address{}, fmt.Errorf("forward from %v: %w", a, ErrSRSLong)
	}
	return out, nil
}

// rewrite makes SRS0 of a plain address and SRS1 of a rewritten one, in which only the first forwarder stays: what comes
// back need not visit all that lie between.
func (s SRS) rewrite(local, domain string) string {
	switch tag, rest := cutTag(local); tag {
	case tag0:
		return s.srs1(domain, rest)
	case tag1:
		if _, first, inner, ok := cutSRS1(rest); ok {
			return s.srs1(first, inner)
		}
	}
	day := s.day()
	stamp := string([]byte{srsAlphabet[day/32], srsAlphabet[day%32]})
	return "SRS0=" + s.hash(stamp, domain, local) + "=" + stamp + "=" + domain + "=" + local
}

// srs1 keeps inner, the SRS0 address of host first, from its separator on.
func (s SRS) srs1(first, inner string) string {
	return "SRS1=" + s.hash(first, inner) + "=" + first + "=" + inner
}

// Reverse is where mail to a, an address that Forward made, belongs. Peers may have changed its case.
func (s SRS) Reverse(a message.Address) (message.Address, error) {
	to, err := s.reverse(a)
	if err != nil {
		return message.Address{}, fmt.Errorf("return %v: %w", a, err)
	}
	return to, nil
}

func (s SRS) reverse(a message.Address) (message.Address, error) {
	switch tag, rest := cutTag(a.Local); tag {
	case tag0:
		return s.reverse0(rest)
	case tag1:
		return s.reverse1(rest)
	}
	return message.Address{}, ErrNotSRS
}

func (s SRS) reverse0(rest string) (message.Address, error) {
	fields := strings.SplitN(rest[1:], "=", 4) // the local part may hold "="
	if len(fields) != 4 {
		return message.Address{}, ErrNotSRS
	}
	hash, stamp, domain, local := fields[0], fields[1], fields[2], fields[3]
	if !s.ours(hash, stamp, domain, local) {
		return message.Address{}, ErrSRSForged
	}
	if !s.fresh(stamp) {
		return message.Address{}, ErrSRSExpired
	}
	return s.address(local, domain)
}

func (s SRS) reverse1(rest string) (message.Address, error) {
	hash, first, inner, ok := cutSRS1(rest)
	if !ok {
		return message.Address{}, ErrNotSRS
	}
	if !s.ours(hash, first, inner) {
		return message.Address{}, ErrSRSForged
	}
	return s.address("SRS0"+inner, first) // whose time its maker checks
}

// address puts together what the hash vouches for.
func (s SRS) address(local, domain string) (message.Address, error) {
	return message.ParseAddress(message.Address{Local: local, Domain: domain}.String())
}

// cutTag splits "SRS0=rest" before the separator; tag is empty for other addresses.
func cutTag(local string) (tag, rest string) {
	if len(local) < 5 || !strings.ContainsRune(srsSep, rune(local[4])) {
		return "", ""
	}
	switch tag = strings.ToLower(local[:4]); tag {
	case tag0, tag1:
		return tag, local[4:]
	}
	return "", ""
}

// cutSRS1 splits "=hash=first=inner"; inner begins with the separator of the address inside.
func cutSRS1(rest string) (hash, first, inner string, ok bool) {
	fields := strings.SplitN(rest[1:], "=", 3)
	if len(fields) != 3 || fields[1] == "" || len(fields[2]) < 2 || !strings.ContainsRune(srsSep, rune(fields[2][0])) {
		return "", "", "", false
	}
	return fields[0], fields[1], fields[2], true
}

const srsAlphabet = "abcdefghijklmnopqrstuvwxyz234567"

// hash vouches for fields. Case does not count: some servers lower it on the way.
func (s SRS) hash(fields ...string) string {
	mac := hmac.New(sha256.New, s.Secret)
	for _, f := range fields {
		// NUL is in no address, so fields cannot be told apart in another way.
		mac.Write([]byte(strings.ToLower(f) + "\x00"))
	}
	return base32.NewEncoding(srsAlphabet).EncodeToString(mac.Sum(nil))[:srsHash]
}

// ours compares in constant time.
func (s SRS) ours(hash string, fields ...string) bool {
	return len(s.Secret) > 0 && hmac.Equal([]byte(strings.ToLower(hash)), []byte(s.hash(fields...)))
}

// day counts the days, in a circle.
func (s SRS) day() int {
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	return int(now().Unix()/(24*60*60)) % srsCycle
}

// fresh tells that stamp is of the last srsDays. Tomorrow's is fine: a board's clock may have been set back.
func (s SRS) fresh(stamp string) bool {
	if len(stamp) != 2 {
		return false
	}
	stamp = strings.ToLower(stamp)
	day := strings.IndexByte(srsAlphabet, stamp[0])*32 + strings.IndexByte(srsAlphabet, stamp[1])
	age := (s.day() - day + srsCycle + 1) % srsCycle
	return age <= srsDays+1
}
