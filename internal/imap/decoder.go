package imap

import (
	"bufio"
	"fmt"
	"strings"
	"unicode/utf8"
)

// syntaxError is what becomes a tagged BAD. Its text is a sentence for a person.
type syntaxError struct{ text string }

func (e *syntaxError) Error() string { return e.text }

func syntaxf(format string, args ...any) error {
	return &syntaxError{fmt.Sprintf(format, args...)}
}

// refusal is what becomes a tagged NO with a response code (RFC 5530) or none.
type refusal struct{ code, text string }

func (e *refusal) Error() string { return e.text }

func refuse(code, text string) error { return &refusal{code, text} }

// fatalError ends the connection with a BYE: what the client sends next can no
// longer be told apart from commands.
type fatalError struct{ text string }

func (e *fatalError) Error() string { return e.text }

// decodeLimits cap what one command may cost.
type decodeLimits struct {
	line     int   // octets of the command without its literals
	literals int64 // octets of all its string literals together
	nonSync  int64 // octets of one {n+} literal (RFC 7888 §5: LITERAL- allows 4096)
	drain    int64 // octets of refused literals read and thrown away before we close instead
}

// decoder reads one command. It is made ready by reset and finished by CRLF, or by skip after an error.
type decoder struct {
	r      *bufio.Reader
	enc    *encoder // where the "+" of a synchronising literal goes
	limits decodeLimits
	utf8   bool // UTF8=ACCEPT is enabled: mailbox names are UTF-8 (RFC 6855 §3)

	line     int   // octets of the line left
	literals int64 // octets of literals left
	drain    int64 // octets of refused literals left
	pos      int   // octets seen since the line or the last literal began
	tail     [32]byte
	eol      bool           // a line feed was read and no literal follows it
	done     bool           // the command was read to its end
	open     *literalReader // being read by APPEND
}

// reset makes the decoder ready for the next command.
func (d *decoder) reset() {
	d.line, d.literals, d.drain = d.limits.line, d.limits.literals, d.limits.drain
	d.pos, d.eol, d.done, d.open = 0, false, false, nil
}

// readByte reads one octet of the line. It keeps the last few, so that skip can see an announced literal.
func (d *decoder) readByte() (byte, error) {
	if d.eol {
		return 0, syntaxf("The command ends too early.")
	}
	if err := d.closeLiteral(); err != nil {
		return 0, err
	}
	if d.line <= 0 {
		return 0, &fatalError{"The command line is too long."}
	}
	b, err := d.r.ReadByte()
	if err != nil {
		return 0, err
	}
	d.line--
	d.tail[d.pos%len(d.tail)] = b
	d.pos++
	d.eol = b == '\n'
	return b, nil
}

