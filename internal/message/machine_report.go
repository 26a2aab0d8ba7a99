package message

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// MachineReport is what one server reports to another once a day, as a mail: a
// few words for people, and a packed file for programs. Reports of DMARC (RFC
// 7489 §7.2.1.1) and of TLS (RFC 8460 §5.3) differ in their fields alone.
type MachineReport struct {
	From, To           string   // addresses without angle brackets
	Subject            string   // ASCII
	MessageID          string   // without brackets
	Fields             []string // more header fields, without their line ends
	Type               string   // Content-Type of the whole, without its boundary
	Text               []string // lines, each of at most 998 octets
	FileType, FileName string
	File               []byte
}

// Append appends the message, with CRLF. now is its Date.
func (r MachineReport) Append(b []byte, now time.Time) []byte {
	// "_" is not in base64, and "=_" in no text of ours.
	boundary := fmt.Sprintf("=_report_%x", sha256.Sum256([]byte(r.MessageID)))[:36]
	line := func(format string, args ...any) { b = fmt.Appendf(b, format+"\r\n", args...) }
	line("From: <%s>", r.From)
	line("To: <%s>", r.To)
	line("Date: %s", FormatDate(now))
	line("Message-ID: <%s>", r.MessageID)
	// Lines stay below 78 octets where the names in it are short enough (RFC 5322 §2.1.1).
	line("Subject: %s", strings.NewReplacer(" Submitter:", "\r\n Submitter:", " Report-ID:", "\r\n Report-ID:").Replace(r.Subject))
	line("Auto-Submitted: auto-generated") // RFC 3834 §5
	for _, field := range r.Fields {
		line("%s", field)
	}
	line("MIME-Version: 1.0")
	line("Content-Type: %s;\r\n\tboundary=\"%s\"\r\n", r.Type, boundary)
	line("--%s\r\nContent-Type: text/plain; charset=utf-8\r\n", boundary)
	for _, text := range r.Text {
		line("%s", text)
	}
	line("\r\n--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64", boundary, r.FileType)
	line("Content-Disposition: attachment;\r\n\tfilename=\"%s\"\r\n", r.FileName)
	for content := r.File; len(content) > 0; {
		n := min(57, len(content)) // octets of a line of 76 (RFC 2045 §6.8)
		line("%s", base64.StdEncoding.EncodeToString(content[:n]))
		content = content[n:]
	}
	line("--%s--", boundary)
	return b
}
