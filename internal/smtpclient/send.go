package smtpclient

import (
	"context"
	"io"

	"buzon/internal/message"
)

// Send sends one message and gives the reply to each recipient of m.To, in their order. The error, an *Error, is for what
// ended the connection, or kept us from reading the body; the replies are whole even then: who has no answer gets a 4xx,
// and Uncertain says that the message may have arrived all the same. Refusals are no errors. Where the connection is still
// Usable, another message may follow.
func (c *Client) Send(ctx context.Context, m Mail) ([]message.Reply, error) {
	defer c.w.watch(ctx)()
	t := &transaction{c: c, mail: m, replies: make([]message.Reply, len(m.To))}
	err := t.run()
	t.close()
	if err != nil {
		t.settle(c.lost(err))
	}
	return t.replies, err
}

// transaction is one message under way.
type transaction struct {
	c       *Client
	mail    Mail
	replies []message.Reply // of a recipient still in the race, Code is 0

	body     io.Reader // as it goes out, but for line ends and dots
	size     int64     // octets of it
	bodyType string    // BODY= of MAIL, "" is none
	utf8     bool      // SMTPUTF8 of MAIL
	file     io.Closer // of a converted body

	mailRefused bool
	goAhead     bool // 354
}

// run ends without an error when every recipient has a reply.
func (t *transaction) run() error {
	if err := t.inStep(); err != nil {
		return err
	}
	for _, step := range []func() error{t.foresee, t.prepare, t.envelope, t.content} {
		if err := step(); err != nil {
			return err
		}
		if !t.open() && !t.goAhead {
			return nil
		}
	}
	return nil
}

// inStep looks for words that nobody asked for: a farewell, or a reply too many, after which none could be believed.
func (t *transaction) inStep() error {
	c := t.c
	if c.broken {
		return &Error{Host: c.host, Stage: "MAIL", Err: ErrUnusable}
	}
	if !c.w.buffered() {
		return nil
	}
	r, err := c.read("MAIL", c.timeout.Command, nil)
	if err != nil {
		return err
	}
	return c.outOfStep("MAIL", r)
}

// open tells whether any recipient is still in the race.
func (t *transaction) open() bool {
	for i := range t.replies {
		if t.replies[i].Code == 0 {
			return true
		}
	}
	return false
}

// settle is the answer to all who are still in the race.
func (t *transaction) settle(r message.Reply) {
	for i := range t.replies {
		if t.replies[i].Code == 0 {
			t.replies[i] = r
		}
	}
}

// close gives the converted body back.
func (t *transaction) close() {
	if t.file != nil {
		t.file.Close() // a temporary file that was only read: nothing is lost by it
	}
}
