package message

import (
	"strings"
	"time"
)

// Letter is a short mail of plain text in UTF-8 that we write ourselves, whole, with CRLF. name is the author's and may be
// empty; text may have bare line feeds. utf8 tells that an address needs SMTPUTF8 (RFC 6531) on its way.
func Letter(from Address, name string, to Address, subject, text string, now time.Time) (letter []byte, utf8 bool) {
	utf8 = !isASCII(from.Local) || !isASCII(to.Local)
	b := AppendMailbox(nil, "From", name, from, utf8)
	b = AppendMailbox(b, "To", "", to, utf8)
	b = AppendText(b, "Subject", subject)
	b = AppendWords(b, "Date", FormatDate(now))
	b = AppendWords(b, "Message-ID", "<"+NewMessageID(from.ASCIIDomain())+">")
	b = append(b, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"...)
	return append(b, strings.ReplaceAll(text, "\n", "\r\n")+"\r\n"...), utf8
}
