package imap

import (
	"bufio"
	"strconv"
	"strings"
	"unicode/utf8"
)

// encoder writes responses. Its methods return it, so that a line reads as
// one expression; the first error stays and shows in Err and Flush.
type encoder struct {
	w       *bufio.Writer
	utf8    bool // UTF8=ACCEPT is enabled: quoted strings may be UTF-8 (RFC 6855 §3)
	err     error
	scratch [32]byte
}

// Err is the first error of writing; a long answer stops at it.
func (e *encoder) Err() error { return e.err }

// Flush sends what was written.
func (e *encoder) Flush() error {
	if e.err == nil {
		e.err = e.w.Flush()
	}
	return e.err
}

func (e *encoder) note(err error) *encoder {
	if err != nil && e.err == nil {
		e.err = err
	}
	return e
}

// Write makes the encoder a writer for the octets that Literal announced.
func (e *encoder) Write(p []byte) (int, error) {
	n, err := e.w.Write(p)
	e.note(err)
	return n, err
}

// Raw writes s as it is.
func (e *encoder) Raw(s string) *encoder {
	_, err := e.w.WriteString(s)
	return e.note(err)
}

// Bytes writes b as it is.
func (e *encoder) Bytes(b []byte) *encoder {
	_, err := e.w.Write(b)
	return e.note(err)
}

// Byte writes one octet.
func (e *encoder) Byte(b byte) *encoder { return e.note(e.w.WriteByte(b)) }

// CRLF ends a line.
func (e *encoder) CRLF() *encoder { return e.Raw("\r\n") }

// Number writes n in decimal.
func (e *encoder) Number(n uint32) *encoder { return e.Number64(int64(n)) }

// Number64 writes n in decimal.
func (e *encoder) Number64(n int64) *encoder {
	return e.Bytes(strconv.AppendInt(e.scratch[:0], n, 10))
}

// Literal announces size octets, which the caller writes next.
func (e *encoder) Literal(size int64) *encoder {
	return e.Byte('{').Number64(size).Raw("}\r\n")
}

// maxQuoted is the longest quoted string in octets; some clients read lines into fixed buffers.
const maxQuoted = 1000

// quotable tells whether s may be a quoted string.
func (e *encoder) quotable(s string) bool {
	if len(s) > maxQuoted {
		return false
	}
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c == 0 || c == '\r' || c == '\n':
			return false
		case c >= 0x80:
			ascii = false
		}
	}
	return ascii || e.utf8 && utf8.ValidString(s)
}

// String writes s quoted where that is allowed, as a literal otherwise.
func (e *encoder) String(s string) *encoder {
	if !e.quotable(s) {
		return e.Literal(int64(len(s))).Raw(s)
	}
	return e.Quoted(s)
}

// Quoted writes s, which is known to be quotable, in quotes.
func (e *encoder) Quoted(s string) *encoder {
	e.Byte('"')
	for {
		i := strings.IndexAny(s, `"\`)
		if i < 0 {
			return e.Raw(s).Byte('"')
		}
		e.Raw(s[:i]).Byte('\\').Byte(s[i])
		s = s[i+1:]
	}
}

// AString writes s as an atom where it can be one.
func (e *encoder) AString(s string) *encoder {
	if isPlainName(s) {
		return e.Raw(s)
	}
	return e.String(s)
}

// Binary writes s as String does, or as literal8 when it holds NUL (RFC 5464 §5, RFC 3516 §4.4).
func (e *encoder) Binary(s string) *encoder {
	if strings.IndexByte(s, 0) >= 0 {
		return e.Byte('~').Literal(int64(len(s))).Raw(s)
	}
	return e.String(s)
}

// NString writes s, or NIL when it is empty.
func (e *encoder) NString(s string) *encoder {
	if s == "" {
		return e.Raw("NIL")
	}
	return e.String(s)
}

// MailboxName writes a name, in modified UTF-7 unless UTF8=ACCEPT is enabled (RFC 3501 §5.1.3, RFC 6855 §3).
func (e *encoder) MailboxName(name string) *encoder {
	if !e.utf8 {
		name = encodeMUTF7(name)
	}
	return e.AString(name)
}

// isPlainName tells whether a name can stand as an atom.
func isPlainName(name string) bool {
	for i := range len(name) {
		if !isAtom(name[i]) {
			return false
		}
	}
	return name != "" && !strings.EqualFold(name, "NIL")
}

// systemFlags are the names of the low bits of Flags, by bit.
var systemFlags = [...]string{`\Seen`, `\Answered`, `\Flagged`, `\Deleted`, `\Draft`}

// Flags writes a parenthesised flag list.
func (e *encoder) Flags(f Flags, keywords []string, recent bool) *encoder {
	e.Byte('(')
	sep := ""
	for i, name := range systemFlags {
		if f&(1<<i) != 0 {
			e.Raw(sep).Raw(name)
			sep = " "
		}
	}
	if f >= 1<<KeywordBit {
		for i, name := range keywords {
			if f&(1<<(KeywordBit+i)) != 0 {
				e.Raw(sep).Raw(name)
				sep = " "
			}
		}
	}
	if recent {
		e.Raw(sep).Raw(`\Recent`)
	}
	return e.Byte(')')
}
