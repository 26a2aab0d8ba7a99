package smtpclient

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"buzon/internal/message"
)

// wire is the connection with its deadlines: each write has one, and each reply as a whole, so that a peer that drips
// octets gains nothing.
type wire struct {
	conn net.Conn
	in   *bufio.Reader

	mu      sync.Mutex
	ctx     context.Context // of the call under way
	stopped bool            // ctx is done: deadlines stay in the past
	closed  bool
}

func newWire(conn net.Conn) *wire {
	return &wire{conn: conn, in: bufio.NewReaderSize(conn, maxReplyLine)}
}

// over goes on over another connection, which is TLS above the old one.
func (w *wire) over(conn net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn = conn
	w.in.Reset(conn)
}

// buffered tells whether the peer said more than was asked for.
func (w *wire) buffered() bool { return w.in.Buffered() > 0 }

// watch makes the end of ctx interrupt reads and writes until the function it returns is called. A connection interrupted
// so is lost.
func (w *wire) watch(ctx context.Context) (release func()) {
	w.mu.Lock()
	w.ctx = ctx
	w.mu.Unlock()
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.ctx != ctx {
			return // the call is over
		}
		w.stopped = true
		w.conn.SetDeadline(time.Unix(1, 0)) // an error means that the connection is closed: interrupted as well
	})
	return func() {
		stop()
		w.mu.Lock()
		w.ctx = nil
		w.mu.Unlock()
	}
}

// within sets the deadline for what comes next.
func (w *wire) within(d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return w.stop()
	}
	return w.conn.SetDeadline(time.Now().Add(d))
}

// stop is why the connection was interrupted.
func (w *wire) stop() error {
	if w.ctx != nil && w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	return context.Canceled
}

// interrupted tells whether watch ended the connection.
func (w *wire) interrupted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stopped
}

// explain puts the reason in place of the time-out by which it reached us.
func (w *wire) explain(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return errors.Join(w.stop(), err)
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the peer closed the connection: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// send writes one command, or several with CRLF between them.
func (w *wire) send(d time.Duration, command string) error {
	return w.write(d, []byte(command+"\r\n"))
}

func (w *wire) write(d time.Duration, p []byte) error {
	if err := w.within(d); err != nil {
		return err
	}
	if _, err := w.conn.Write(p); err != nil {
		return w.explain(err)
	}
	return nil
}

// reply reads one whole reply.
func (w *wire) reply(d time.Duration, each func(text string)) (message.Reply, error) {
	if err := w.within(d); err != nil {
		return message.Reply{}, err
	}
	p := replyParser{each: each}
	for {
		line, err := w.in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return message.Reply{}, fmt.Errorf("%w: a line of over %d octets", ErrReply, maxReplyLine)
		}
		if err != nil {
			return message.Reply{}, w.explain(err)
		}
		if done, err := p.line(line); done || err != nil {
			return p.reply, err
		}
	}
}

// close closes once; later calls do nothing.
func (w *wire) close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	return w.conn.Close()
}
