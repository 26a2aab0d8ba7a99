package sasl

import (
	"strings"
	"unicode/utf8"

	gosasl "github.com/emersion/go-sasl"
)

type plain struct {
	verify func(user, pass string) error
	done   bool
}

// Plain is PLAIN (RFC 4616). The error of verify is returned as it is; ErrCredentials is the one for a failed login.
func Plain(verify func(user, pass string) error) gosasl.Server {
	return &plain{verify: verify}
}

// Next implements go-sasl's Server.
func (p *plain) Next(response []byte) (challenge []byte, done bool, err error) {
	if p.done {
		return nil, false, malformed("PLAIN has one response")
	}
	if response == nil { // no initial response: ask for it
		return []byte{}, false, nil
	}
	p.done = true
	authzid, user, pass, err := parsePlain(response)
	if err != nil {
		return nil, false, err
	}
	if err := checkIdentity(authzid, user); err != nil {
		return nil, false, err
	}
	if err := p.verify(user, pass); err != nil {
		return nil, false, err
	}
	return nil, true, nil
}

// parsePlain splits [authzid] NUL authcid NUL passwd (RFC 4616 §2).
func parsePlain(response []byte) (authzid, user, pass string, err error) {
	if err := checkSize(response); err != nil {
		return "", "", "", err
	}
	parts := strings.Split(string(response), "\x00")
	switch {
	case len(parts) != 3:
		return "", "", "", malformed("PLAIN needs three parts, got %d", len(parts))
	case parts[1] == "" || parts[2] == "":
		return "", "", "", malformed("PLAIN with an empty name or password")
	case !utf8.Valid(response):
		return "", "", "", malformed("PLAIN is not UTF-8")
	}
	return parts[0], parts[1], parts[2], nil
}
