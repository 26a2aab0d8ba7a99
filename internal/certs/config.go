package certs

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"slices"
	"time"
)

// TLSConfig is a new configuration for a listener that speaks the given ALPN protocols (none: no ALPN). TLS 1.2 is the
// least (RFC 8314 §4.1, RFC 8996), and with it only suites that are neither old nor a matter of how carefully they were
// written: forward secrecy and authenticated encryption (RFC 9325 §4.2). Whoever cannot do them cannot do our kind of key.
//
// A session may be resumed within a day, by tickets whose keys crypto/tls makes anew every 24 hours and never writes down,
// and only as long as the certificate is the same: a client that resumes sees none, and would bind its password (RFC 5929)
// to the one before.
func (s *Source) TLSConfig(alpn ...string) *tls.Config {
	c := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		CipherSuites:   suites(),
		GetCertificate: s.GetCertificate,
		NextProtos:     alpn,
	}
	c.WrapSession = func(cs tls.ConnectionState, ss *tls.SessionState) ([]byte, error) {
		ss.Extra = append(ss.Extra, s.mark(&cs, s.own.now()))
		return c.EncryptTicket(cs, ss)
	}
	c.UnwrapSession = func(ticket []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		ss, err := c.DecryptTicket(ticket, cs)
		if ss == nil || err != nil || !slices.ContainsFunc(ss.Extra, func(b []byte) bool { return s.current(&cs, b) }) {
			return nil, err // a whole handshake
		}
		return ss, nil
	}
	return c
}

// ticketLife is how long a ticket is good: forward secrecy begins when it ends.
const ticketLife = 24 * time.Hour

// mark says in a ticket which certificate it belongs to, and when it was made.
func (s *Source) mark(cs *tls.ConnectionState, made time.Time) []byte {
	sum := sha256.Sum256(s.Leaf(cs).Raw)
	return binary.BigEndian.AppendUint64(sum[:], uint64(made.Unix()))
}

// current tells whether a ticket with a mark may still be used.
func (s *Source) current(cs *tls.ConnectionState, mark []byte) bool {
	if len(mark) != sha256.Size+8 {
		return false
	}
	made := time.Unix(int64(binary.BigEndian.Uint64(mark[sha256.Size:])), 0)
	return bytes.Equal(mark, s.mark(cs, made)) && s.own.now().Sub(made).Abs() < ticketLife
}

// suites are those of TLS 1.2; 1.3 has no others.
func suites() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
}
