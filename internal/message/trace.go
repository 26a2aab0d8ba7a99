package message

import (
	"io"
	"net/netip"
	"strings"
	"time"
)

// Trace is what a Received field tells (RFC 5321 §4.4).
type Trace struct {
	From       string     // the name in EHLO, whatever the client said
	Addr       netip.Addr // where the connection came from
	Reverse    string     // the confirmed name of Addr, empty when there is none
	By         string     // our name
	With       string     // ESMTP, ESMTPS, ESMTPSA, UTF8SMTPS, … (RFC 3848, RFC 6531 §4.3)
	ID         string     // under which the log knows the message
	For        Address    // zero when there are several recipients: they may not learn of each other
	TLS        string     // version and cipher suite, empty without
	Time       time.Time
	HideClient bool // leave the client out: where a person writes from is nobody's business
}

// AppendReceived appends the whole field with its line end. Names that came
// from outside are cleaned of what does not belong into a domain.
func (t Trace) AppendReceived(b []byte) []byte {
	f := folder{b: b}
	f.word("Received:")
	// RFC 5321 §4.4 wants a From-domain; for our own people (RFC 6409 §8)
	// privacy comes first, and all readers cope.
	if !t.HideClient {
		f.word("from", firstOf(t.domain(t.From), "unknown"), t.client())
		f.newLine()
	}
	f.word("by", t.domain(t.By))
	if t.With != "" {
		f.word("with " + safe(t.With, isDomainOctet))
	}
	if t.TLS != "" {
		f.word("(" + safe(t.TLS, isCommentOctet) + ")")
	}
	if t.ID != "" {
		f.word("id " + safe(t.ID, isDomainOctet))
	}
	if path := t.path(); path != "" {
		f.word("for <" + path + ">")
	}
	f.b = append(f.b, ';')
	f.newLine()
	f.word(t.Time.Format("Mon, 2 Jan 2006 15:04:05 -0700"))
	return append(f.b, "\r\n"...)
}

// domain is a name fit for the field. RFC 6531 §3.7.3: UTF-8 only in messages
// that came with SMTPUTF8.
func (t Trace) domain(s string) string {
	s = s[:min(len(s), maxDomain)]
	if t.utf8() {
		return safe(strings.ToValidUTF8(s, "?"), func(r rune) bool { return isDomainOctet(r) || r > 0xa0 })
	}
	return safe(s, isDomainOctet)
}

func (t Trace) utf8() bool { return strings.HasPrefix(t.With, "UTF8") }

// client is TCP-info of RFC 5321 §4.4: "(name [192.0.2.1])".
func (t Trace) client() string {
	if !t.Addr.IsValid() {
		return ""
	}
	info := literal(t.Addr.Unmap().WithZone(""))
	if t.Reverse != "" {
		info = t.domain(t.Reverse) + " " + info
	}
	return "(" + info + ")"
}

// path is the recipient, empty when there is none or it cannot be written. RFC
// 6531 §3.7.3 would have U-labels in a message that came with SMTPUTF8; but a
// program may say SMTPUTF8 for the domain alone, and this field must not be what
// keeps its message from a server without.
func (t Trace) path() string {
	a := t.For
	if !t.utf8() || isASCII(a.Local) {
		a.Domain = a.ASCIIDomain()
	}
	if a.Local == "" || a.Domain == "" || !t.utf8() && !a.ASCII() {
		return ""
	}
	return cleanLine(a.String())
}

// ReturnPath is the field with the reverse-path that final delivery puts first
// (RFC 5321 §4.4), a complete line.
func ReturnPath(a Address) string { return "Return-Path: <" + cleanLine(a.String()) + ">\r\n" }

// DeliveredTo is the field that names the mailbox delivered to (RFC 9228), a
// complete line. Finding one's own again means a loop.
func DeliveredTo(a Address) string { return "Delivered-To: " + cleanLine(a.String()) + "\r\n" }

// CountReceived counts the hops of the message that starts with r, for the loop
// check of RFC 5321 §6.3. At most MaxHeader octets are examined. Only errors of
// r are returned.
func CountReceived(r io.Reader) (int, error) {
	hops := 0
	err := Header(r, func(name string, _ []byte) bool {
		if strings.EqualFold(name, "Received") {
			hops++
		}
		return true
	})
	return hops, err
}

// safe replaces what ok does not know.
func safe(s string, ok func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if ok(r) {
			return r
		}
		return '?'
	}, s)
}

func isDomainOctet(r rune) bool {
	return r < 0x80 && (isAlnum(byte(r)) || strings.ContainsRune(".-_:[]+=/", r))
}

func isCommentOctet(r rune) bool { return isDomainOctet(r) || strings.ContainsRune(" ,@", r) }

// cleanLine keeps text on its line.
func cleanLine(s string) string {
	return safe(s, func(r rune) bool { return !isControl(r) && r != '\t' })
}
