package smtpclient

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"buzon/internal/message"
)

// Client is one connection. It serves one goroutine at a time.
type Client struct {
	w       *wire
	host    string
	hello   string
	timeout Timeouts
	dir     string

	ext       Extensions
	broken    bool // the connection lost its step, or the peer said that it closes
	needReset bool // a transaction was left open
}

// New takes over conn, reads the greeting and says EHLO, or HELO to a peer that refuses EHLO. host is the peer's name, for
// errors and as the name in its certificate. A *tls.Conn finishes its handshake first. On an error, always an *Error,
// conn is closed.
func New(ctx context.Context, conn net.Conn, host string, o Options) (*Client, error) {
	c := &Client{w: newWire(conn), host: host, hello: o.Hello, timeout: o.Timeouts.orDefaults(), dir: o.Dir}
	defer c.w.watch(ctx)()
	if err := c.begin(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// begin is all that comes before the first command of the caller.
func (c *Client) begin(ctx context.Context) error {
	if conn, ok := c.w.conn.(*tls.Conn); ok {
		if err := c.handshake(ctx, conn); err != nil {
			return err
		}
	}
	if err := c.greeting(); err != nil {
		return err
	}
	return c.sayHello()
}

// Extensions are what the peer offers now; they change with StartTLS.
func (c *Client) Extensions() Extensions { return c.ext }

// Host is the peer's name as given to New.
func (c *Client) Host() string { return c.host }

// TLS is the state of the connection's TLS, nil without.
func (c *Client) TLS() *tls.ConnectionState {
	conn, ok := c.w.conn.(*tls.Conn)
	if !ok {
		return nil
	}
	state := conn.ConnectionState()
	return &state
}

// Usable tells whether another message may be sent.
func (c *Client) Usable() bool { return !c.broken && !c.w.interrupted() }

// Close says QUIT where the peer still listens, waits shortly for its answer, and closes the connection. It may be called
// at any time, and more than once.
func (c *Client) Close() error {
	if !c.broken {
		c.broken = true
		if c.w.send(c.timeout.Quit, "QUIT") == nil {
			c.w.reply(c.timeout.Quit, nil) // whatever it is, the work is done
		}
	}
	return c.w.close()
}

// ask sends one command and reads its reply. Errors are *Error; a reply is none, but 421 is (RFC 5321 §3.8).
func (c *Client) ask(stage string, d time.Duration, command string) (message.Reply, error) {
	if c.broken {
		return message.Reply{}, &Error{Host: c.host, Stage: stage, Err: ErrUnusable}
	}
	if err := c.w.send(d, command); err != nil {
		return message.Reply{}, c.writeFailed(stage, err)
	}
	return c.read(stage, d, nil)
}
