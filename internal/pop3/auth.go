package pop3

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"
)

// errExchange is a SASL exchange that the peer cancelled or broke; the reply is already written.
var errExchange = errors.New("exchange ended")

// auth is AUTH (RFC 5034). Alone it lists the mechanisms, as old programs expect.
func (s *session) auth(ctx context.Context, arg string) error {
	mechanism, initial, hasInitial := strings.Cut(strings.TrimSpace(arg), " ")
	mechanism = strings.ToUpper(mechanism)
	offered := s.server.Backend.Mechanisms(s.peer)
	switch {
	case !s.peer.Secure():
		s.fail(codePermanent, sayNoPassword)
		return nil
	case mechanism == "":
		s.mechanisms(offered)
		return nil
	case !slices.Contains(offered, mechanism):
		s.fail("", sayNoMechanism)
		return nil
	}
	var account Account
	server, err := s.server.Backend.Authenticate(ctx, s.peer, mechanism, func(a Account) { account = a })
	if err == nil {
		err = s.exchange(server, initial, hasInitial)
	}
	return s.authenticated(ctx, account, err)
}

func (s *session) mechanisms(offered []string) {
	s.ok(sayMechanisms)
	for _, m := range offered {
		s.writer().WriteString(m + "\r\n")
	}
	s.endList()
}

// exchange runs the mechanism to its end.
func (s *session) exchange(server sasl.Server, initial string, hasInitial bool) error {
	var response []byte
	if hasInitial {
		var err error
		if response, err = s.decode(initial); err != nil {
			return err
		}
	}
	for {
		challenge, done, err := server.Next(response)
		if err != nil || done {
			return err
		}
		if response, err = s.challenge(challenge); err != nil {
			return err
		}
	}
}

// challenge sends one and reads the response.
func (s *session) challenge(challenge []byte) ([]byte, error) {
	s.writer().WriteString("+ " + base64.StdEncoding.EncodeToString(challenge) + "\r\n")
	line, err := s.line()
	if err != nil {
		return nil, &lost{err}
	}
	if string(line) == "*" { // RFC 5034 §4
		s.fail("", sayCancelled)
		return nil, errExchange
	}
	return s.decode(string(line))
}

// decode reads base64. A lone "=" is an empty response (RFC 5034 §4).
func (s *session) decode(text string) ([]byte, error) {
	if text == "=" {
		return []byte{}, nil
	}
	response, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		s.fail("", sayBadExchange)
		return nil, errExchange
	}
	return response, nil
}

// lost is an error of the connection in the middle of an exchange.
type lost struct{ error }

// Unwrap gives the connection's own error.
func (l *lost) Unwrap() error { return l.error }

// authenticated answers the end of an exchange.
func (s *session) authenticated(ctx context.Context, account Account, err error) error {
	var gone *lost
	switch {
	case errors.As(err, &gone):
		return err
	case errors.Is(err, errExchange):
	case errors.Is(err, ErrExchange):
		s.fail("", sayBadExchange)
	case err != nil:
		s.failure(err)
	case account == nil: // a mechanism that ended without telling whom it let in
		s.failure(errors.New("authenticated nobody"))
	default:
		s.enter(ctx, account)
	}
	return nil
}
