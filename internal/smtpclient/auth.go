package smtpclient

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"buzon/internal/message"
)

// Login is who we are to a relay.
type Login struct {
	User, Password string // Password is the access token with OAuth
	OAuth          bool
	Plaintext      bool // a password may go out without TLS: for a relay on loopback
}

// mechanism is the client's side of one SASL exchange (RFC 4422 §3).
type mechanism interface {
	name() string
	start() ([]byte, error)                // the initial response; nil is none
	next(challenge []byte) ([]byte, error) // an error gives the exchange up
	end() error                            // the peer says that we are in: may it?
	told() string                          // what the peer said beside its reply, "" for nothing
}

const (
	// No mechanism of ours has more rounds than 3.
	maxRounds = 8

	// The longest command line (RFC 5321 §4.5.3.1.4), CRLF included. RFC 4954 §4: a longer initial response has to wait
	// for the peer's 334.
	maxCommandLine = 512 // octets
)

// Auth logs in by the best mechanism both sides have: SCRAM-SHA-256-PLUS, SCRAM-SHA-256, PLAIN, LOGIN, or with OAuth
// OAUTHBEARER and XOAUTH2. PLAIN, LOGIN and tokens need TLS, or Plaintext. A wrong password is an *Error with the peer's
// Reply, after which the connection is still Usable.
func (c *Client) Auth(ctx context.Context, l Login) error {
	defer c.w.watch(ctx)()
	if c.broken {
		return &Error{Host: c.host, Stage: "AUTH", Err: ErrUnusable}
	}
	list, err := c.mechanisms(l)
	if err != nil {
		return &Error{Host: c.host, Stage: "AUTH", Err: err}
	}
	for _, m := range list {
		if err = c.exchange(m); !mechanismRefused(err) {
			return err
		}
	}
	return err
}

// mechanismRefused tells that another mechanism may do (RFC 4954 §4 and §6: 504 not known, 534 too weak).
func mechanismRefused(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Err == nil && (e.Reply.Code == 504 || e.Reply.Code == 534)
}

// mechanisms are what both sides can do, best first.
func (c *Client) mechanisms(l Login) ([]mechanism, error) {
	open := c.TLS() == nil && !l.Plaintext
	var list []mechanism
	hidden := false
	for _, m := range c.known(l) {
		if !slices.Contains(c.ext.Auth, m.name()) {
			continue
		}
		if _, scram := m.(*scramClient); open && !scram {
			hidden = true
			continue
		}
		list = append(list, m)
	}
	switch {
	case len(list) > 0:
		return list, nil
	case hidden:
		return nil, ErrPlaintext
	}
	return nil, fmt.Errorf("%w: it has AUTH %q", ErrNotOffered, c.ext.Auth)
}

// known are all mechanisms of ours for l, best first.
func (c *Client) known(l Login) []mechanism {
	if l.OAuth {
		return []mechanism{&oauthBearer{login: l, host: c.host}, &xoauth2{login: l}}
	}
	return append(c.scrams(l), &plainClient{login: l}, &loginClient{login: l})
}

// exchange is one AUTH command with its challenges (RFC 4954 §4).
func (c *Client) exchange(m mechanism) error {
	initial, err := m.start()
	if err != nil {
		return &Error{Host: c.host, Stage: "AUTH", Err: err}
	}
	command, waiting := authCommand(m.name(), initial)
	for range maxRounds {
		r, challenge, err := c.askAuth(command)
		if err != nil {
			return err
		}
		if r.Code != 334 {
			return c.authenticated(m, r)
		}
		response := initial
		if !waiting {
			if response, err = answer(m, challenge); err != nil {
				return c.cancelAuth(err)
			}
		}
		waiting = false
		command = base64.StdEncoding.EncodeToString(response)
	}
	return c.cancelAuth(fmt.Errorf("%w: %s goes on and on", ErrReply, m.name()))
}

// authCommand is the AUTH command; waiting tells that the initial response did not fit. RFC 4954 §4: "=" is an empty one.
func authCommand(name string, initial []byte) (command string, waiting bool) {
	command = "AUTH " + name
	if initial == nil {
		return command, false
	}
	encoded := base64.StdEncoding.EncodeToString(initial)
	if encoded == "" {
		encoded = "="
	}
	if len(command)+len(encoded)+3 > maxCommandLine {
		return command, true
	}
	return command + " " + encoded, false
}

// askAuth sends a line and gives the reply with its text as it came: a challenge may be longer than what a reply keeps.
func (c *Client) askAuth(command string) (r message.Reply, challenge string, err error) {
	if err := c.w.send(c.timeout.Command, command); err != nil {
		return r, "", c.writeFailed("AUTH", err)
	}
	r, err = c.read("AUTH", c.timeout.Command, func(text string) { challenge = text })
	return r, challenge, err
}

// answer decodes a challenge and asks m for the response to it.
func answer(m mechanism, challenge string) ([]byte, error) {
	decoded, err := base64.StdEncoding.DecodeString(challenge)
	if _, isLogin := m.(*loginClient); err != nil && !isLogin { // its challenges mean nothing; some send them as text
		return nil, fmt.Errorf("%w: challenge: %w", ErrReply, err)
	}
	return m.next(decoded)
}

// cancelAuth ends an exchange that we cannot go on with (RFC 4954 §4: "*"). Whoever breaks it is not trusted with mail.
func (c *Client) cancelAuth(reason error) error {
	_, _, err := c.askAuth("*")
	c.broken = true
	return &Error{Host: c.host, Stage: "AUTH", Err: errors.Join(reason, err)}
}

// authenticated judges the final reply.
func (c *Client) authenticated(m mechanism, r message.Reply) error {
	switch {
	case r.Code/100 == 3:
		return c.outOfStep("AUTH", r)
	case r.Code/100 != 2:
		e := &Error{Host: c.host, Stage: "AUTH", Reply: r}
		if m.told() != "" {
			e.Err = errors.New(cleanText([]byte(m.told())))
		}
		return e
	}
	if err := m.end(); err != nil {
		c.broken = true
		return &Error{Host: c.host, Stage: "AUTH", Err: err}
	}
	return nil
}
