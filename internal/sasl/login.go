package sasl

import (
	"bytes"
	"unicode/utf8"

	gosasl "github.com/emersion/go-sasl"
)

type login struct {
	verify func(user, pass string) error
	step   int
	user   string
}

// The steps of LOGIN, in their order.
const (
	loginStart = iota
	loginUser
	loginPass
	loginDone
)

// Login is LOGIN (draft-murchison-sasl-login), which old Outlooks and many printers still need. The error of verify is
// returned as it is; ErrCredentials is the one for a failed login.
func Login(verify func(user, pass string) error) gosasl.Server {
	return &login{verify: verify}
}

// Next implements go-sasl's Server.
func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	if err := checkSize(response); err != nil {
		l.step = loginDone
		return nil, false, err
	}
	if l.step == loginStart {
		l.step = loginUser
		if response == nil {
			return []byte("Username:"), false, nil
		}
	}
	switch l.step {
	case loginUser:
		return l.takeUser(response)
	case loginPass:
		return l.takePass(response)
	default:
		return nil, false, malformed("LOGIN has two responses")
	}
}

func (l *login) takeUser(response []byte) ([]byte, bool, error) {
	l.step = loginDone // until it is known to be good
	user, err := loginText(response)
	if err != nil {
		return nil, false, err
	}
	l.user, l.step = user, loginPass
	return []byte("Password:"), false, nil
}

func (l *login) takePass(response []byte) ([]byte, bool, error) {
	l.step = loginDone
	pass, err := loginText(response)
	if err != nil {
		return nil, false, err
	}
	if err := l.verify(l.user, pass); err != nil {
		return nil, false, err
	}
	return nil, true, nil
}

func loginText(response []byte) (string, error) {
	switch {
	case len(response) == 0:
		return "", malformed("LOGIN with an empty name or password")
	case bytes.IndexByte(response, 0) >= 0 || !utf8.Valid(response):
		return "", malformed("LOGIN is not UTF-8 text")
	}
	return string(response), nil
}
