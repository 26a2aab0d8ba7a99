package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

// receive gives the octets that a body came out with.
func receive(t testing.TB, s Spool, r io.Reader) ([]byte, error) {
	t.Helper()
	b, err := s.Receive(r)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	got, err := io.ReadAll(b.Reader())
	if err != nil || int64(len(got)) != b.Size() {
		t.Errorf("read %d of %d octets: %v", len(got), b.Size(), err)
	}
	return got, nil
}

func TestRules(t *testing.T) {
	strict, lax := Spool{Strict: true}, Spool{}
	for _, tt := range []struct {
		rules Spool
		in    string
		err   error
	}{
		// Lines end with CRLF; the last one need not (BDAT).
		{rules: strict, in: "Subject: hola\r\n\r\nuno\r\n.\r\ndos\r\n"},
		{rules: strict, in: ""},
		{rules: strict, in: "\r\n"},
		{rules: strict, in: "a\r\nb"},
		// A bare LF never ends a line, a bare CR never stands in one.
		{rules: strict, in: "a\n.\r\n", err: ErrBareLF},
		{rules: strict, in: "\n", err: ErrBareLF},
		{rules: strict, in: "a\r\n\nb\r\n", err: ErrBareLF},
		{rules: strict, in: "a\r\n.\rb\r\n", err: ErrBareCR},
		{rules: strict, in: "a\r\r\n", err: ErrBareCR},
		{rules: strict, in: "\ra\r\n", err: ErrBareCR},
		{rules: strict, in: "a\r\nb\r", err: ErrBareCR},
		// NUL is let through; 8-bit too.
		{rules: strict, in: "a\x00b\xff\r\n"},
		// APPEND and BINARYMIME: octets as they come.
		{rules: lax, in: "a\nb\rc\r\r\nd\x00"},
		// Lines count with their CRLF, from each line's start.
		{rules: Spool{Strict: true, MaxLine: 5}, in: "abc\r\nabc\r\nabc\r\n"},
		{rules: Spool{Strict: true, MaxLine: 5}, in: "abc\r\nabcd\r\n", err: ErrLineTooLong},
		{rules: Spool{Strict: true, MaxLine: 5}, in: "abcdef", err: ErrLineTooLong},
		{rules: Spool{MaxLine: 5}, in: "abcdef\r\n"},
		// The body's size.
		{rules: Spool{Strict: true, MaxSize: 5}, in: "abc\r\n"},
		{rules: Spool{Strict: true, MaxSize: 4}, in: "abc\r\n", err: ErrTooLarge},
		{rules: Spool{MaxSize: 4}, in: "abcde", err: ErrTooLarge},
		// The header ends at the first empty line, with CRLF or (APPEND) with LF.
		{rules: Spool{Strict: true, MaxHeader: 8}, in: "a: b\r\n\r\n" + "body goes on\r\n"},
		{rules: Spool{Strict: true, MaxHeader: 7}, in: "a: b\r\n\r\n", err: ErrHeaderTooLarge},
		{rules: Spool{Strict: true, MaxHeader: 10}, in: "a: b\r\nc\r\n\r\n", err: ErrHeaderTooLarge},
		{rules: Spool{MaxHeader: 6}, in: "a: b\n\nbody goes on"},
		{rules: Spool{MaxHeader: 7}, in: "a: b\nc\n\n", err: ErrHeaderTooLarge},
		{rules: Spool{MaxHeader: 2}, in: "\r\nbody goes on"},
		{rules: Spool{MaxHeader: 8}, in: "no empty line", err: ErrHeaderTooLarge},
	} {
		// In one piece, octet by octet (which splits every CRLF), and with every second one in the file.
		for _, memory := range []int{0, 1, 2, 3} {
			rules := tt.rules
			rules.Memory, rules.Dir = memory, t.TempDir()
			for name, r := range map[string]io.Reader{
				"whole":  strings.NewReader(tt.in),
				"octets": iotest.OneByteReader(strings.NewReader(tt.in)),
				"eof":    iotest.DataErrReader(strings.NewReader(tt.in)),
			} {
				got, err := receive(t, rules, r)
				if !errors.Is(err, tt.err) || err == nil && string(got) != tt.in {
					t.Errorf("%+v %q %s: got %q, %v, want %v", rules, tt.in, name, got, err, tt.err)
				}
			}
		}
	}
}

// lines is n octets of CRLF lines.
func lines(n int) []byte {
	return bytes.Repeat([]byte(strings.Repeat("x", 74)+"\r\n"), n/76+1)[:n/76*76]
}

