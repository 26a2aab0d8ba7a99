package message

import (
	"io"
	"net/mail"
	"strings"
	"testing"
	"time"
)

// A reader that is not ours finds in a letter what was put in, and nothing besides.
func TestLetter(t *testing.T) {
	now := time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		from, to, name, subject string
		utf8                    bool
	}{
		{"ana@example.org", "luis@example.net", "Ana García", "Buzón: prueba", false},
		{"ana@example.org", "luis@example.net", `"<eve@evil.example>`, "Hello", false},
		{"ana@example.org", "luis@example.net", "a\r\nBcc: eve@evil.example", "x\r\nBcc: eve@evil.example", false},
		{"ana@muñoz.example", "luis@example.net", "", "Hello", false},
		{"añà@example.org", "luis@example.net", "", "Hello", true},
	} {
		from, errFrom := ParseAddress(c.from)
		to, errTo := ParseAddress(c.to)
		if errFrom != nil || errTo != nil {
			t.Fatal(errFrom, errTo)
		}
		text, utf8 := Letter(from, c.name, to, c.subject, "one\ntwo", now)
		m, err := mail.ReadMessage(strings.NewReader(string(text)))
		if err != nil || utf8 != c.utf8 {
			t.Fatalf("%v, %v\n%s", utf8, err, text)
		}
		sender, err := mail.ParseAddress(m.Header.Get("From"))
		if err != nil || !utf8 && sender.Address != from.Local+"@"+from.ASCIIDomain() || m.Header.Get("Bcc") != "" {
			t.Errorf("%+v, %v\n%s", sender, err, text)
		}
		body, err := io.ReadAll(m.Body)
		if err != nil || string(body) != "one\r\ntwo\r\n" || strings.Contains(strings.ReplaceAll(string(text), "\r\n", ""), "\n") {
			t.Errorf("%q, %v", body, err)
		}
		if date, err := m.Header.Date(); err != nil || !date.Equal(now) {
			t.Errorf("%v, %v", date, err)
		}
	}
}
