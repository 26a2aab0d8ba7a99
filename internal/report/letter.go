package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"
	"time"
	"unicode"

	"buzon/internal/message"
)

// Mail is a mail of ours and what it needs on its way.
type Mail struct {
	Body     *io.SectionReader
	BodyType string // "7BIT" or "8BITMIME" (RFC 6152)
	UTF8     bool   // it may only go where SMTPUTF8 is offered (RFC 6531)
}

// needsUTF8 tells that no header without UTF-8 can name a (RFC 6532): a domain has another form, a local part has not.
func needsUTF8(a message.Address) bool { return !message.Address{Local: a.Local}.ASCII() }

// head is what the header of every mail of ours says.
type head struct {
	fromName string
	from, to message.Address
	subject  string
	id       string // without brackets; "" makes one
	now      time.Time
	auto     string   // Auto-Submitted (RFC 3834 §5)
	replyTo  string   // message id of what it answers, without brackets; "" is none
	thread   []string // ids of References, without the one it answers
	utf8     bool
}

// write writes the fields, up to those of MIME.
func (h *head) write() []byte {
	b := message.AppendMailbox(nil, "From", h.fromName, h.from, h.utf8)
	b = message.AppendMailbox(b, "To", "", h.to, h.utf8)
	b = message.AppendText(b, "Subject", h.subject)
	b = message.AppendWords(b, "Date", message.FormatDate(h.now))
	b = message.AppendWords(b, "Message-ID", "<"+h.id+">")
	if safeID(h.replyTo) {
		b = message.AppendWords(b, "In-Reply-To", "<"+h.replyTo+">")
		b = message.AppendWords(b, "References", bracketed(append(h.thread, h.replyTo))...)
	}
	b = message.AppendWords(b, "Auto-Submitted", h.auto)
	return message.AppendWords(b, "MIME-Version", "1.0")
}

// bracketed are the ids that may stand in a header of ours.
func bracketed(ids []string) []string {
	var out []string
	for _, id := range ids {
		if safeID(id) {
			out = append(out, "<"+id+">")
		}
	}
	return out
}

// safeID tells that a message id, which came from outside, breaks no line and no bracket of ours.
func safeID(id string) bool {
	odd := func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '<' || r == '>' }
	return id != "" && len(id) < 900 && strings.IndexFunc(id, odd) < 0
}

// appendText appends a part of plain text with the fields that tell so. A paragraph is one line of any length: phones
// break it where their screen ends.
func appendText(b []byte, lang, text string) []byte {
	b = message.AppendWords(b, "Content-Type", "text/plain;", "charset=utf-8")
	b = message.AppendWords(b, "Content-Transfer-Encoding", "quoted-printable")
	if lang != "" {
		b = message.AppendWords(b, "Content-Language", lang) // RFC 3282
	}
	return append(append(b, "\r\n"...), quotedText(text)...)
}

// quotedText is text in quoted-printable (RFC 2045 §6.7), its lines ended by CRLF whatever ended them before.
func quotedText(text string) []byte {
	var out bytes.Buffer
	w := quotedprintable.NewWriter(&out)
	// Neither fails: a bytes.Buffer takes everything.
	_, _ = io.WriteString(w, lineEnds.Replace(text))
	_ = w.Close()
	return out.Bytes()
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// boundaryFor parts a mail with this id: what was written before the id was drawn cannot hold it.
func boundaryFor(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "=_" + hex.EncodeToString(sum[:16]) // "=_" is in no encoded text (RFC 2045 §6.7)
}

// section is octets as a body.
func section(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

// firstNonEmpty is a, or b when a is empty.
func firstNonEmpty(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// maxSubject is how much of a subject we repeat.
const maxSubject = 80 // characters

// readable is the value of a header field that came from outside, as one short line for people.
func readable(value string) string {
	text := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsGraphic(r): // nothing that turns the direction of what follows
			return -1
		}
		return r
	}, message.DecodeHeader(value))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > maxSubject {
		return string(runes[:maxSubject-1]) + "…"
	}
	return text
}

// dateFor is a date for people in a language, to the minute.
func dateFor(lang string, t time.Time) string {
	w := words(lang)
	months := strings.Split(w.Say("report_months"), ", ")
	return w.Say("report_date", "day", t.Day(), "month", months[t.Month()-1], "year", t.Year(),
		"time", fmt.Sprintf("%02d:%02d", t.Hour(), t.Minute()))
}