// Peek is the next octet, which stays.
func (d *decoder) Peek() (byte, error) {
	if d.eol {
		return 0, syntaxf("The command ends too early.")
	}
	if err := d.closeLiteral(); err != nil {
		return 0, err
	}
	b, err := d.r.Peek(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// Take consumes the next octet if it is b. A read error shows at the next call that returns one.
func (d *decoder) Take(b byte) bool {
	if c, err := d.Peek(); err != nil || c != b {
		return false
	}
	_, err := d.readByte()
	return err == nil
}

// Expect consumes b or fails.
func (d *decoder) Expect(b byte) error {
	if d.Take(b) {
		return nil
	}
	return d.unexpected(fmt.Sprintf("%q", b))
}

// unexpected tells what stands where something else was wanted, or the read error.
func (d *decoder) unexpected(want string) error {
	c, err := d.Peek()
	switch {
	case err != nil:
		return err
	case c == '\r' || c == '\n':
		return syntaxf("The command ends where %s should follow.", want)
	}
	return syntaxf("Expected %s, found %q.", want, c)
}

// SP consumes one space.
func (d *decoder) SP() error {
	if d.Take(' ') {
		return nil
	}
	return d.unexpected("a space")
}

// AtEnd tells whether the command's end of line comes next.
func (d *decoder) AtEnd() bool {
	c, err := d.Peek()
	return err == nil && (c == '\r' || c == '\n')
}

// CRLF consumes the end of the command. A bare line feed will do: people type it.
func (d *decoder) CRLF() error {
	d.Take(' ') // a trailing space is harmless, and seen from real clients
	d.Take('\r')
	if !d.Take('\n') {
		return d.unexpected("the end of the line")
	}
	d.done = true
	return nil
}

// isAtom tells RFC 3501's ATOM-CHAR.
func isAtom(b byte) bool {
	if b <= ' ' || b >= 0x7f {
		return false
	}
	switch b {
	case '(', ')', '{', '%', '*', '"', '\\', ']':
		return false
	}
	return true
}

// isAString tells RFC 3501's ASTRING-CHAR.
func isAString(b byte) bool { return isAtom(b) || b == ']' }

// isList tells RFC 3501's list-char.
func isList(b byte) bool { return isAString(b) || b == '%' || b == '*' }

// run reads one or more octets for which ok is true.
func (d *decoder) run(ok func(byte) bool, want string) (string, error) {
	var b strings.Builder
	for {
		c, err := d.Peek()
		if err != nil {
			return "", err
		}
		if !ok(c) {
			break
		}
		if _, err := d.readByte(); err != nil {
			return "", err
		}
		b.WriteByte(c)
	}
	if b.Len() == 0 {
		return "", d.unexpected(want)
	}
	return b.String(), nil
}

// Atom reads an atom.
func (d *decoder) Atom() (string, error) { return d.run(isAtom, "a word") }

// Keyword reads an atom in upper case.
func (d *decoder) Keyword() (string, error) {
	a, err := d.Atom()
	return strings.ToUpper(a), err
}

// AString reads an atom, a quoted string or a literal.
func (d *decoder) AString() (string, error) { return d.stringOr(isAString) }

// ListMailbox reads a pattern of LIST: an astring that may hold wildcards.
func (d *decoder) ListMailbox() (string, error) { return d.stringOr(isList) }

func (d *decoder) stringOr(ok func(byte) bool) (string, error) {
	c, err := d.Peek()
	if err != nil {
		return "", err
	}
	if c == '"' || c == '{' || c == '~' && d.literal8Next() {
		return d.String()
	}
	return d.run(ok, "a string")
}

func (d *decoder) literal8Next() bool {
	b, err := d.r.Peek(2)
	return err == nil && b[1] == '{'
}

// String reads a quoted string or a literal.
func (d *decoder) String() (string, error) {
	c, err := d.Peek()
	switch {
	case err != nil:
		return "", err
	case c == '"':
		return d.quoted()
	case c == '{' || c == '~':
		return d.literal()
	}
	return "", d.unexpected("a quoted string or a literal")
}

// NString reads a string or NIL; ok is false for NIL.
func (d *decoder) NString() (s string, ok bool, err error) {
	c, err := d.Peek()
	if err != nil {
		return "", false, err
	}
	if c == '"' || c == '{' || c == '~' {
		s, err = d.String()
		return s, err == nil, err
	}
	if s, err = d.Keyword(); err == nil && s != "NIL" {
		err = syntaxf("Expected a string or NIL.")
	}
	return "", false, err
}

func (d *decoder) quoted() (string, error) {
	if err := d.Expect('"'); err != nil {
		return "", err
	}
	var b strings.Builder
	for {
		c, err := d.readByte()
		if err != nil {
			return "", err
		}
		switch c {
		case '"':
			return b.String(), nil
		case '\\':
			if c, err = d.readByte(); err != nil {
				return "", err
			}
			if c != '"' && c != '\\' {
				return "", syntaxf(`Only \" and \\ may be escaped in a quoted string.`)
			}
		case 0, '\r', '\n':
			return "", syntaxf("A quoted string may not hold NUL or an end of line.")
		}
		b.WriteByte(c)
	}
}

// Number reads a number of 32 bits.
func (d *decoder) Number() (uint32, error) {
	n, err := d.Number64()
	if err == nil && n > 1<<32-1 {
		return 0, syntaxf("A number is too large.")
	}
	return uint32(n), err
}

// Number64 reads a number of 63 bits.
func (d *decoder) Number64() (int64, error) {
	var n int64
	for digits := 0; ; digits++ {
		c, err := d.Peek()
		if err != nil {
			return 0, err
		}
		if c < '0' || c > '9' {
			if digits == 0 {
				return 0, d.unexpected("a number")
			}
			return n, nil
		}
		if n > (1<<63-1-9)/10 {
			return 0, syntaxf("A number is too large.")
		}
		if _, err := d.readByte(); err != nil {
			return 0, err
		}
		n = n*10 + int64(c-'0')
	}
}

// List reads a parenthesised list, calling f at each item; it may be empty.
func (d *decoder) List(f func() error) error {
	if err := d.Expect('('); err != nil {
		return err
	}
	if d.Take(')') {
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		if d.Take(')') {
			return nil
		}
		if err := d.SP(); err != nil {
			return err
		}
		if d.Take(')') { // a space before ")" is harmless
			return nil
		}
	}
}

// SkipList reads a parenthesised list of anything, nested or not, and forgets it.
func (d *decoder) SkipList() error {
	if err := d.Expect('('); err != nil {
		return err
	}
	for depth := 1; depth > 0; {
		c, err := d.Peek()
		switch {
		case err != nil:
			return err
		case c == '\r' || c == '\n':
			return d.unexpected("a closing parenthesis")
		case c == '"' || c == '{':
			_, err = d.String()
		case c == '(':
			depth++
			_, err = d.readByte()
		case c == ')':
			depth--
			_, err = d.readByte()
		default:
			_, err = d.readByte()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Flag reads a flag: a keyword, or a system flag with its backslash.
func (d *decoder) Flag() (string, error) {
	system := d.Take('\\')
	a, err := d.Atom()
	if system {
		a = `\` + a
	}
	return a, err
}

// Mailbox reads a mailbox name and decodes it.
func (d *decoder) Mailbox() (string, error) {
	s, err := d.AString()
	if err != nil {
		return "", err
	}
	return d.mailboxName(s)
}

// mailboxName is the UTF-8 form of a name as it came over the wire. Before
// ENABLE UTF8=ACCEPT that is modified UTF-7 (RFC 3501 §5.1.3); raw UTF-8 is
// taken then too, since nothing else can be meant by it.
func (d *decoder) mailboxName(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", refuse("CANNOT", "The mailbox name is not UTF-8.")
	}
	if ascii := strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0; ascii && !d.utf8 {
		n, err := decodeMUTF7(s)
		if err != nil {
			return "", refuse("CANNOT", "The mailbox name is not valid modified UTF-7.")
		}
		s = n
	}
	return canonicalInbox(s), nil
}

// canonicalInbox writes INBOX in upper case, alone or as the first level (RFC 3501 §5.1).
func canonicalInbox(name string) string {
	first, rest, sub := strings.Cut(name, "/")
	if !strings.EqualFold(first, "INBOX") {
		return name
	}
	if !sub {
		return "INBOX"
	}
	return "INBOX/" + rest
}

// Line reads the rest of the line as it is: an answer to "+".
func (d *decoder) Line() (string, error) {
	var b strings.Builder
	for {
		c, err := d.readByte()
		if err != nil {
			return "", err
		}
		if c == '\n' {
			d.done = true
			return strings.TrimSuffix(b.String(), "\r"), nil
		}
		b.WriteByte(c)
	}
}
