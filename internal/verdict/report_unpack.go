package verdict

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
)

// unpack gives the content of a report, whatever its sender calls it. Nothing is
// unpacked twice.
func unpack(packed []byte) (io.Reader, error) {
	switch {
	case bytes.HasPrefix(packed, []byte{0x1f, 0x8b}):
		r, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrReportBad, err)
		}
		return r, nil
	case bytes.HasPrefix(packed, []byte("PK\x03\x04")):
		return unzip(packed)
	}
	return bytes.NewReader(packed), nil
}

// unzip gives the first file. A report is alone in its archive (RFC 7489 §7.2.1.1).
func unzip(packed []byte) (io.Reader, error) {
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil || len(archive.File) == 0 {
		return nil, fmt.Errorf("%w: the archive is broken or empty", ErrReportBad)
	}
	r, err := archive.File[0].Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReportBad, err)
	}
	return r, nil // closing it would only tell what reading did
}

// boundedReader ends with ctx and after so many octets. It remembers why, for parsers hide it.
type boundedReader struct {
	ctx  context.Context
	r    io.Reader
	left int64
	err  error
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		b.err = context.Cause(b.ctx)
		return 0, b.err
	}
	if b.left <= 0 {
		b.err = ErrReportBig
		return 0, b.err
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// readKind looks at the first octet that is no white space.
func readKind(r io.Reader) (Report, error) {
	in := bufio.NewReader(r)
	if head, err := in.Peek(3); err == nil && string(head) == "\ufeff" {
		_, _ = in.Discard(len(head)) // it is there
	}
	for {
		c, err := in.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return Report{}, ErrNoReport
		case err != nil:
			return Report{}, fmt.Errorf("%w: %w", ErrReportBad, err)
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			continue
		case c != '<' && c != '{':
			return Report{}, ErrNoReport
		}
		_ = in.UnreadByte() // it was read just now
		if c == '<' {
			return readDMARC(in)
		}
		return readTLS(in)
	}
}
