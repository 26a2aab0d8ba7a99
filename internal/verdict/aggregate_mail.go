package verdict

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"buzon/internal/message"
)

// Mail is the report as a whole message to one address (RFC 7489 §7.2.1.1), with
// CRLF. from and to are addresses without angle brackets, now is its Date. The
// caller signs it, for receivers ask it to pass DMARC itself, and queues it.
func (a *Aggregate) Mail(from, to string, now time.Time) ([]byte, error) {
	packed, err := a.Gzip()
	if err != nil {
		return nil, err
	}
	boundary := "=_dmarc_" + digest(a.id) // "_" is not in base64, "=_" not in the text
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("From: <%s>", from)
	line("To: <%s>", to)
	line("Date: %s", message.FormatDate(now))
	line("Message-ID: <%s.%s>", digest(to), a.id) // one for each receiver
	line("Subject: %s", foldSubject(a.Subject()))
	line("Auto-Submitted: auto-generated") // RFC 3834 §5
	line("MIME-Version: 1.0")
	line("Content-Type: multipart/mixed;\r\n\tboundary=\"%s\"", boundary)
	line("")
	line("--%s\r\nContent-Type: text/plain; charset=utf-8\r\n", boundary)
	line("This is a report (RFC 7489) on mail in the name of %s", a.domain)
	line("that came to %s", a.submitter)
	line("on %s (UTC).", a.day.Format(time.DateOnly))
	line("The attached file is for programs. Questions: %s", a.contact)
	line("")
	line("--%s\r\nContent-Type: application/gzip", boundary)
	line("Content-Transfer-Encoding: base64")
	line("Content-Disposition: attachment;\r\n\tfilename=\"%s\"\r\n", a.Filename())
	wrap64(&b, packed)
	line("--%s--", boundary)
	return b.Bytes(), nil
}

// foldSubject keeps lines below 78 octets where the names are short enough (RFC 5322 §2.1.1).
func foldSubject(subject string) string {
	return strings.NewReplacer(" Submitter:", "\r\n Submitter:", " Report-ID:", "\r\n Report-ID:").Replace(subject)
}

// wrap64 writes base64 in lines of 76 (RFC 2045 §6.8).
func wrap64(b *bytes.Buffer, content []byte) {
	const octets = 57 // a line of 76
	for len(content) > 0 {
		n := min(octets, len(content))
		b.WriteString(base64.StdEncoding.EncodeToString(content[:n]))
		b.WriteString("\r\n")
		content = content[n:]
	}
}

// digest is a short name for a text, always the same.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%x", sum[:10])
}