func TestSizes(t *testing.T) {
	for _, n := range []int{0, 76, bufferSize - 1, bufferSize, bufferSize + 1, 2 * bufferSize, 1 << 20} {
		dir := t.TempDir()
		in := bytes.Repeat([]byte("x"), n)
		b, err := Spool{Dir: dir}.Receive(bytes.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		if inFile := b.file != nil; inFile != (n >= bufferSize) || inFile == (b.buf != nil) {
			t.Errorf("%d octets: in file %v, in memory %v", n, inFile, b.buf != nil)
		}
		if err := iotest.TestReader(b.Reader(), in); err != nil {
			t.Errorf("%d octets: %v", n, err)
		}
		if names, _ := filepath.Glob(dir + "/*"); len(names) != 0 {
			t.Errorf("%d octets: %q in the folder", n, names)
		}
		if err := errors.Join(b.Close(), b.Close()); err != nil {
			t.Error(err)
		}
		if _, err := b.Reader().ReadAt(make([]byte, 1), 0); n > 0 && err == nil {
			t.Errorf("%d octets: read after Close", n)
		}
	}
}

// A refused body is left where it is, or with Drain read to its end; a failed read keeps its error in both.
func TestDrain(t *testing.T) {
	gone := errors.New("connection is gone")
	big := strings.Repeat("x", 3*bufferSize)
	for _, tt := range []struct {
		name  string
		drain bool
		then  error // what the reader ends with
		left  bool
	}{
		{name: "left alone", left: true},
		{name: "drained", drain: true},
		{name: "lost while draining", drain: true, then: gone},
	} {
		rest := strings.NewReader(big)
		r := io.Reader(rest)
		if tt.then != nil {
			r = io.MultiReader(rest, iotest.ErrReader(tt.then))
		}
		_, err := Spool{MaxSize: 10, Drain: tt.drain}.Receive(r)
		if !errors.Is(err, ErrTooLarge) || !errors.Is(err, tt.then) && tt.then != nil || (rest.Len() > 0) != tt.left {
			t.Errorf("%s: %v, %d octets left", tt.name, err, rest.Len())
		}
	}
	if _, err := (Spool{}).Receive(iotest.ErrReader(gone)); !errors.Is(err, gone) {
		t.Errorf("read error: %v", err)
	}
}

// Where no file can be made the body is refused by an error of the file system, not of the rules.
func TestNoFolder(t *testing.T) {
	_, err := Spool{Dir: filepath.Join(t.TempDir(), "none"), Memory: 1}.Receive(strings.NewReader("abc"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// The fallback leaves no name and shows the file to its owner only.
func TestUnlinked(t *testing.T) {
	for name, make := range map[string]func(string) (*os.File, error){"unnamed": unnamed, "unlinked": unlinked} {
		dir := t.TempDir()
		f, err := make(dir)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		names, _ := filepath.Glob(dir + "/*")
		if err != nil || info.Mode().Perm() != 0o600 || len(names) != 0 {
			t.Errorf("%s: %v, %v, %q", name, info.Mode(), err, names)
		}
		f.Close()
	}
}

func TestConcurrent(t *testing.T) {
	s := Spool{Dir: t.TempDir(), Strict: true}
	var wg sync.WaitGroup
	for i := range 8 {
		in := []byte(strings.Repeat(fmt.Sprintf("line of %d\r\n", i), 100*(1+i*i*i)))
		wg.Go(func() {
			for range 20 {
				if got, err := receive(t, s, bytes.NewReader(in)); err != nil || !bytes.Equal(got, in) {
					t.Errorf("body %d came out changed: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
}

// However it is cut into pieces, a body gets the same answer and keeps its octets; and what Strict lets through has no
// CR or LF alone.
func FuzzReceive(f *testing.F) {
	f.Add([]byte("Subject: a\r\n\r\nb\r\n.\r\n"), uint8(3))
	f.Add([]byte("a\n.\r\nb\r\r\n"), uint8(1))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, in []byte, memory uint8) {
		s := Spool{Dir: dir, Strict: true, MaxLine: 20, MaxHeader: 60, MaxSize: 200}
		whole, wholeErr := receive(t, s, bytes.NewReader(in))
		s.Memory = int(memory)
		pieces, piecesErr := receive(t, s, iotest.OneByteReader(bytes.NewReader(in)))
		if (wholeErr == nil) != (piecesErr == nil) || !bytes.Equal(whole, pieces) {
			t.Errorf("%q: whole %q %v, pieces %q %v", in, whole, wholeErr, pieces, piecesErr)
		}
		bare := strings.ReplaceAll(string(in), "\r\n", "")
		if wholeErr == nil && (strings.ContainsAny(bare, "\r\n") || !bytes.Equal(whole, in)) {
			t.Errorf("%q was let through as %q", in, whole)
		}
	})
}

func BenchmarkReceive(b *testing.B) {
	for _, size := range []int{2 << 10, 10 << 10, 1 << 20, 50 << 20} {
		for _, strict := range []bool{true, false} {
			b.Run(fmt.Sprintf("%dK/strict=%v", size>>10, strict), func(b *testing.B) {
				in := lines(size)
				s := Spool{Dir: b.TempDir(), Strict: strict, MaxLine: 1000, MaxHeader: size, MaxSize: int64(size)}
				b.SetBytes(int64(len(in)))
				b.ReportAllocs()
				for b.Loop() {
					body, err := s.Receive(bytes.NewReader(in))
					if err != nil {
						b.Fatal(err)
					}
					body.Close()
				}
			})
		}
	}
}

// The rules alone, without reading or writing.
func BenchmarkCheck(b *testing.B) {
	in := lines(bufferSize)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		c := check{spool: Spool{Strict: true, MaxLine: 1000, MaxHeader: 1 << 20}, inHeader: false}
		if err := c.octets(in); err != nil {
			b.Fatal(err)
		}
	}
}
