package dkim

import (
	"bufio"
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"buzon/internal/message"
)

// Errors of Sign and NewSigner.
var (
	ErrNoFrom = errors.New("the message has no From field")
	ErrNoKeys = errors.New("the domain has no key to sign with")
)

// How long a signature is to count (RFC 6376 §3.5, x=). After that a mail that
// somebody sends on to thousands, to feed on our good name, is ours no more.
const (
	Lifetime = 5*24*time.Hour + Rest // as long as mail waits in our queue, if nobody set another time
	Rest     = 2 * 24 * time.Hour    // for the queue of the next server, and its clock
)

// Signer signs for one domain, with its private keys parsed once. It may be used
// concurrently.
type Signer struct {
	domain string // A-labels
	keys   []signingKey
}

type signingKey struct {
	Key
	private crypto.Signer
}

// NewSigner makes the Signer of a domain, in U-labels or A-labels. ErrNoKeys, ErrKey.
func NewSigner(domain string, keys []Key) (*Signer, error) {
	// RFC 8616 §4 would have U-labels in internationalised messages. A-labels are
	// right in all, and are what DMARC compares (RFC 8616 §6).
	a, err := message.ParseAddress("postmaster@" + domain)
	if err != nil {
		return nil, fmt.Errorf("dkim: sign for %q: %w", domain, err)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("dkim: %s: %w", domain, ErrNoKeys)
	}
	s := &Signer{domain: a.ASCIIDomain()}
	for _, k := range keys {
		private, err := k.parse()
		if err != nil {
			return nil, fmt.Errorf("dkim: %s: %w", domain, err)
		}
		s.keys = append(s.keys, signingKey{k, private})
	}
	// RSA on top: some receivers look at the first signature alone.
	slices.SortStableFunc(s.keys, func(a, b signingKey) int { return -cmp.Compare(a.Algorithm, b.Algorithm) })
	return s, nil
}

// Sign gives the DKIM-Signature fields of a mail, complete lines to stand before
// it. mail is what receivers will see from the first field on; trace fields may
// be missing, as they are not signed. A zero expires means never. ErrNoFrom, and
// the errors of mail.
func (s *Signer) Sign(mail *io.SectionReader, now, expires time.Time) ([]byte, error) {
	d, err := digest(mail)
	if err != nil {
		return nil, fmt.Errorf("dkim: sign for %s: %w", s.domain, err)
	}
	var fields []byte
	for _, k := range s.keys {
		unsigned := s.field(k, d, now, expires)
		signature, err := k.sign(d, unsigned)
		if err != nil {
			return nil, fmt.Errorf("dkim: sign with %s: %w", k.Selector, err)
		}
		fields = append(fields, unsigned...)
		fields = append(fields, fold(base64.StdEncoding.EncodeToString(signature), "")...)
		fields = append(fields, "\r\n"...)
	}
	return fields, nil
}

// digested is what all signatures of a message have in common.
type digested struct {
	names  []string  // h=
	fields hash.Hash // of the signed fields
	body   []byte    // bh=
}

const bufferSize = 8 << 10 // octets, for reading

func digest(mail *io.SectionReader) (digested, error) {
	in := bufio.NewReaderSize(io.NewSectionReader(mail, 0, mail.Size()), bufferSize)
	h, err := readHeader(in)
	if err != nil {
		return digested{}, err
	}
	if len(h.places["from"]) == 0 {
		return digested{}, ErrNoFrom // RFC 6376 §5.4: From must be signed
	}
	bodyHash, fieldHash := sha256.New(), sha256.New()
	w := bufio.NewWriter(bodyHash)
	b := body{w: w}
	if _, err := in.WriteTo(&b); err != nil {
		return digested{}, err
	}
	b.close()
	w.Flush() // a hash takes everything
	w.Reset(fieldHash)
	if err := h.write(w, mail, in); err != nil {
		return digested{}, err
	}
	w.Flush()
	return digested{h.names(), fieldHash, bodyHash.Sum(nil)}, nil
}

// field is the DKIM-Signature field up to the content of b= (RFC 6376 §3.5),
// with lines of 78 octets where a long domain does not need more.
func (s *Signer) field(k signingKey, d digested, now, expires time.Time) []byte {
	b := fmt.Appendf(nil, "DKIM-Signature: v=1; a=%s-sha256; c=relaxed/relaxed;\r\n d=%s;\r\n s=%s; t=%d;",
		k.Algorithm, s.domain, k.Selector, now.Unix())
	if !expires.IsZero() {
		b = fmt.Appendf(b, " x=%d;", expires.Unix())
	}
	b = append(b, "\r\n h="...)
	b = append(b, fold(strings.Join(d.names, ":"), ":")...)
	return fmt.Appendf(b, ";\r\n bh=%s;\r\n b=", base64.StdEncoding.EncodeToString(d.body))
}

// sign signs the fields and the signature's own with an empty b=, which comes
// last and without its line end (RFC 6376 §3.7).
func (k signingKey) sign(d digested, unsigned []byte) ([]byte, error) {
	h, err := d.fields.(hash.Cloner).Clone() // SHA-256 is documented to have it
	if err != nil {
		return nil, err
	}
	w := bufio.NewWriter(h)
	if err := relax(w, strings.NewReader(string(unsigned))); err != nil {
		return nil, err
	}
	w.Flush()
	if k.Algorithm == Ed25519 {
		return k.private.Sign(rand.Reader, h.Sum(nil), crypto.Hash(0)) // RFC 8463 §3: PureEdDSA over the hash
	}
	return k.private.Sign(rand.Reader, h.Sum(nil), crypto.SHA256)
}

const lineWidth = 72 // of a folded value: RFC 5322 §2.1.1 wants 78 with its tag

// fold breaks s into lines, after a separator if it has one.
func fold(s, separator string) string {
	var b strings.Builder
	for len(s) > lineWidth {
		n := lineWidth
		if i := strings.LastIndex(s[:n], separator); separator != "" && i > 0 {
			n = i + 1
		}
		b.WriteString(s[:n] + "\r\n ")
		s = s[n:]
	}
	b.WriteString(s)
	return b.String()
}
