package smtpclient

import (
	"context"
	"crypto/tls"
	"fmt"
)

// StartTLS turns the connection into a TLS one and says EHLO again; what was offered before is forgotten (RFC 3207 §4.2).
// Without a name in config, the host given to New is it. Where the peer does not offer STARTTLS (ErrNotOffered) or refuses
// it (a Reply), the connection is still Usable as it was; a handshake that fails ends it.
func (c *Client) StartTLS(ctx context.Context, config *tls.Config) error {
	defer c.w.watch(ctx)()
	if !c.broken && !c.ext.StartTLS {
		return &Error{Host: c.host, Stage: "STARTTLS", Err: ErrNotOffered}
	}
	r, err := c.ask("STARTTLS", c.timeout.Command, "STARTTLS")
	if err != nil {
		return err
	}
	if r.Code/100 != 2 {
		return c.refused("STARTTLS", r)
	}
	if c.w.buffered() { // written by somebody in between, to be taken for the peer's words under TLS
		c.broken = true
		return &Error{Host: c.host, Stage: "STARTTLS", Err: ErrInjected}
	}
	conn := tls.Client(c.w.conn, c.named(config))
	if err := c.handshake(ctx, conn); err != nil {
		return err
	}
	c.w.over(conn)
	return c.sayHello()
}

// named is config with the name that a certificate is asked for.
func (c *Client) named(config *tls.Config) *tls.Config {
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = c.host
	}
	return config
}

func (c *Client) handshake(ctx context.Context, conn *tls.Conn) error {
	err := c.w.within(c.timeout.Command)
	if err == nil {
		err = conn.HandshakeContext(ctx)
	}
	if err != nil {
		c.broken = true
		return &Error{Host: c.host, Stage: "TLS", Err: fmt.Errorf("handshake: %w", c.w.explain(err))}
	}
	return nil
}
