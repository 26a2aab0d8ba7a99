package message

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// PreviewLength is how long a preview may become: RFC 8970 §3.3 asks for 200.
const PreviewLength = 200 // characters

const (
	// maxPreviewText is how much decoded text is looked at for a preview. Some
	// newsletters begin with 100 KiB of style sheets.
	maxPreviewText = 256 << 10 // octets

	// maxPreviewParts is how many text parts are tried until one has words.
	maxPreviewParts = 4 // parts
)

// Preview gives the first words of a message for a list of mail (RFC 8970): of
// the text its sender wrote, without markup, quotes and signatures, in UTF-8 on
// one line. It is empty when there are none. r is the message that root was
// parsed from; only its errors are returned.
func Preview(r io.ReaderAt, root *Part) (string, error) {
	for _, p := range previewParts(root, nil) {
		text, err := previewOf(p, r)
		if err != nil || text != "" {
			return text, err
		}
	}
	return "", nil
}

// previewParts lists the text parts in which the sender's words may be, the
// likeliest first: plain text before HTML of the same.
func previewParts(p *Part, list []*Part) []*Part {
	switch {
	case len(list) >= maxPreviewParts || p.Disposition == "attachment":
	case p.Type == "multipart":
		for i := range p.Parts {
			list = previewParts(&p.Parts[i], list)
		}
	case p.Type == "text" && (p.Subtype == "plain" || p.Subtype == "html"):
		list = append(list, p)
	}
	return list
}

func previewOf(p *Part, r io.ReaderAt) (string, error) {
	w := previewPool.Get().(*previewWriter)
	defer previewPool.Put(w)
	w.reset()
	text := io.LimitReader(p.Text(r), maxPreviewText)
	var err error
	if p.Subtype == "html" {
		err = w.html(text)
	} else {
		err = w.plain(text)
	}
	return w.text(), err
}

var previewPool = sync.Pool{New: func() any { return new(previewWriter) }}

// previewWriter gathers the words of a preview.
type previewWriter struct {
	own   previewText // what the sender wrote
	quote previewText // what is quoted, for a message that is nothing else
}

func (w *previewWriter) reset() {
	w.own.b, w.own.n, w.own.space = w.own.b[:0], 0, false
	w.quote.b, w.quote.n, w.quote.space = w.quote.b[:0], 0, false
}

func (w *previewWriter) text() string {
	if w.own.n > 0 {
		return string(w.own.b)
	}
	return string(w.quote.b)
}

// previewText is text on one line, cut at PreviewLength.
type previewText struct {
	b     []byte
	n     int  // characters in b
	space bool // white space came after them
}

func (t *previewText) full() bool { return t.n >= PreviewLength }

// add appends text; white space of any length is one space, and what nobody sees is left out.
func (t *previewText) add(text []byte) {
	for len(text) > 0 && !t.full() {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		switch {
		case unicode.IsSpace(r):
			t.space = true
		case isInvisible(r):
		default:
			t.rune(r)
		}
	}
}

func (t *previewText) rune(r rune) {
	if t.space && t.n > 0 {
		t.b = append(t.b, ' ')
		t.n++
	}
	t.space = false
	if !t.full() {
		t.b = utf8.AppendRune(t.b, r)
		t.n++
	}
}

// isInvisible tells characters with which newsletters fill up their own
// previews, and those that spoil a line.
func isInvisible(r rune) bool {
	switch {
	case r == 0x00AD, r == 0x034F, r == 0x061C, r == 0xFEFF, r == utf8.RuneError:
		return true
	case 0x200B <= r && r <= 0x200F, 0x202A <= r && r <= 0x202E, 0x2060 <= r && r <= 0x206F:
		return true
	case 0x115F <= r && r <= 0x1160, 0x17B4 <= r && r <= 0x17B5, r == 0x3164, r == 0xFFA0:
		return true
	}
	return unicode.IsControl(r)
}

// plain reads a plain text line by line.
func (w *previewWriter) plain(r io.Reader) error {
	in := newPooledLines(r)
	defer in.release()
	held := previewMark{}
	for !w.own.full() {
		line, first, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		switch kind := lineKind(line, first); kind {
		case lineQuoted:
			held.drop(&w.own) // "On Monday Ann wrote:"
			w.quote.add(bytes.TrimLeft(line, "> \t"))
			w.quote.space = true
		case lineEnds:
			if w.own.n > 0 || w.quote.n > 0 {
				return nil
			}
		case lineText:
			held.note(&w.own, line)
			w.own.add(line)
			if lineEnd(line) > 0 {
				w.own.space = true
			}
		}
	}
	return nil
}

// previewMark remembers where a line began that may belong to the quote below it.
type previewMark struct {
	size, n int
	set     bool
}

func (m *previewMark) note(t *previewText, line []byte) {
	if len(bytes.TrimSpace(line)) == 0 {
		return
	}
	before := *m
	*m = previewMark{len(t.b), t.n, bytes.HasSuffix(bytes.TrimSpace(line), []byte(":"))}
	// "On Monday, 1 December 2026, Ann Lee" and "wrote:" on the next line.
	if m.set && bytes.IndexByte(bytes.TrimSpace(line), ' ') < 0 && before.n < m.n {
		m.size, m.n = before.size, before.n
	}
}

func (m *previewMark) drop(t *previewText) {
	if m.set {
		t.b, t.n = t.b[:m.size], m.n
	}
	m.set = false
}

// kinds of lines of a plain text.
type previewLine int

const (
	lineText   previewLine = iota
	lineRule               // nothing to read
	lineQuoted             // of the message answered
	lineEnds               // what follows is a signature or a whole older message
)

func lineKind(line []byte, first bool) previewLine {
	if !first {
		return lineText
	}
	text := bytes.TrimRight(line, "\r\n")
	switch {
	case bytes.HasPrefix(text, []byte(">")):
		return lineQuoted
	case string(text) == "-- ", string(text) == "--": // RFC 3676 §4.3, and what mailers make of it
		return lineEnds
	}
	words := bytes.Trim(text, "-_=*#~+. \t")
	switch {
	case len(words) == 0 && len(text) > 0:
		if bytes.HasPrefix(text, []byte("________________________________")) { // Outlook, above the older message
			return lineEnds
		}
		return lineRule
	case len(words) < len(text)-8 && text[0] == '-' && isOldMessage(string(words)):
		return lineEnds
	}
	return lineText
}

// isOldMessage knows the line that Outlook and its like put above what they quote.
func isOldMessage(words string) bool {
	switch strings.ToLower(words) {
	case "original message", "ursprüngliche nachricht", "mensaje original", "message d'origine", "messaggio originale",
		"oorspronkelijk bericht", "mensagem original", "original-nachricht":
		return true
	}
	return false
}
