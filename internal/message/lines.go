package message

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// lines cuts a reader into lines. A line ends with LF, whether or not CR comes
// before it; one longer than the buffer comes in pieces.
type lines struct {
	r          io.Reader
	buf        []byte
	start, end int   // unread octets of buf
	pos        int64 // offset of buf[start] from the first octet read
	err        error // why r gives no more
	middle     bool  // the last piece did not end its line
}

// decodeBuffers keeps buffers of decodeBuffer octets, of which a search through a
// mailbox needs one for every part.
var decodeBuffers = sync.Pool{New: func() any { return new([decodeBuffer]byte) }}

// newPooledLines holds decodeBuffer octets, which release gives back.
func newPooledLines(r io.Reader) *lines {
	return &lines{r: r, buf: decodeBuffers.Get().(*[decodeBuffer]byte)[:]}
}

// release gives the buffer back where newPooledLines had it. Nothing can be read any more.
func (l *lines) release() {
	if len(l.buf) == decodeBuffer {
		decodeBuffers.Put((*[decodeBuffer]byte)(l.buf))
	}
	l.buf, l.start, l.end, l.err = nil, 0, 0, io.EOF
}

// newLines holds at most lineBuffer octets, less when hint says that the whole
// is smaller.
func newLines(r io.Reader, hint int64) *lines {
	size := min(max(hint, 512), lineBuffer)
	return &lines{r: r, buf: make([]byte, size)}
}

// next returns the next piece with its line end, valid until the following
// call. first tells whether it starts a line. The end of r is io.EOF.
func (l *lines) next() (piece []byte, first bool, err error) {
	first = !l.middle
	n := bytes.IndexByte(l.buf[l.start:l.end], '\n')
	for n < 0 && l.err == nil && l.end-l.start < len(l.buf) {
		seen := l.end - l.start
		l.fill()
		if n = bytes.IndexByte(l.buf[l.start+seen:l.end], '\n'); n >= 0 {
			n += seen
		}
	}
	l.middle = n < 0
	size := n + 1
	if n < 0 {
		size = l.pieceSize()
	}
	if size == 0 {
		return nil, first, l.err
	}
	piece = l.buf[l.start : l.start+size]
	l.start += size
	l.pos += int64(size)
	return piece, first, nil
}

// pieceSize is how much of a line without an end can be handed out. A CR at the
// end of a full buffer waits for the LF that may follow.
func (l *lines) pieceSize() int {
	size := l.end - l.start
	if size > 1 && l.err == nil && l.buf[l.end-1] == '\r' {
		size--
	}
	return size
}

// fill moves what is unread to the front and reads once.
func (l *lines) fill() {
	if l.start > 0 {
		l.end = copy(l.buf, l.buf[l.start:l.end])
		l.start = 0
	}
	n, err := l.r.Read(l.buf[l.end:])
	l.end += n
	if errors.Is(err, io.EOF) {
		err = io.EOF
	}
	l.err = err
}

// lineEnd is the number of octets that end the line.
func lineEnd(line []byte) int {
	switch {
	case !bytes.HasSuffix(line, []byte("\n")):
		return 0
	case bytes.HasSuffix(line, []byte("\r\n")):
		return 2
	}
	return 1
}

func isBlank(line []byte) bool {
	return len(line) == lineEnd(line)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }
