package dkim

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	foreign "github.com/emersion/go-msgauth/dkim"
)

func writeBody(t testing.TB, to io.Writer, from io.Reader) {
	t.Helper()
	w := bufio.NewWriter(to)
	b := body{w: w}
	if _, err := io.Copy(&b, struct{ io.Reader }{from}); err != nil {
		t.Fatal(err)
	}
	b.close()
	w.Flush()
}

func TestBody(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		// RFC 6376 §3.4.5, examples 1 and 3.
		{" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"},
		// RFC 6376 §3.4.4: a body that is empty, or becomes so, has no octet.
		{"", ""},
		{"\r\n", ""},
		{"\r\n\r\n\r\n", ""},
		{" ", ""},
		{" \t\r\n  \r\n", ""},
		// The last line gets its end.
		{"a", "a\r\n"},
		{"a \t", "a\r\n"},
		{"a\r\n\r\n ", "a\r\n"},
		// Empty lines in between stay.
		{"\r\n \r\na\r\n\t\r\nb\r\n", "\r\n\r\na\r\n\r\nb\r\n"},
		// CR and LF alone are no line ends.
		{"a\nb", "a\nb\r\n"},
		{"a \nb", "a \nb\r\n"},
		{"a\rb\r", "a\rb\r\r\n"},
		{"a \rb", "a \rb\r\n"},
		{"a\r b", "a\r b\r\n"},
		{"a \r\r\n", "a \r\r\n"},
		{"a\n\r\n", "a\n\r\n"},
	} {
		var got bytes.Buffer
		writeBody(t, &got, strings.NewReader(c.in))
		if got.String() != c.want {
			t.Errorf("%q: %q, want %q", c.in, got.String(), c.want)
		}
	}
}

// The body of RFC 8463 appendix A and its bh=.
func TestBodyHashOfRFC8463(t *testing.T) {
	sum := sha256.New()
	writeBody(t, sum, strings.NewReader("Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"))
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=" {
		t.Error(got)
	}
}

func TestField(t *testing.T) {
	for in, want := range map[string]string{
		// RFC 6376 §3.4.5, example 1.
		"A: X\r\n":               "a:X",
		"B : Y\t\r\n\tZ  \r\n":   "b:Y Z",
		"Subject:\r\n":           "subject:",
		"Subject: \r\n \t \r\n":  "subject:",
		"Subject:a:b : c\r\n":    "subject:a:b : c",
		"SUBJECT: ÁÉ  \t A\r\n ": "subject:ÁÉ A",
	} {
		var got strings.Builder
		w := bufio.NewWriter(&got)
		if err := relax(w, strings.NewReader(in)); err != nil {
			t.Error(err)
		}
		w.Flush()
		if got.String() != want {
			t.Errorf("%q: %q, want %q", in, got.String(), want)
		}
	}
}

// Whatever mail says, signing it ends, and a verifier that is not ours agrees
// where it takes the message as we do: with CRLF only and a header that is one.
func FuzzSign(f *testing.F) {
	keys, err := onePair()
	if err != nil {
		f.Fatal(err)
	}
	keys = keys[1:] // RSA would only make it slow
	s := signer(f, "example.org", keys)
	f.Add("Subject: x\r\n", "Hello\r\n")
	f.Add("To: a\r\n b\r\nTo: c\r\n", " \r\n\ta  b \r\n\r\n")
	f.Add("Cc :\r\n \r\nList-Id: x\r\nX\r\n", "a\rb\nc\r\r\n")
	f.Fuzz(func(t *testing.T, header, text string) {
		mail := "From: a@example.org\r\n" + header + "\r\n" + text
		fields := sign(t, s, mail)
		if odd(header) || odd(text) || !wellFormed(header) {
			return
		}
		all, err := foreign.VerifyWithOptions(strings.NewReader(fields+mail), &foreign.VerifyOptions{
			LookupTXT: func(string) ([]string, error) { record, err := keys[0].Record(); return []string{record}, err },
		})
		if err != nil || len(all) == 0 || all[0].Err != nil {
			t.Errorf("%q %q: %v, %v", header, text, err, all[0].Err)
		}
	})
}

// odd tells that there is CR or LF alone.
func odd(s string) bool { return strings.ContainsAny(strings.ReplaceAll(s, "\r\n", ""), "\r\n") }

// wellFormed tells that every line is a field of ours or continues one.
func wellFormed(header string) bool {
	for line := range strings.Lines(header) {
		if !strings.HasSuffix(line, "\r\n") || len(line) == 2 {
			return false
		}
		if line[0] == ' ' || line[0] == '\t' {
			continue
		}
		name, _, found := strings.Cut(line, ":")
		if !found || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 127 }) ||
			strings.EqualFold(name, "DKIM-Signature") {
			return false
		}
	}
	return true
}
