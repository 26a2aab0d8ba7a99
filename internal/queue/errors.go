package queue

import (
	"errors"

	"buzon/internal/message"
)

// Error is why Open has no session, for those who know more than a reply.
type Error struct {
	Reply message.Reply // 5xx: the domain takes no mail; zero: 451
	Host  string        // who said it, "" where it did not come to a host
	Err   error         // what is behind it; may be nil
}

// Error implements error.
func (e *Error) Error() string {
	text := e.Reply.String()
	if e.Host != "" {
		text = e.Host + ": " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives what is behind it.
func (e *Error) Unwrap() error { return e.Err }

// explain is an error of Open as a reply, and the host that it came from.
func explain(err error) (message.Reply, string) {
	var known *Error
	if errors.As(err, &known) && known.Reply.Code != 0 {
		return known.Reply, known.Host
	}
	var reply *message.Reply
	if errors.As(err, &reply) && reply.Code != 0 {
		return *reply, ""
	}
	host := ""
	if known != nil {
		host = known.Host
	}
	// RFC 3463 §3.5 X.4.1: no answer from the host.
	return message.Reply{Code: 451, Enhanced: [3]int{4, 4, 1}, Text: err.Error()}, host
}
