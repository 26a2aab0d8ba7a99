package outbound

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// Mail is the report as a whole message to one mailto: address (RFC 8460 §5.3), with CRLF. from and to are addresses
// without angle brackets, and now is its Date. The caller signs it (DKIM is a must for the receiver) and queues it.
func (r *TLSReport) Mail(from, to string, now time.Time) ([]byte, error) {
	packed, err := r.Gzip()
	if err != nil {
		return nil, err
	}
	boundary := r.boundary()
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("From: <%s>", from)
	line("To: <%s>", to)
	line("Date: %s", now.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	line("Message-ID: <%s.%s>", digest(to), r.ID) // one for each receiver
	line("Subject: %s", foldSubject(r.Subject()))
	line("TLS-Report-Domain: %s", r.domain)
	line("TLS-Report-Submitter: %s", r.Organization)
	line("Auto-Submitted: auto-generated") // RFC 3834 §5
	line("TLS-Required: No")               // RFC 8689 §5: TLS may be what is broken
	line("MIME-Version: 1.0")
	line("Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n\tboundary=\"%s\"", boundary)
	line("")
	line("--%s\r\nContent-Type: text/plain; charset=utf-8\r\n", boundary)
	line("This is a report (RFC 8460) on how mail from %s", r.Organization)
	line("reached the mail servers of %s", r.domain)
	line("with encryption on %s (UTC).", r.day.Format(time.DateOnly))
	line("The attached file is for programs. Questions: %s", r.Contact)
	line("")
	line("--%s\r\nContent-Type: application/tlsrpt+gzip", boundary)
	line("Content-Transfer-Encoding: base64")
	line("Content-Disposition: attachment;\r\n\tfilename=\"%s\"\r\n", r.Filename())
	wrap64(&b, packed)
	line("--%s--", boundary)
	return b.Bytes(), nil
}

// boundary cannot be in the text or in base64, for its "_".
func (r *TLSReport) boundary() string {
	return "=_tlsrpt_" + digest(r.ID)
}

// foldSubject keeps lines below 78 octets where the names are short enough (RFC 5322 §2.1.1).
func foldSubject(subject string) string {
	subject = strings.Replace(subject, " Submitter:", "\r\n Submitter:", 1)
	return strings.Replace(subject, " Report-ID:", "\r\n Report-ID:", 1)
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
