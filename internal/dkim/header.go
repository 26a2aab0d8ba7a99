package dkim

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// signed is which fields a signature covers, in the order of h=. Those that are
// closed are named once more than they stand in the message, so that nobody can
// add another one under which the mail would look different (RFC 6376 §8.15).
// The others are left open: mailing lists and resenders (RFC 5322 §3.6.6) add
// theirs on top.
func signed() []rule {
	return []rule{
		{"From", true}, {"To", true}, {"Cc", true}, {"Subject", true}, {"Date", true},
		{"Message-ID", true}, {"Reply-To", true}, {"In-Reply-To", true}, {"References", true},
		{"MIME-Version", true}, {"Content-Type", true}, {"Content-Transfer-Encoding", true},
		{"List-Id", false}, {"List-Help", false}, {"List-Unsubscribe", false},
		{"List-Unsubscribe-Post", false}, // RFC 8058 §4: must be signed
		{"List-Subscribe", false}, {"List-Post", false}, {"List-Owner", false}, {"List-Archive", false},
		{"Resent-Date", false}, {"Resent-From", false}, {"Resent-To", false}, {"Resent-Cc", false},
		{"Resent-Message-ID", false},
	}
}

type rule struct {
	name   string
	closed bool
}

// maxSame is how many fields of one name are signed, the lowest ones. RFC 5322
// §3.6 allows one of most; this keeps h= and memory small whatever comes.
const maxSame = 16

// place is a field in the message, with its line end.
type place struct{ start, end int64 }

// header is where the fields stand that are signed.
type header struct {
	places map[string][]place // by name in lower case, from top to bottom
	size   int64              // octets with the empty line
}

// readHeader leaves in at the first octet of the body.
func readHeader(in *bufio.Reader) (header, error) {
	h := header{places: map[string][]place{}}
	for _, r := range signed() {
		h.places[strings.ToLower(r.name)] = nil
	}
	name := "" // of the field that is being read, "" where it is not to be signed
	first := true
	for {
		line, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return h, err
		}
		start := h.size
		h.size += int64(len(line))
		switch {
		case len(line) == 0, first && len(bytes.TrimRight(line, "\r\n")) == 0:
			return h, nil
		case first && line[0] != ' ' && line[0] != '\t':
			name = h.begin(line, start)
		}
		h.extend(name)
		first = err == nil // else the rest of a long line follows
	}
}

// begin notes that a field begins with line, and tells its name if it is signed.
func (h *header) begin(line []byte, start int64) string {
	before, _, found := bytes.Cut(line, []byte(":"))
	name := strings.ToLower(string(bytes.TrimRight(before[:min(len(before), 64)], " \t"))) // RFC 5322 §4.5 lets white space follow it
	places, wanted := h.places[name]
	if !found || !wanted {
		return ""
	}
	if len(places) == maxSame {
		places = append(places[:0], places[1:]...)
	}
	h.places[name] = append(places, place{start: start})
	return name
}

// extend lets the field go up to where we are.
func (h *header) extend(name string) {
	if places := h.places[name]; len(places) > 0 {
		places[len(places)-1].end = h.size
	}
}

// names is the content of h=.
func (h *header) names() []string {
	var names []string
	for _, r := range signed() {
		n := len(h.places[strings.ToLower(r.name)])
		if r.closed {
			n = min(n+1, maxSame)
		}
		for range n {
			names = append(names, r.name)
		}
	}
	return names
}

// write writes the fields in the order of names. RFC 6376 §5.4.2: of several
// with one name the lowest comes first; those that are not there are nothing.
func (h *header) write(w *bufio.Writer, mail io.ReaderAt, in *bufio.Reader) error {
	for _, r := range signed() {
		places := h.places[strings.ToLower(r.name)]
		for i := len(places) - 1; i >= 0; i-- {
			in.Reset(io.NewSectionReader(mail, places[i].start, places[i].end-places[i].start))
			if err := relax(w, in); err != nil {
				return err
			}
			w.WriteString("\r\n")
		}
	}
	return nil
}

// relax writes a field in the form of RFC 6376 §3.4.2, without a line end: the
// name in lower case, no white space around the colon and at the end, one space
// for every run of it.
func relax(w *bufio.Writer, field io.ByteReader) error {
	var value, begun, space bool
	for {
		c, err := field.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			space = true
			continue
		case c == ':' && !value:
			value, begun, space = true, false, false
			w.WriteByte(c)
			continue
		case !value && 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		if space && begun {
			w.WriteByte(' ')
		}
		begun, space = true, false
		w.WriteByte(c)
	}
}
