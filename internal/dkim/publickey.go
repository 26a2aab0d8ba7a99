package dkim

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// PublicKey is what a TXT record publishes (RFC 6376 §3.6.1).
type PublicKey struct {
	Algorithm string // RSA or Ed25519
	Bits      int    // of an RSA key's modulus; 256 of Ed25519
	Testing   bool   // t=y: the domain tries DKIM out

	strict  bool // t=s: i= has the domain of d= itself
	rsa     *rsa.PublicKey
	ed25519 ed25519.PublicKey
}

// Errors of ParseRecord.
var (
	ErrRevoked = errors.New("the key was revoked")               // RFC 6376 §3.6.1: an empty p=
	ErrRecord  = errors.New("the record does not publish a key") // that could verify mail
)

// maxRSABits bounds the work of one verification; nobody publishes more than 4096.
const maxRSABits = 8192

// ParseRecord reads the text of a TXT record. ErrRevoked, ErrRecord.
func ParseRecord(text string) (*PublicKey, error) {
	tags, ok := tagList(text)
	if !ok {
		return nil, fmt.Errorf("%w: not a list of tags", ErrRecord)
	}
	if v, found := tags["v"]; found && (v != "DKIM1" || !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "v")) { // RFC 6376 §3.6.1: first, if there
		return nil, fmt.Errorf("%w: v= is not DKIM1", ErrRecord)
	}
	if h, found := tags["h"]; found && !listed(h, "sha256") {
		return nil, fmt.Errorf("%w: it forbids sha256", ErrRecord)
	}
	if s, found := tags["s"]; found && !listed(s, "email") && !listed(s, "*") {
		return nil, fmt.Errorf("%w: it is not for mail", ErrRecord)
	}
	k := &PublicKey{Algorithm: strings.ToLower(tags["k"]), Testing: listed(tags["t"], "y"), strict: listed(tags["t"], "s")}
	if k.Algorithm == "" {
		k.Algorithm = RSA
	}
	p, found := tags["p"]
	if !found {
		return nil, fmt.Errorf("%w: p= is missing", ErrRecord)
	}
	if p = withoutSpace(p); p == "" {
		return nil, ErrRevoked
	}
	der, err := base64.StdEncoding.DecodeString(p)
	if err != nil {
		return nil, fmt.Errorf("%w: p= is not base64", ErrRecord)
	}
	return k, k.read(der)
}

func (k *PublicKey) read(der []byte) error {
	switch k.Algorithm {
	case RSA:
		return k.readRSA(der)
	case Ed25519:
		if len(der) != ed25519.PublicKeySize { // RFC 8463 §4
			return fmt.Errorf("%w: a key of %d octets", ErrRecord, len(der))
		}
		k.ed25519, k.Bits = der, 256
		return nil
	}
	return fmt.Errorf("%w: k= is unknown", ErrRecord)
}

// readRSA takes the form that all use, and the one that RFC 6376 §3.6.1 names (erratum 3017).
func (k *PublicKey) readRSA(der []byte) error {
	public, err := x509.ParsePKIXPublicKey(der)
	if err == nil {
		k.rsa, _ = public.(*rsa.PublicKey)
	} else if k.rsa, err = x509.ParsePKCS1PublicKey(der); err != nil {
		return fmt.Errorf("%w: not an RSA key", ErrRecord)
	}
	if k.rsa == nil {
		return fmt.Errorf("%w: not an RSA key", ErrRecord)
	}
	if k.Bits = k.rsa.N.BitLen(); k.Bits > maxRSABits {
		return fmt.Errorf("%w: a key of %d bits", ErrRecord, k.Bits)
	}
	return nil
}
