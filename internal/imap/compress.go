package imap

import (
	"bytes"
	"errors"
	"os"
	"sync"
	"time"

	"buzon/internal/deflate"
)

// Compression costs memory twice: a compressor, and what was said lately, to
// which both sides may refer. The compressor is shared, see deflate.Packer; the
// client's last 32 KB have to be kept for as long as the connection lasts.
const (
	packers    = 2           // compressors at work, of 1.1 MB each: they are done in less than a millisecond
	packedSize = writeBuffer // octets that are compressed at once
)

// compression is what all compressed connections share.
type compression struct {
	packer *deflate.Packer

	mu   sync.Mutex
	used int // connections that are compressed
}

// begin counts a connection in, unless there are most.
func (c *compression) begin(most int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used >= most {
		return false
	}
	c.used++
	return true
}

func (c *compression) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used--
}

// compress is COMPRESS (RFC 4978 §3).
func (s *session) compress(tag string) error {
	if err := s.dec.SP(); err != nil {
		return err
	}
	algorithm, err := s.dec.Keyword()
	if err != nil {
		return err
	}
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	switch {
	case algorithm != "DEFLATE":
		return syntaxf("COMPRESS knows DEFLATE, not %s.", algorithm)
	case s.wire.compressed():
		// RFC 4978 §3 has BAD for this and the code for TLS that compresses; both
		// in one is what the widespread servers say, and clients understand.
		return refuse("COMPRESSIONACTIVE", "DEFLATE is active already.")
	case s.dec.r.Buffered() > 0:
		// RFC 4978 §3 forbids it, and nobody could say whether it is compressed.
		return syntaxf("Nothing may be sent before COMPRESS is answered.")
	case !s.server.compression.begin(s.server.Limits.Compressed):
		return refuse("LIMIT", "Too many connections are compressed already; please go on without.")
	}
	err = s.ok(tag, "", "DEFLATE active.")
	if err == nil {
		err = s.enc.Flush()
	}
	if err != nil {
		s.server.compression.end()
		return err
	}
	s.wire.startCompression(s.server.compression.packer)
	return nil
}

// endCompression gives the place of a session that ended back.
func (s *session) endCompression() {
	if s.wire.compressed() {
		s.server.compression.end()
	}
}

func notCompressed(s *session) bool { return afterLogin(s) && !s.wire.compressed() }

func (w *wire) compressed() bool { return w.in != nil }

func (w *wire) startCompression(p *deflate.Packer) { w.in, w.packer = deflate.NewReader(w.conn), p }

// settleTime is how long the end of a client's flush may come after what it flushes.
const settleTime = time.Second

// stopCompression reads what still belongs to the client's last flush. Where
// that does not come, what comes is taken for plain text.
func (w *wire) stopCompression() error {
	if err := w.conn.SetReadDeadline(time.Now().Add(settleTime)); err != nil {
		return &connError{err}
	}
	err := w.in.Settle()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	w.in, w.packer = nil, nil
	return wrapConn(err)
}

// packed holds compressed octets on their way to the client.
var packed = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// writePacked compresses p and writes it. The compressor is not kept while the client is slow.
func (w *wire) writePacked(p []byte) (n int, err error) {
	out := packed.Get().(*bytes.Buffer)
	defer packed.Put(out)
	for len(p) > 0 && err == nil {
		piece := p[:min(len(p), packedSize)]
		out.Reset()
		if err = w.packer.Pack(out, piece); err == nil {
			_, err = w.conn.Write(out.Bytes())
		}
		if err == nil {
			n, p = n+len(piece), p[len(piece):]
		}
	}
	return n, wrapConn(err)
}
