package dkim

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"hash"
	"strings"
)

// Field is one header field: its name as it is written, and the whole of it with
// name and folds, without its last line end.
type Field struct {
	Name string
	Raw  []byte
}

// Errors of Verify. All are about the signature, none about DNS.
var (
	ErrAlgorithm = errors.New("an algorithm that is not accepted") // RFC 8301 §3.1: not rsa-sha1
	ErrKeyKind   = errors.New("the key is for another algorithm")
	ErrWeakKey   = errors.New("the key has less than 1024 bits") // RFC 8301 §3.2
	ErrIdentity  = errors.New("i= must be d= itself")            // RFC 6376 §3.6.1, t=s
	ErrBodyHash  = errors.New("the body was changed")
	ErrLength    = errors.New("the signature covers only a part of the body")
	ErrSignature = errors.New("the signature is wrong") // the header was changed, or another key signed
)

// minRSABits is what counts at all, WeakBits below what one should have (RFC 8301 §3.2).
const (
	minRSABits = 1024
	WeakBits   = 2048
)

// CheckBody compares the body with bh=. ErrBodyHash, ErrLength.
func (s *Signature) CheckBody(b Body) error {
	sum := b.simple
	if s.relaxedBody {
		sum = b.relaxed
	}
	// RFC 6376 §8.2: what was appended would look signed. A length that covers
	// everything does no harm.
	if s.Partial && s.length < sum.size {
		return ErrLength
	}
	if !sum.made || s.Partial && s.length > sum.size || subtle.ConstantTimeCompare(sum.sum[:], s.bodyHash) != 1 {
		return ErrBodyHash
	}
	return nil
}

// Acceptable tells whether the algorithm may be used with the key, before anything is computed.
func (s *Signature) Acceptable(k *PublicKey) error {
	switch {
	case s.Algorithm != RSA+"-sha256" && s.Algorithm != Ed25519+"-sha256":
		return ErrAlgorithm
	case s.Algorithm != k.Algorithm+"-sha256":
		return ErrKeyKind
	case k.Algorithm == RSA && k.Bits < minRSABits:
		return ErrWeakKey
	case k.strict && s.Identity != "" && !strings.EqualFold(s.Identity[strings.LastIndexByte(s.Identity, '@')+1:], s.Domain):
		return ErrIdentity
	}
	return nil
}

// Verify verifies the signature over the header of a message, from top to
// bottom. What Acceptable and CheckBody look at comes on top of it.
func (s *Signature) Verify(k *PublicKey, header []Field) error {
	h := sha256.New()
	w := bufio.NewWriterSize(h, 512)
	used := make(map[string]int, len(s.Headers)) // by lower name: the place of the field taken last
	for _, name := range s.Headers {
		key := strings.ToLower(name)
		from, seen := used[key]
		if !seen {
			from = len(header)
		}
		at := lastBefore(header, from, name)
		used[key] = at
		if at >= 0 { // RFC 6376 §5.4: one that is not there is nothing
			s.writeField(w, header[at].Raw)
			w.WriteString("\r\n")
		}
	}
	s.writeField(w, unsigned(s.raw))
	return s.check(k, h, w)
}

// lastBefore is the lowest field of a name above a place, or -1 (RFC 6376 §5.4.2).
func lastBefore(header []Field, from int, name string) int {
	for i := from - 1; i >= 0; i-- {
		if strings.EqualFold(header[i].Name, name) {
			return i
		}
	}
	return -1
}

// VerifySeal verifies an ARC-Seal over the sets up to its own, given in the
// order of RFC 8617 §5.1.1 without the seal itself.
func (s *Signature) VerifySeal(k *PublicKey, sets [][]byte) error {
	h := sha256.New()
	w := bufio.NewWriterSize(h, 512)
	for _, raw := range sets {
		s.writeField(w, raw)
		w.WriteString("\r\n")
	}
	s.writeField(w, unsigned(s.raw))
	return s.check(k, h, w)
}

// writeField writes a field in the signature's form, without its line end.
func (s *Signature) writeField(w *bufio.Writer, raw []byte) {
	if s.relaxedHeader {
		_ = relax(w, bytes.NewReader(raw)) // memory never fails
		return
	}
	w.Write(raw)
}

func (s *Signature) check(k *PublicKey, h hash.Hash, w *bufio.Writer) error {
	w.Flush()
	sum := h.Sum(nil)
	ok := false
	if k.ed25519 != nil { // RFC 8463 §3: PureEdDSA over the hash
		ok = ed25519.Verify(k.ed25519, sum, s.signature)
	} else {
		ok = rsa.VerifyPKCS1v15(k.rsa, crypto.SHA256, sum, s.signature) == nil
	}
	if !ok {
		return ErrSignature
	}
	return nil
}

// unsigned is the field with the value of b= taken out (RFC 6376 §3.7).
func unsigned(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	rest := raw
	if colon := bytes.IndexByte(raw, ':'); colon >= 0 {
		out, rest = append(out, raw[:colon+1]...), raw[colon+1:]
	}
	for len(rest) > 0 {
		end := bytes.IndexByte(rest, ';')
		if end < 0 {
			end = len(rest) - 1
		}
		tag := rest[:end+1]
		rest = rest[end+1:]
		name, _, found := bytes.Cut(tag, []byte("="))
		if !found || string(bytes.TrimSpace(name)) != "b" {
			out = append(out, tag...)
			continue
		}
		out = append(append(out, name...), '=')
		if tag[len(tag)-1] == ';' {
			out = append(out, ';')
		}
	}
	return out
}
