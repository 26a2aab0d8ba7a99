package smtpclient

import (
	"errors"
	"fmt"

	"buzon/internal/message"
)

// What an Error may wrap besides the errors of the connection.
var (
	ErrReply      = errors.New("the peer's reply is not SMTP")          // malformed, too long, or out of step
	ErrInjected   = errors.New("the peer sent plain text ahead of TLS") // CVE-2011-0411
	ErrNotOffered = errors.New("the peer does not offer it")            // STARTTLS, or a usable AUTH mechanism
	ErrPlaintext  = errors.New("no password is sent without TLS")       // the only mechanisms in common would
	ErrProof      = errors.New("the peer did not prove that it knows the password")
	ErrUnusable   = errors.New("the connection is not usable any more")
)

// Error is why a connection or a step of it failed. Either Reply is what the peer said, or it is zero and Err tells.
type Error struct {
	Host  string // the peer
	Stage string // "greeting", "EHLO", "STARTTLS", "TLS", "AUTH", "RSET", "MAIL", "RCPT", "DATA", "BDAT", "body", "end"
	Reply message.Reply
	Err   error

	// Uncertain tells that the whole message went out but its answer never came: the peer may have taken it, and sending
	// it again may deliver it twice (RFC 1047).
	Uncertain bool
}

// Error implements error.
func (e *Error) Error() string {
	text := "smtp to " + e.Host + ", " + e.Stage + ": "
	switch {
	case e.Err == nil:
		return text + e.Reply.Error()
	case e.Reply.Code != 0:
		return fmt.Sprintf("%s%v (%v)", text, e.Err, &e.Reply)
	}
	return text + e.Err.Error()
}

// Unwrap gives what is below.
func (e *Error) Unwrap() error { return e.Err }

// Permanent tells that the peer said no for good.
func (e *Error) Permanent() bool { return e.Reply.Code/100 == 5 }
