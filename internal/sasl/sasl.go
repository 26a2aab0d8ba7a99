// Package sasl is the server side of SASL (RFC 4422) for SMTP, IMAP and POP3: PLAIN, LOGIN, SCRAM-SHA-256 and
// SCRAM-SHA-256-PLUS. Every mechanism is a go-sasl Server, good for one exchange on one connection.
//
// Invariants: a response is capped before it is parsed; an unknown user and a wrong password cannot be told apart by the
// client; a mechanism that has failed stays failed. None of the three protocols can carry data beside its final success
// (RFC 4954 §4, RFC 9051 §6.2.2, RFC 5034 §4), so a last word from the server is one more challenge, answered by an
// empty response.
package sasl

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrCredentials is a login that failed: unknown user, wrong password, a proof or a channel binding that does not
	// match. It is what counts as a failed login.
	ErrCredentials = errors.New("wrong user name or password")

	// ErrMalformed is an exchange that breaks the mechanism's syntax or its order.
	ErrMalformed = errors.New("malformed authentication exchange")
)

// The longest response that is looked at. PLAIN carries three strings of 255 characters (RFC 4616 §2) and SCRAM a name,
// two nonces and a hash; real ones stay under 300 octets.
const maxResponse = 2 << 10 // octets

// checkSize refuses an oversized response before anything parses it.
func checkSize(response []byte) error {
	if len(response) > maxResponse {
		return malformed("response of %d octets", len(response))
	}
	return nil
}

// checkIdentity refuses to act for somebody else: we have no proxy logins, so an authorization identity is either absent
// or the user's own name (RFC 4422 §3.4.1).
func checkIdentity(authzid, user string) error {
	if authzid != "" && !strings.EqualFold(authzid, user) {
		return fmt.Errorf("%w: %q may not act for %q", ErrCredentials, user, authzid)
	}
	return nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}
