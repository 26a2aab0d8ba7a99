package dkim

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"

	"buzon/internal/message"
)

// The algorithms of keys, as the tag k= of a record names them.
const (
	RSA     = "rsa"     // RFC 6376 §3.3.1: what every receiver knows
	Ed25519 = "ed25519" // RFC 8463: small and strong, known to some
)

// RFC 8301 §3.2: at least 2048 bits are to be used. More do not fit one string
// of a TXT record, and the forms of many DNS providers take one only.
const rsaBits = 2048

// ErrKey is what every error about an unusable key wraps.
var ErrKey = errors.New("not a key for DKIM")

// Key is a private key and where its public half is published.
type Key struct {
	Selector  string
	Algorithm string // RSA or Ed25519
	Private   []byte // PKCS #8, DER
}

// NewPair makes a key of each algorithm under selectors that begin with base.
// The RSA key takes seconds on a small board.
func NewPair(base string) ([]Key, error) {
	r, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return nil, fmt.Errorf("dkim: make RSA key: %w", err)
	}
	_, e, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("dkim: make Ed25519 key: %w", err)
	}
	// Two selectors, not two records at one: RFC 6376 §3.6.2.2 leaves it
	// undefined which of several records is looked at.
	var pair []Key
	for _, k := range []struct {
		algorithm string
		private   crypto.Signer
	}{{RSA, r}, {Ed25519, e}} {
		der, err := x509.MarshalPKCS8PrivateKey(k.private)
		if err != nil {
			return nil, fmt.Errorf("dkim: write %s key: %w", k.algorithm, err)
		}
		pair = append(pair, Key{base + "-" + k.algorithm, k.algorithm, der})
	}
	return pair, nil
}

// Name is where the key of a domain is published (RFC 6376 §3.6.2.1), in A-labels.
func (k Key) Name(domain string) string {
	return k.Selector + "._domainkey." + message.Address{Domain: domain}.ASCIIDomain()
}

// Record is the text of the TXT record that publishes the key (RFC 6376 §3.6.1).
// It is longer than one string of a record may be (RFC 1035 §3.3.14).
func (k Key) Record() (string, error) {
	public, err := k.public()
	if err != nil {
		return "", err
	}
	return "v=DKIM1; k=" + k.Algorithm + "; p=" + base64.StdEncoding.EncodeToString(public), nil
}

// public is the content of p=.
func (k Key) public() ([]byte, error) {
	private, err := k.parse()
	if err != nil {
		return nil, err
	}
	if public, ok := private.Public().(ed25519.PublicKey); ok {
		return public, nil // RFC 8463 §4: the 32 octets alone
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return nil, fmt.Errorf("dkim: key %s: %w", k.Selector, err)
	}
	return der, nil
}

// parse reads the private key and sees that it is what Algorithm says.
func (k Key) parse() (crypto.Signer, error) {
	private, err := x509.ParsePKCS8PrivateKey(k.Private)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w: %w", k.Selector, ErrKey, err)
	}
	switch p := private.(type) {
	case *rsa.PrivateKey:
		if k.Algorithm == RSA {
			return p, nil
		}
	case ed25519.PrivateKey:
		if k.Algorithm == Ed25519 {
			return p, nil
		}
	}
	return nil, fmt.Errorf("key %s: %w: not %s", k.Selector, ErrKey, k.Algorithm)
}
