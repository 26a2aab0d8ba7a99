package smtpconn

import (
	"io"
	"strconv"
	"time"
)

// Guest is what somebody else decides about one connection. All is called from the connection's goroutine, Closed once and
// last; fields may be nil. Replies are whole lines without their end, and end the connection.
type Guest struct {
	Refuse string        // in place of the greeting; "" greets
	Wait   time.Duration // that the peer has to be silent before it is greeted (RFC 5321 §4.3.1). Not where TLS comes first
	Early  func() string // hears that it was not, and gives the reply
	// Said hears the code of every reply to a command, and may give one more that ends the connection.
	Said   func(code int) string
	Closed func()
}

// welcome asks the guest, and waits; false: the connection is over.
func (c *Conn) welcome() bool {
	if c.opt.Guest == nil {
		return true
	}
	c.guest = c.opt.Guest(c)
	if c.guest.Refuse != "" {
		c.out = c.out[:0] // the greeting
		c.say(c.guest.Refuse)
		return false
	}
	if c.guest.Wait <= 0 || c.opt.Implicit {
		return true
	}
	return c.listen(c.guest.Wait)
}

// listen waits for silence; false: the connection is over.
func (c *Conn) listen(wait time.Duration) bool {
	c.mu.Lock()
	if c.draining {
		c.mu.Unlock()
		return true // it is told in a moment
	}
	err := c.Conn.SetReadDeadline(time.Now().Add(wait))
	c.mu.Unlock()
	if err != nil {
		_ = c.fail(err)
		return false
	}
	n, err := c.Conn.Read(make([]byte, 1))
	switch {
	case n > 0:
		c.out = c.out[:0]
		text := "554 5.5.1 You talked before you were greeted"
		if c.guest.Early != nil {
			text = c.guest.Early()
		}
		c.say(text)
		return false
	case isTimeout(err):
		return true
	}
	_ = c.fail(err) // it went away
	return false
}

// heard tells the guest of a reply, and ends the connection after 421 (RFC 5321 §3.8) and where the guest wants it.
func (c *Conn) heard(line []byte) {
	if len(line) < 4 || line[3] != ' ' { // more lines follow
		return
	}
	code, err := strconv.Atoi(string(line[:3]))
	if err != nil {
		return
	}
	if c.guest.Said != nil {
		if last := c.guest.Said(code); last != "" && code != 421 {
			c.finish(last)
			return
		}
	}
	if code == 421 {
		c.finish("")
	}
}

// finish makes what was said the last word, with one line more.
func (c *Conn) finish(line string) {
	if line != "" {
		c.out = append(append(c.out, line...), "\r\n"...)
	}
	_ = c.flush() // the peer may be gone: then there is nobody to tell
	c.fatal = io.EOF
	if c.mode != commands {
		c.fatal = io.ErrUnexpectedEOF // as in fail
	}
}
