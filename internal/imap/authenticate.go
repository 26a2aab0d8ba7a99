package imap

import (
	"encoding/base64"

	"github.com/emersion/go-sasl"
)

// errCancelled is what "*" does to an exchange (RFC 3501 §6.2.2).
var errCancelled = syntaxf("The log-in was cancelled.")

// authenticate is AUTHENTICATE (RFC 3501 §6.2.2) with an initial response (RFC 4959).
func (s *session) authenticate(tag string) error {
	peer := s.wire.peer()
	if !peer.Secure() {
		return errNotPrivate
	}
	mechanism, response, err := s.authenticateArguments()
	if err != nil {
		return err
	}
	if !s.offers(peer, mechanism) {
		return refuse("CANNOT", "There is no such way to log in here.")
	}
	var account Account
	server, err := s.server.Backend.Authenticate(s.ctx, peer, mechanism, func(a Account) { account = a })
	if err != nil {
		return err
	}
	if err := s.exchange(server, response); err != nil {
		return s.loginFailed(tag, err)
	}
	if account == nil {
		return s.loginFailed(tag, ErrCredentials)
	}
	return s.loggedIn(tag, account)
}

func (s *session) offers(p Peer, mechanism string) bool {
	for _, m := range s.server.Backend.Mechanisms(p) {
		if m == mechanism {
			return true
		}
	}
	return false
}

func (s *session) authenticateArguments() (mechanism string, initial []byte, err error) {
	if err = s.dec.SP(); err != nil {
		return "", nil, err
	}
	if mechanism, err = s.dec.Keyword(); err != nil {
		return "", nil, err
	}
	if s.dec.AtEnd() {
		return mechanism, nil, s.dec.CRLF()
	}
	if err = s.dec.SP(); err != nil {
		return "", nil, err
	}
	line, err := s.dec.Line()
	if err != nil {
		return "", nil, err
	}
	if line == "=" { // RFC 4959 §3: an initial response that is empty
		return mechanism, []byte{}, nil
	}
	initial, err = decodeBase64(line)
	return mechanism, initial, err
}

// exchange runs the mechanism to its end. A nil response means there is none yet.
func (s *session) exchange(server sasl.Server, response []byte) error {
	for {
		challenge, done, err := server.Next(response)
		if err != nil || done {
			return err
		}
		s.enc.Raw("+ ").Raw(base64.StdEncoding.EncodeToString(challenge)).CRLF()
		if err := s.enc.Flush(); err != nil {
			return err
		}
		if response, err = s.readResponse(); err != nil {
			return err
		}
	}
}

func (s *session) readResponse() ([]byte, error) {
	s.dec.reset()
	line, err := s.dec.Line()
	if err != nil {
		return nil, err
	}
	if line == "*" {
		return nil, errCancelled
	}
	return decodeBase64(line)
}

// decodeBase64 never returns nil for an empty line: to go-sasl nil means no response at all.
func decodeBase64(line string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		return nil, syntaxf("That is not base64.")
	}
	return append([]byte{}, b...), nil
}
