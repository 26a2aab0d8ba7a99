// Package spool turns a message body from the network into a checked, seekable one: in memory while it is small, beyond
// that in a temporary file that has no name.
//
// Invariants: memory does not grow with the body, nothing is left on disk after a crash, and the octets are those that
// arrived: the rules refuse, they never repair. NUL is let through in both modes: it cannot end a line or a message, and
// real senders of it (scanners, printers) would be lost.
package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// What a body can be refused for. Receive returns them wrapped.
var (
	ErrBareCR         = errors.New("CR without LF in the message")
	ErrBareLF         = errors.New("LF without CR in the message")
	ErrLineTooLong    = errors.New("line of the message is too long")
	ErrTooLarge       = errors.New("message is too large")
	ErrHeaderTooLarge = errors.New("message header is too large")
)

// One buffer serves a body: it holds a small one, and carries a large one to the file.
const bufferSize = 12 << 10 // octets

// buffers is shared by all Spools. The pool holds only spare buffers, no state.
var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// Spool holds the rules for bodies. A zero limit means none. It may be copied and used concurrently.
type Spool struct {
	Dir       string // for temporary files; "" is the system's folder, which may be memory
	Memory    int    // octets kept in memory before a file is made; 0 or more than 12 KiB means 12 KiB
	MaxSize   int64  // octets in all
	MaxLine   int    // octets of a line with its CRLF (RFC 5321 §4.5.3.1.6), with Strict
	MaxHeader int    // octets up to the first empty line and with it

	// Strict is for SMTP's DATA: lines end with CRLF, and CR or LF alone are refused (RFC 5321 §2.3.8), so that the next
	// server cannot find an end of the message that we did not see. Not for BINARYMIME, where CR and LF are just octets.
	Strict bool

	// Drain reads and discards the rest of a refused body, so that the protocol stays in step. It has no limit: the reader
	// brings deadlines and ends.
	Drain bool
}

// Receive reads r to its end. A refused body gives one of the package's errors, a failed read the reader's own, wrapped;
// where draining fails too the error is both, and the connection has lost its step. The Body must be closed.
func (s Spool) Receive(r io.Reader) (*Body, error) {
	b := &Body{buf: buffers.Get().(*[bufferSize]byte)}
	if err := s.fill(b, r); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	if b.file != nil {
		b.giveBack()
	}
	return b, nil
}

// fill reads r into b. The unread part of b.buf is the read buffer, so nothing is copied.
func (s Spool) fill(b *Body, r io.Reader) error {
	rules := check{spool: s, inHeader: true}
	for {
		n, readErr := r.Read(s.window(b))
		if err := s.take(b, &rules, n); err != nil {
			return s.drain(err, readErr, r, b)
		}
		if readErr == io.EOF {
			return s.end(b, &rules)
		}
		if readErr != nil {
			return fmt.Errorf("read body: %w", readErr)
		}
	}
}

// window is where the next read goes; take keeps it from being empty.
func (s Spool) window(b *Body) []byte {
	return b.buf[b.held:s.room(b)]
}

// room is how much of the buffer is in use: up to Memory, and the whole as the buffer of a file.
func (s Spool) room(b *Body) int {
	if b.file != nil || s.Memory <= 0 || s.Memory > bufferSize {
		return bufferSize
	}
	return s.Memory
}

// take checks n octets that were read into the window and keeps them.
func (s Spool) take(b *Body, rules *check, n int) error {
	if s.MaxSize > 0 && b.size+int64(n) > s.MaxSize {
		return fmt.Errorf("%w: over %d octets", ErrTooLarge, s.MaxSize)
	}
	if err := rules.octets(b.buf[b.held : b.held+n]); err != nil {
		return err
	}
	b.held += n
	b.size += int64(n)
	if b.held < s.room(b) {
		return nil
	}
	return b.spill(s.Dir)
}

func (s Spool) end(b *Body, rules *check) error {
	if err := rules.end(); err != nil {
		return err
	}
	b.longest = rules.longest
	if b.file == nil {
		return nil
	}
	return b.spill(s.Dir)
}

// drain reads on after err where that is asked for and r has not ended.
func (s Spool) drain(err, readErr error, r io.Reader, b *Body) error {
	for s.Drain && readErr == nil {
		_, readErr = r.Read(b.buf[:])
	}
	if readErr != nil && readErr != io.EOF {
		return fmt.Errorf("%w; then: %w", err, readErr)
	}
	return err
}

// Body is a received body. Its Readers may be used concurrently, but not after Close.
type Body struct {
	buf     *[bufferSize]byte // nil once it is given back
	held    int               // octets in buf
	size    int64             // octets in all
	longest int               // octets of the longest line with its end
	file    *os.File          // nil while all is in buf
}

// Reader gives a new reader of the whole body.
func (b *Body) Reader() *io.SectionReader {
	return io.NewSectionReader(b, 0, b.size)
}

// ReadAt implements io.ReaderAt.
func (b *Body) ReadAt(p []byte, off int64) (int, error) {
	if b.file != nil {
		return b.file.ReadAt(p, off)
	}
	if b.buf == nil {
		return 0, os.ErrClosed
	}
	if off < 0 || off >= int64(b.held) {
		return 0, io.EOF
	}
	n := copy(p, b.buf[off:b.held])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Size is the size of the body in octets.
func (b *Body) Size() int64 { return b.size }

// Longest is the octets of the longest line, its end included, of a body that was received with Strict.
func (b *Body) Longest() int { return b.longest }

// Close gives memory and file back. Calling it again does nothing.
func (b *Body) Close() error {
	b.giveBack()
	if b.file == nil {
		return nil
	}
	file := b.file
	b.file = nil
	if err := file.Close(); err != nil {
		return fmt.Errorf("close spool file: %w", err)
	}
	return nil
}

func (b *Body) giveBack() {
	if b.buf != nil {
		buffers.Put(b.buf)
		b.buf, b.held = nil, 0
	}
}

// spill writes what the buffer holds to the file, making it first.
func (b *Body) spill(dir string) error {
	if b.file == nil {
		file, err := unnamed(dir)
		if err != nil {
			return fmt.Errorf("make spool file: %w", err)
		}
		b.file = file
	}
	if _, err := b.file.Write(b.buf[:b.held]); err != nil {
		return fmt.Errorf("write spool file: %w", err)
	}
	b.held = 0
	return nil
}
