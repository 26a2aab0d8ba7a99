package smtpclient

import (
	"time"

	"buzon/internal/message"
)

// greeting waits for the peer to begin. RFC 5321 §3.1: 220 welcomes, 554 sends away.
func (c *Client) greeting() error {
	r, err := c.read("greeting", c.timeout.Greeting, nil)
	if err != nil {
		return err
	}
	if r.Code != 220 {
		return c.refused("greeting", r)
	}
	return nil
}

// sayHello asks what the peer can do. All that was known before is forgotten (RFC 3207 §4.2).
func (c *Client) sayHello() error {
	c.ext, c.needReset = Extensions{}, false
	r, err := c.ehlo()
	if err != nil {
		return err
	}
	if r.Code/100 == 5 { // RFC 5321 §3.2: a server from before ESMTP
		c.ext = Extensions{}
		r, err = c.ask("HELO", c.timeout.Command, "HELO "+c.hello)
	}
	if err != nil {
		return err
	}
	if r.Code != 250 {
		return c.refused("EHLO", r)
	}
	return nil
}

func (c *Client) ehlo() (message.Reply, error) {
	if err := c.w.send(c.timeout.Command, "EHLO "+c.hello); err != nil {
		return message.Reply{}, c.writeFailed("EHLO", err)
	}
	first := true
	return c.read("EHLO", c.timeout.Command, func(text string) {
		if !first { // the first line is its name
			c.ext.add(text)
		}
		first = false
	})
}

// read reads a reply; whatever makes the connection useless is an error: loss, nonsense, and 421.
func (c *Client) read(stage string, d time.Duration, each func(text string)) (message.Reply, error) {
	r, err := c.w.reply(d, each)
	if err != nil {
		c.broken = true
		return message.Reply{}, &Error{Host: c.host, Stage: stage, Err: err}
	}
	if r.Code == 421 { // RFC 5321 §3.8: it closes
		c.broken = true
		return r, c.refused(stage, r)
	}
	return r, nil
}

// writeFailed is the error of a write that failed. A peer that closes often says why first, behind the replies to what was
// pipelined.
func (c *Client) writeFailed(stage string, err error) error {
	c.broken = true
	failed := &Error{Host: c.host, Stage: stage, Err: err}
	for range maxChunks {
		r, err := c.w.reply(c.timeout.Quit, nil)
		if err != nil {
			break // it says no more; the write's error stands
		}
		if r.Code == 421 || r.Code >= 400 && (stage == "DATA" || stage == "BDAT") { // of an envelope, it may be one recipient's
			failed.Reply = r
			break
		}
	}
	return failed
}

// refused is an error that only the peer's reply explains.
func (c *Client) refused(stage string, r message.Reply) error {
	return &Error{Host: c.host, Stage: stage, Reply: r}
}

// outOfStep is an error for a reply that does not belong to what was asked.
func (c *Client) outOfStep(stage string, r message.Reply) error {
	c.broken = true
	return &Error{Host: c.host, Stage: stage, Reply: r, Err: ErrReply}
}
