package imap

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// newDecoder reads input as one command; what it says goes to out.
func newDecoder(input string, out io.Writer) *decoder {
	enc := &encoder{w: bufio.NewWriter(out)}
	d := &decoder{r: bufio.NewReaderSize(strings.NewReader(input), 64), enc: enc}
	d.limits = decodeLimits{line: 200, literals: 100, nonSync: 50, drain: 1000}
	d.reset()
	return d
}

func TestDecoder(t *testing.T) {
	str := func(f func(*decoder) (string, error)) func(*decoder) (string, error) { return f }
	nstring := func(d *decoder) (string, error) {
		s, ok, err := d.NString()
		if !ok && err == nil {
			s = "(nil)"
		}
		return s, err
	}
	list := func(d *decoder) (string, error) {
		var all []string
		err := d.List(func() error {
			s, err := d.AString()
			all = append(all, s)
			return err
		})
		return strings.Join(all, "|"), err
	}
	bad, no := &syntaxError{}, &refusal{}
	for _, c := range []struct {
		read func(*decoder) (string, error)
		in   string
		want string
		err  error
		out  string
	}{
		// RFC 3501 §9: atoms and strings.
		{read: str((*decoder).Atom), in: "abc def", want: "abc"},
		{read: str((*decoder).Atom), in: "(abc", err: bad},
		{read: str((*decoder).Atom), in: "\r\n", err: bad},
		{read: str((*decoder).AString), in: `"a \"b\" \\ c" x`, want: `a "b" \ c`},
		{read: str((*decoder).AString), in: "a]b ", want: "a]b"},
		{read: str((*decoder).AString), in: `"a\n"`, err: bad},
		{read: str((*decoder).AString), in: "\"a\r\nb\"", err: bad},
		{read: str((*decoder).AString), in: "\"a\x00\"", err: bad},
		{read: str((*decoder).AString), in: "\"\xc3\xa9\" ", want: "é"},
		{read: str((*decoder).AString), in: "{3}\r\na\r\n x", want: "a\r\n", out: "+ Ready.\r\n"},
		{read: str((*decoder).AString), in: "{3+}\r\nabc", want: "abc"},
		{read: str((*decoder).AString), in: "{3+}\nabc", want: "abc"},
		{read: str((*decoder).AString), in: "~{3+}\r\na\x00c", want: "a\x00c"},
		{read: str((*decoder).AString), in: "~abc ", want: "~abc"},
		{read: str((*decoder).AString), in: "{3+}\r\na\x00c", err: bad},
		{read: str((*decoder).AString), in: "{3x}\r\nabc", err: bad},
		{read: str((*decoder).AString), in: "{-3}\r\nabc", err: bad},
		{read: str((*decoder).AString), in: "{3} abc", err: bad},
		{read: str((*decoder).AString), in: "{0}\r\n ", want: "", out: "+ Ready.\r\n"},
		// Limits.
		{read: str((*decoder).AString), in: "{101}\r\n", err: no},
		{read: str((*decoder).AString), in: "{51+}\r\n", err: bad},
		{read: str((*decoder).AString), in: "{99999999999999999999}\r\n", err: bad},
		{read: str((*decoder).AString), in: strings.Repeat("a", 201), err: &fatalError{}},
		// NIL, lists, wildcards, flags.
		{read: nstring, in: "nil ", want: "(nil)"},
		{read: nstring, in: `"NIL" `, want: "NIL"},
		{read: nstring, in: "none ", err: bad},
		{read: list, in: "(a \"b c\" {1+}\r\nd)", want: "a|b c|d"},
		{read: list, in: "()", want: ""},
		{read: list, in: "(a ) ", want: "a"},
		{read: list, in: "(a  b)", err: bad},
		{read: list, in: "(a", err: io.EOF},
		{read: str((*decoder).ListMailbox), in: "a/%* ", want: "a/%*"},
		{read: str((*decoder).Flag), in: `\Seen)`, want: `\Seen`},
		{read: str((*decoder).Flag), in: `$Work `, want: `$Work`},
		{read: str((*decoder).Flag), in: `\ `, err: bad},
		// RFC 3501 §5.1: names.
		{read: str((*decoder).Mailbox), in: "iNbOx ", want: "INBOX"},
		{read: str((*decoder).Mailbox), in: "inbox/Sub ", want: "INBOX/Sub"},
		{read: str((*decoder).Mailbox), in: "inboxes ", want: "inboxes"},
		{read: str((*decoder).Mailbox), in: "\"\xff\"", err: no},
	} {
		var out bytes.Buffer
		got, err := c.read(newDecoder(c.in, &out))
		if got != c.want && c.err == nil || !sameKind(err, c.err) || out.String() != c.out {
			t.Errorf("%q: got %q, %v, said %q", c.in, got, err, out.String())
		}
	}
}

