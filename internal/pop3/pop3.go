// Package pop3 speaks POP3 (RFC 1939) on the server's side, with CAPA and response codes (RFC 2449, RFC 3206), AUTH
// (RFC 5034), STLS (RFC 2595), UTF8 and LANG (RFC 6856). What mail there is comes from a Backend.
//
// The files: server.go accepts and stops, session.go reads commands and keeps the state, wire.go and dot.go are the codec,
// drop.go is the list of messages and its marks, text.go every sentence; then a file for each command or group.
//
// Invariants: one goroutine a connection; no buffer while a peer is idle; nothing grows with the size of a message, and the
// list of messages takes 16 octets for each; nothing is removed but by QUIT, and then all or nothing.
package pop3

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"iter"
	"net/netip"

	"github.com/emersion/go-sasl"
)

// Errors a Backend wraps so that a command can answer with the right response code. Any other error is [SYS/TEMP] on the
// wire and its detail in the log.
var (
	ErrCredentials = errors.New("wrong name or password") // [AUTH], RFC 3206 §4
	ErrInUse       = errors.New("maildrop is in use")     // [IN-USE], RFC 2449 §8.1.2
	ErrGone        = errors.New("message was removed")    // by somebody else, since the session began
	ErrExchange    = errors.New("malformed exchange")     // of AUTH; not a failed log-in
)

// Peer is the other end of a connection.
type Peer struct {
	Addr netip.Addr
	TLS  *tls.ConnectionState // nil without TLS
}

// Secure tells whether a password may cross the connection: under TLS, or on loopback.
func (p Peer) Secure() bool { return p.TLS != nil || p.Addr.IsLoopback() }

// Backend lets people in. It slows down those who guess.
type Backend interface {
	// Mechanisms are the SASL mechanisms to offer this peer.
	Mechanisms(p Peer) []string
	// Authenticate starts a SASL exchange; done gets the account when it succeeds.
	Authenticate(ctx context.Context, p Peer, mechanism string, done func(Account)) (sasl.Server, error)
	// Login is for USER and PASS.
	Login(ctx context.Context, p Peer, user, password string) (Account, error)
}

// Account is somebody who has logged in.
type Account interface {
	Name() string // for the log
	// Open takes the exclusive lock of the maildrop (RFC 1939 §4); ErrInUse.
	Open(ctx context.Context) (Maildrop, error)
}

// Maildrop is the mail of one account, held for one session.
type Maildrop interface {
	// Validity and a message's UID together are its UIDL.
	Validity() uint32
	// List is every message by ascending UID. The session keeps and changes it.
	List(ctx context.Context) ([]Message, error)
	// Vanished tells the UIDs that others removed since List or the last call. It is cheap while nothing happens.
	Vanished(ctx context.Context) (iter.Seq[uint32], error)
	// Body opens a message; ErrGone.
	Body(ctx context.Context, m Message) (Body, error)
	// Update marks what was fetched and removes what was deleted, which must not fail for what is gone already. The
	// removal is all or nothing.
	Update(ctx context.Context, fetched, deleted iter.Seq[uint32]) error
	// Close gives the lock back.
	Close()
}

// Body is a stored message. WriteTo fails with ErrGone when it was removed.
type Body interface {
	io.WriterTo
	Release()
}

// MaxSize is the largest message that a Message can tell of.
const MaxSize = 1<<30 - 1 // octets

// Message is one line of a Maildrop's list. Its 16 octets are what a session holds for a message.
type Message struct {
	Body int64
	UID  uint32
	Size uint32 // octets in the low 30 bits; above them the session's marks
}
