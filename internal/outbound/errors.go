package outbound

import (
	"errors"
	"fmt"
	"os"

	"buzon/internal/message"
	"buzon/internal/smtpclient"
)

// Error is a failure of Open: what the sender of the mail is told, which host it was about, and what exactly happened.
type Error struct {
	Reply message.Reply
	Host  string // "" where it did not come to a host
	Err   error  // for the log; may be nil

	refused bool // the peer spoke, and turned us away before any mail
}

func (e *Error) Error() string {
	text := e.Reply.Error()
	if e.Host != "" {
		text = e.Host + ": " + text
	}
	if e.Err != nil {
		text += " (" + e.Err.Error() + ")"
	}
	return text
}

// Unwrap gives the reply, for errors.As with *message.Reply, and the cause.
func (e *Error) Unwrap() []error { return []error{&e.Reply, e.Err} }

// Permanent tells whether trying again is of no use.
func (e *Error) Permanent() bool { return e.Reply.Code >= 500 }

// errTryLater is for what nobody foresaw: the mail stays.
var errTryLater = message.Reply{Code: 451, Enhanced: [3]int{4, 3, 0}, Text: "Something went wrong here; trying again later"}

// explain joins a reply and its cause.
func explain(reply *message.Reply, cause error) error {
	return &Error{Reply: *reply, Err: cause}
}

// failure is err as an *Error about host. What is neither a reply nor an Error yet is our own trouble.
func failure(host string, err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		if known.Host == "" && host != "" {
			named := *known
			named.Host = host
			return &named
		}
		return known
	}
	var reply *message.Reply
	if errors.As(err, &reply) {
		return &Error{Reply: *reply, Host: host}
	}
	return &Error{Reply: errTryLater, Host: host, Err: err}
}

// unreachable is the reply about a connection that was not made.
func unreachable(host string, err error) *Error {
	return &Error{Host: host, Err: err, Reply: message.Reply{Code: 451, Enhanced: [3]int{4, 4, 1},
		Text: fmt.Sprintf("The server %s does not answer", host)}}
}

var errNoSTARTTLS = errors.New("the server does not offer STARTTLS")

// tlsRefused is the reply about a server that is not safe enough. It is temporary: the domain may mend it (RFC 8461 §5,
// RFC 7672 §2.2).
func tlsRefused(host string, err error) *Error {
	return &Error{Host: host, Err: err, Reply: message.Reply{Code: 451, Enhanced: [3]int{4, 7, 5},
		Text: fmt.Sprintf("The domain demands checked encryption, but %s does not pass: %s", host, err)}}
}

// spoken is what a server said, or failed to say, before any mail was offered. It condemns no message: the words 554 at
// the greeting are about us or our address, and another way or another day may do. Only 521 (RFC 7504 §3) means that this
// server never takes mail.
func spoken(host string, err error) *Error {
	var said *smtpclient.Error
	if !errors.As(err, &said) || said.Reply.Code == 0 {
		return unreachable(host, err)
	}
	e := &Error{Reply: said.Reply, Host: host, Err: err}
	if e.Reply.Code >= 500 && e.Reply.Code != 521 {
		e.refused = true
		e.Reply.Text = fmt.Sprintf("Refused at %s: %s", said.Stage, said.Reply.Error())
		e.Reply.Code = 451
		e.Reply.Enhanced[0] = 4
	}
	return e
}

// moreTelling chooses which of two failures to tell: a temporary one, for mail only comes back when every server is
// hopeless, and among those the one of a server that spoke.
func moreTelling(first, second *Error) *Error {
	switch {
	case first == nil:
		return second
	case first.Permanent() != second.Permanent():
		if first.Permanent() {
			return second
		}
		return first
	case first.Reply.Enhanced[1] == 4 && second.Reply.Enhanced[1] != 4: // X.4.Z: the network or the DNS
		return second
	}
	return first
}

// hostName is the machine's own name, for want of a better one.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	if ascii, err := asciiName(name); err == nil {
		return ascii
	}
	return "localhost"
}