// sameKind compares errors by type.
func sameKind(a, b error) bool {
	var s *syntaxError
	var r *refusal
	var f *fatalError
	for _, target := range []any{&s, &r, &f} {
		switch as := errors.As(b, target); {
		case as:
			return errors.As(a, target)
		case errors.As(a, target):
			return false
		}
	}
	return (a == nil) == (b == nil)
}

func TestNumbers(t *testing.T) {
	for in, want := range map[string]int64{"0 ": 0, "007 ": 7, "4294967295 ": 1<<32 - 1, "9223372036854775799 ": 1<<63 - 9} {
		if n, err := newDecoder(in, io.Discard).Number64(); n != want || err != nil {
			t.Errorf("%q: %d, %v", in, n, err)
		}
	}
	for _, in := range []string{"x", "-1", "4294967296 ", "99999999999999999999 "} {
		if n, err := newDecoder(in, io.Discard).Number(); err == nil {
			t.Errorf("%q: %d", in, n)
		}
	}
}

// After an error, skip stops where the next command begins.
func TestSkip(t *testing.T) {
	for in, rest := range map[string]string{
		"a b c\r\nNEXT":                         "NEXT",
		"a {5}\r\nNEXT":                         "NEXT", // it waits for a "+" that does not come
		"a {5+}\r\nhello\r\nNEXT":               "NEXT",
		"a {5+}\r\nhello {3+}\r\nabc x\r\nNEXT": "NEXT",
		"a ~{5+}\r\nhello\r\nNEXT":              "NEXT",
		"a {05+}\nhello\nNEXT":                  "NEXT",
		"a {5+} \r\nNEXT":                       "NEXT", // no literal: it does not end the line
		"a {+}\r\nNEXT":                         "NEXT",
	} {
		d := newDecoder(in, io.Discard)
		if err := d.skip(); err != nil {
			t.Errorf("%q: %v", in, err)
		}
		if b, _ := io.ReadAll(d.r); string(b) != rest {
			t.Errorf("%q: left %q", in, b)
		}
	}
	for _, in := range []string{"a {1001+}\r\n", "a {99999999999999999999999999+}\r\n", "a " + strings.Repeat("{400+}\r\n"+strings.Repeat("x", 400), 3)} {
		var fatal *fatalError
		if err := newDecoder(in, io.Discard).skip(); !errors.As(err, &fatal) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// What is left of a message that was accepted is thrown away before the rest is read.
func TestLiteralReaderLeftOver(t *testing.T) {
	d := newDecoder("~{10+}\r\n0123456789)\r\nNEXT", io.Discard)
	r, size, err := d.LiteralReader(10, func(int64) error { return nil })
	if err != nil || size != 10 {
		t.Fatal(size, err)
	}
	if b, err := io.ReadAll(io.LimitReader(r, 4)); string(b) != "0123" {
		t.Errorf("%q, %v", b, err)
	}
	if err := d.Expect(')'); err != nil {
		t.Error(err)
	}
	if err := d.CRLF(); err != nil {
		t.Error(err)
	}
}

func FuzzDecoder(f *testing.F) {
	for _, s := range []string{
		"a LOGIN {3+}\r\nana {6+}\r\nsecret\r\n", `(a "b c" ~{1+}` + "\r\nd)\r\n", "a APPEND x (\\Seen) {5}\r\nhello\r\n", "((a b) (c nil 12))\r\n",
	} {
		f.Add(s, []byte("abcdefgh"))
	}
	f.Fuzz(func(t *testing.T, input string, ops []byte) {
		d := newDecoder(input, io.Discard)
		var err error
		for _, op := range ops {
			if err != nil {
				break
			}
			switch op % 10 {
			case 0:
				_, err = d.Atom()
			case 1:
				_, err = d.AString()
			case 2:
				_, _, err = d.NString()
			case 3:
				_, err = d.Number()
			case 4:
				err = d.List(func() error { _, err := d.AString(); return err })
			case 5:
				_, err = d.Mailbox()
			case 6:
				err = d.SP()
			case 7:
				err = d.SkipList()
			case 8:
				var r io.Reader
				if r, _, err = d.LiteralReader(100, func(int64) error { return nil }); err == nil {
					io.CopyN(io.Discard, r, 3)
				}
			case 9:
				err = d.CRLF()
			}
			if d.done {
				return
			}
		}
		if err := d.skip(); err == nil && !d.done {
			t.Fatal("skip ended within the command")
		}
	})
}
