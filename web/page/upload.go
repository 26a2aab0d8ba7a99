package page

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// patience is how long nothing may come or go of a file that is sent; all of it may take hours.
const patience = time.Minute

// upload is the file of a form, as it comes: it is never held, and the connection lasts while it moves.
func (r *request) upload() (io.Reader, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, fail("page_error_form")
	}
	part, err := parts.NextPart()
	if err != nil || part.FormName() != "file" || part.FileName() == "" {
		return nil, fail("page_error_no_file")
	}
	return &movingReader{part, r.moving()}, nil
}

// moving prolongs what the connection may last. A test's recorder has no connection.
func (r *request) moving() func() error {
	control := http.NewResponseController(r.writer)
	return func() error {
		until := time.Now().Add(patience)
		err := errors.Join(control.SetReadDeadline(until), control.SetWriteDeadline(until.Add(patience)))
		if errors.Is(err, http.ErrNotSupported) {
			return nil
		}
		return err
	}
}

// movingReader prolongs before it reads.
type movingReader struct {
	io.Reader
	move func() error
}

// Read implements io.Reader.
func (m *movingReader) Read(p []byte) (int, error) {
	if err := m.move(); err != nil {
		return 0, err
	}
	return m.Reader.Read(p)
}

// movingWriter prolongs before it writes.
type movingWriter struct {
	io.Writer
	move func() error
}

// Write implements io.Writer.
func (m *movingWriter) Write(p []byte) (int, error) {
	if err := m.move(); err != nil {
		return 0, err
	}
	return m.Writer.Write(p)
}
