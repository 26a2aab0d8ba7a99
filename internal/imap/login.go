package imap

import (
	"errors"
	"slices"
)

// maxLogins is how many log-ins may fail on one connection; the delays are the Backend's.
const maxLogins = 5

// errNotPrivate refuses a password in the clear (RFC 5530 §3).
var errNotPrivate = refuse("PRIVACYREQUIRED", "A password may only be sent over TLS; please switch it on in your mail program.")

// login is LOGIN (RFC 3501 §6.2.3).
func (s *session) login(tag string) error {
	peer := s.wire.peer()
	if !peer.Secure() {
		return errNotPrivate
	}
	user, password, err := s.loginArguments()
	if err != nil {
		return err
	}
	account, err := s.server.Backend.Login(s.ctx, peer, user, password)
	if err != nil {
		return s.loginFailed(tag, err)
	}
	return s.loggedIn(tag, account)
}

func (s *session) loginArguments() (user, password string, err error) {
	if err = s.dec.SP(); err != nil {
		return "", "", err
	}
	if user, err = s.dec.AString(); err != nil {
		return "", "", err
	}
	if err = s.dec.SP(); err != nil {
		return "", "", err
	}
	if password, err = s.dec.AString(); err != nil {
		return "", "", err
	}
	return user, password, s.dec.CRLF()
}

// loggedIn makes the session the account's.
func (s *session) loggedIn(tag string, account Account) error {
	account.Arrive(s.wire.peer())
	account.Named(s.client)
	s.account, s.hidden = account, slices.Clone(account.Hidden(s.client))
	s.state = authenticated
	s.log = s.log.With("account", account.Name())
	s.wire.loggedIn()
	s.configureCodec()
	return s.ok(tag, s.capabilityCode(), "Welcome.")
}

// loginFailed answers a failed log-in, always with the same words, and ends
// the connection after some of them.
func (s *session) loginFailed(tag string, err error) error {
	if !errors.Is(err, ErrCredentials) {
		return err
	}
	if err := s.fail(tag, ErrCredentials); err != nil {
		return err
	}
	if s.logins++; s.logins >= maxLogins {
		return &fatalError{"Too many failed log-ins."}
	}
	return nil
}
