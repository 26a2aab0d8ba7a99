package smtpclient

import (
	"errors"
	"io"
	"sync"
)

const (
	readSize  = 16 << 10 // octets of a body read at a time
	chunkSize = 64 << 10 // octets that are enough for a write, and for a BDAT
	chunkHead = 32       // octets of room for a command in front
)

// buffers serves bodies under way; a connection between two messages has none.
type buffers struct {
	in  [readSize]byte
	out [chunkHead + chunkSize + maxGrowth]byte
}

var spare = sync.Pool{New: func() any { return new(buffers) }}

// content sends the body in the way that the peer offers.
func (t *transaction) content() error {
	switch {
	case t.goAhead:
		return t.data()
	case t.c.ext.Chunking:
		return t.chunks()
	}
	r, err := t.c.ask("DATA", t.c.timeout.Command, "DATA")
	if err != nil {
		return err
	}
	if err := t.tookData(r); err != nil || !t.goAhead {
		return err
	}
	return t.data()
}

// data sends the body after 354.
func (t *transaction) data() error {
	if !t.open() {
		return t.loneDot()
	}
	c := t.c
	err := t.stream(&canon{dots: true, start: true}, func(p []byte, _ bool) error {
		if err := c.w.write(c.timeout.Data, p[chunkHead:]); err != nil {
			return c.writeFailed("DATA", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.end()
}

// loneDot ends a body that nobody would get. RFC 2920 §3.1: a peer may say 354 although it refused every recipient.
func (t *transaction) loneDot() error {
	c := t.c
	if err := c.w.send(c.timeout.Data, "."); err != nil {
		return c.writeFailed("DATA", err)
	}
	if _, err := c.read("end", c.timeout.Final, nil); err != nil {
		return err
	}
	c.needReset = false
	return nil
}

// end waits for the peer to take responsibility. Once the message is out, silence is not a refusal (RFC 1047).
func (t *transaction) end() error {
	r, err := t.c.read("end", t.c.timeout.Final, nil)
	if err == nil {
		err = t.tookEnd(r)
	}
	return uncertain(err, true)
}

// uncertain marks an error that left the fate of a whole message open.
func uncertain(err error, whole bool) error {
	var e *Error
	if errors.As(err, &e) && e.Reply.Code < 400 {
		e.Uncertain = whole
	}
	return err
}

// stream reads the body to its end and hands it to write in pieces of about chunkSize, each with chunkHead octets of room
// in front; last comes with the last one.
func (t *transaction) stream(rules *canon, write func(p []byte, last bool) error) error {
	b := spare.Get().(*buffers)
	defer spare.Put(b)
	out := b.out[:chunkHead]
	for {
		if len(out) >= chunkHead+chunkSize {
			if err := write(out, false); err != nil {
				return err
			}
			out = b.out[:chunkHead]
		}
		n, err := t.body.Read(b.in[:])
		out = rules.append(out, b.in[:n])
		if err == io.EOF {
			return write(rules.end(out), true)
		}
		if err != nil { // half a message is out: only hanging up keeps it from being taken for a whole one
			t.c.broken = true
			return &Error{Host: t.c.host, Stage: "body", Err: err}
		}
	}
}
