package onward

import (
	"errors"
	"fmt"
	"io"

	"buzon/internal/message"
	"buzon/internal/spool"
)

// maxLine is the longest line that every server takes, its end included (RFC 5321 §4.5.3.1.6). Exim refuses longer ones by
// default, and mail programs that write HTML make them.
const maxLine = 1000 // octets

// FoldLines gives a message of one of our own people in an encoding whose lines are not too long: before it is signed, as
// nobody can do it afterwards. It is the same message where the lines are short, or where a signature of its writer would
// break. The spool says where the converted one is kept; it must be closed.
func FoldLines(body *spool.Body, s spool.Spool) (*spool.Body, error) {
	if body.Longest() <= maxLine {
		return body, nil
	}
	parsed, err := message.Parse(body, body.Size())
	if err != nil {
		return body, fmt.Errorf("parse message with long lines: %w", err)
	}
	in, out := io.Pipe()
	defer in.Close() // ends the writer too
	go func() { out.CloseWithError(message.Downgrade(out, body, &parsed.Root, message.EightBit)) }()
	s.MaxSize = 0 // quoted-printable is longer; what was allowed to come may grow
	converted, err := s.Receive(in)
	switch {
	case errors.Is(err, message.ErrNoConversion):
		return body, nil
	case err != nil:
		return body, fmt.Errorf("convert message with long lines: %w", err)
	}
	return converted, body.Close()
}
