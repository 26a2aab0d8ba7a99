package outbound

import (
	"context"
	"crypto/tls"

	"buzon/internal/message"
	"buzon/internal/smtpclient"
)

// Session is an open connection that takes one message after the other. It serves one goroutine at a time.
type Session struct {
	client *smtpclient.Client
	host   string
	level  TLSLevel
	safe   bool // the server is proved to be the right one, as REQUIRETLS wants it

	learn func(ctx context.Context, replies []message.Reply) // nil: nothing to learn from what the server says
}

var errRequireTLS = message.Reply{Code: 550, Enhanced: [3]int{5, 7, 30},
	Text: "The message must only travel over checked encryption (REQUIRETLS), and the next server does not offer that"}

// Send gives one reply for each recipient; the error is only for a connection that is lost (see smtpclient).
func (x *Session) Send(ctx context.Context, m smtpclient.Mail) ([]message.Reply, error) {
	if m.RequireTLS && !(x.safe && x.client.Extensions().RequireTLS) { // RFC 8689 §4.2.1
		replies := make([]message.Reply, len(m.To))
		for i := range replies {
			replies[i] = errRequireTLS
		}
		return replies, nil
	}
	replies, err := x.client.Send(ctx, m)
	if x.learn != nil {
		x.learn(ctx, replies)
	}
	return replies, err
}

// Host is the server's name.
func (x *Session) Host() string { return x.host }

// TLS tells how the connection is protected, for the history: "" is plain text, else for example "TLS 1.3, DANE".
func (x *Session) TLS() string {
	state := x.client.TLS()
	if state == nil {
		return ""
	}
	return tls.VersionName(state.Version) + ", " + x.level.String()
}

// Level is how safe the connection is.
func (x *Session) Level() TLSLevel { return x.level }

// RelaysDSN tells whether the server takes over the duty to report (RFC 3461).
func (x *Session) RelaysDSN() bool { return x.client.Extensions().DSN }

// Usable tells whether another message may be sent.
func (x *Session) Usable() bool { return x.client.Usable() }

// Close says goodbye. It may be called more than once. Its error is of no use to anybody: the work is done.
func (x *Session) Close() { _ = x.client.Close() }
