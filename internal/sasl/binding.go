package sasl

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// Binding gives the channel binding data of a TLS connection by its registered name: "tls-exporter" (RFC 9266) and
// "tls-server-end-point" (RFC 5929 §4). leaf is our own certificate on that connection and may be nil, which leaves
// tls-exporter. tls-unique is not defined for TLS 1.3 and broken before.
func Binding(cs *tls.ConnectionState, leaf *x509.Certificate) func(kind string) ([]byte, error) {
	return func(kind string) ([]byte, error) {
		switch {
		case cs == nil:
			return nil, errors.New("no TLS on this connection")
		case kind == "tls-exporter":
			return cs.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
		case kind == "tls-server-end-point" && leaf != nil:
			return endPoint(leaf)
		}
		return nil, fmt.Errorf("no channel binding of the kind %q", kind)
	}
}

// endPoint hashes the certificate with the hash of its signature, SHA-256 where that is MD5 or SHA-1 (RFC 5929 §4.1).
func endPoint(leaf *x509.Certificate) ([]byte, error) {
	var hash crypto.Hash
	switch leaf.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.ECDSAWithSHA256:
		hash = crypto.SHA256
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		hash = crypto.SHA512
	default: // Ed25519 has no hash of its own, and RFC 5929 leaves such a binding undefined
		return nil, fmt.Errorf("tls-server-end-point is undefined for %v", leaf.SignatureAlgorithm)
	}
	h := hash.New()
	h.Write(leaf.Raw)
	return h.Sum(nil), nil
}
