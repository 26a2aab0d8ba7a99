package report

import (
	"bytes"
	"io"
	"net/mail"
	"strings"
	"testing"

	"buzon/internal/message"
)

func TestGuard(t *testing.T) {
	g := Guard{Secret: []byte("secret")}
	seen := func(in string, account message.Address) bool {
		r := strings.NewReader(in)
		got, err := g.Seen(r, r.Size(), account)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	line := string(g.Line(ann))
	if strings.Contains(line, "ann") || strings.Contains(line, "example") || !strings.HasSuffix(line, "\r\n") || strings.Count(line, "\n") != 1 {
		t.Errorf("%q", line)
	}
	for in, want := range map[string]bool{
		line + "To: x\r\n\r\n":                               true,
		"To: x\r\n" + strings.ToLower(line[:17]) + line[17:]: true,
		string(g.Line(bob)) + line + "\r\n":                  true,
		string(g.Line(bob)) + "\r\n":                         false,
		"X-Buzon-Forwarded: 1\r\n\r\n":                       false,
		string(Guard{[]byte("other")}.Line(ann)) + "\r\n":    false,
		"\r\n" + line:   false,
		"To: x\r\n\r\n": false,
		"":              false,
	} {
		if got := seen(in, message.Address{Local: "ANN", Domain: "example.org"}); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
	if _, err := g.Seen(iotestReaderAt{}, 10, ann); err == nil {
		t.Error("no error")
	}
}

func FuzzGuard(f *testing.F) {
	g := Guard{Secret: []byte("secret")}
	f.Add([]byte(string(g.Line(ann)) + "\r\n"))
	f.Add([]byte("x-buzon-forwarded:\r\n x"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, err := g.Seen(bytes.NewReader(in), int64(len(in)), ann); err != nil {
			t.Fatal(err)
		}
		whole := append(g.Line(ann), in...)
		if seen, err := g.Seen(bytes.NewReader(whole), int64(len(whole)), ann); !seen && (len(in) == 0 || in[0] != ' ' && in[0] != '\t') || err != nil {
			t.Fatalf("%q: not seen, %v", whole, err)
		}
	})
}

func TestPaused(t *testing.T) {
	for _, lang := range []string{"en", "es"} {
		p := Paused{
			Language: lang, Host: "mail.example.org", Account: ann, Reason: "301 mails in 10 minutes", To: ann, Now: at(4),
			From: message.Address{Local: "postmaster", Domain: "example.org"},
		}
		m, err := p.Mail()
		if err != nil {
			t.Fatal(err)
		}
		octets, err := io.ReadAll(m.Body)
		if err != nil {
			t.Fatal(err)
		}
		checkLines(t, string(octets))
		read, err := mail.ReadMessage(bytes.NewReader(octets))
		if err != nil {
			t.Fatal(err)
		}
		subject := message.DecodeHeader(read.Header.Get("Subject"))
		text := p.text()
		if !strings.Contains(subject, "ann@example.org") || !strings.Contains(text, "301 mails") || strings.ContainsAny(text+subject, "{}") ||
			read.Header.Get("Auto-Submitted") != "auto-generated" || m.UTF8 {
			t.Errorf("%s: %s\n%s", lang, subject, text)
		}
	}
	for _, p := range []Paused{{To: ann}, {From: ann}} {
		if _, err := p.Mail(); err == nil {
			t.Errorf("%+v: no error", p)
		}
	}
}
