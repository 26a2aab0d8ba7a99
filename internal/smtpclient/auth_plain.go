package smtpclient

import (
	"errors"
	"fmt"
	"strings"
)

var errNUL = errors.New("user name or password with a NUL")

// plainClient is PLAIN (RFC 4616).
type plainClient struct{ login Login }

func (p *plainClient) name() string { return "PLAIN" }
func (p *plainClient) end() error   { return nil }
func (p *plainClient) told() string { return "" }

func (p *plainClient) start() ([]byte, error) {
	if strings.Contains(p.login.User+p.login.Password, "\x00") {
		return nil, errNUL
	}
	return []byte("\x00" + p.login.User + "\x00" + p.login.Password), nil
}

func (p *plainClient) next([]byte) ([]byte, error) {
	return nil, fmt.Errorf("%w: PLAIN has no challenge", ErrReply)
}

// loginClient is LOGIN (draft-murchison-sasl-login): two challenges, whatever they say.
type loginClient struct {
	login Login
	asked int
}

func (l *loginClient) name() string           { return "LOGIN" }
func (l *loginClient) start() ([]byte, error) { return nil, nil }
func (l *loginClient) told() string           { return "" }

func (l *loginClient) next([]byte) ([]byte, error) {
	switch l.asked++; l.asked {
	case 1:
		return []byte(l.login.User), nil
	case 2:
		return []byte(l.login.Password), nil
	}
	return nil, fmt.Errorf("%w: LOGIN has two challenges", ErrReply)
}

func (l *loginClient) end() error { return nil }
