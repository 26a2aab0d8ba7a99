package report

import (
	"io"
	"net/textproto"
	"strings"
	"testing"

	"buzon/internal/message"
)

func TestFailed(t *testing.T) {
	h, parts, m := build(t, failed(plainMail))
	for name, want := range map[string]string{
		"From": "Mail Delivery <mailer-daemon@example.org>", "To": "<ann@example.org>", "Subject": "Not delivered: Holiday plans",
		"Date": "Sun, 22 Nov 2026 05:05:00 +0100", "Message-Id": "<report@example.org>", "Auto-Submitted": "auto-replied",
		"In-Reply-To": "<plans@example.org>", "References": "<plans@example.org>", "Mime-Version": "1.0",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if m.UTF8 || m.BodyType != "7BIT" || len(parts) != 3 {
		t.Fatalf("%+v, %d parts", m, len(parts))
	}
	wantText := `Your mail "Holiday plans" of 22 November 2026 at 04:05 could not be delivered, and nothing more will be tried. It did not reach:

  Bob@example.net
There is no such address. Look for a typing mistake before the @.

Your mail is attached.

For technicians, the words of mx.example.net:
> 550 5.1.1 No such user

-- ` + `
This mail was written by the mail server mail.example.org.
`
	if got := strings.ReplaceAll(parts[0].text, "\r\n", "\n"); got != wantText {
		t.Errorf("\n got %s\nwant %s", got, wantText)
	}
	wantStatus := "Original-Envelope-Id: QQ314159\r\nReporting-MTA: dns; mail.example.org\r\n" +
		"Arrival-Date: Sun, 22 Nov 2026 04:05:00 +0100\r\n\r\n" +
		"Original-Recipient: rfc822; Bob@example.net\r\nFinal-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n" +
		"Remote-MTA: dns; mx.example.net\r\nDiagnostic-Code: smtp; 550 5.1.1 No such user\r\n" +
		"Last-Attempt-Date: Sun, 22 Nov 2026 05:05:00 +0100\r\n"
	if parts[1].text != wantStatus || parts[1].header.Get("Content-Type") != "message/delivery-status" {
		t.Errorf("\n got %s\nwant %s", parts[1].text, wantStatus)
	}
	if parts[2].text != plainMail || parts[2].header.Get("Content-Type") != "message/rfc822" {
		t.Errorf("%q", parts[2])
	}
}

// Every kind in every language has its words, and no placeholder is left open.
func TestKinds(t *testing.T) {
	for _, lang := range []string{"en", "es", "de"} {
		subjects := map[string]bool{}
		for kind := Failed; kind <= Expanded; kind++ {
			d := failed(plainMail)
			d.Kind, d.Language = kind, lang
			d.Recipients[0].WillRetryUntil = at(23)
			h, parts, _ := build(t, d)
			subject := message.DecodeHeader(h.Get("Subject"))
			subjects[subject] = true
			if !strings.Contains(subject, "Holiday plans") || strings.ContainsAny(parts[0].text+subject, "{}") ||
				strings.Contains(parts[0].text, "report_") || !strings.Contains(parts[0].text, "Bob@example.net") {
				t.Errorf("%s %v: %s\n%s", lang, kind, subject, parts[0].text)
			}
			if !strings.Contains(parts[1].text, "Action: "+kind.String()+"\r\n") {
				t.Errorf("%v: %s", kind, parts[1].text)
			}
			if got := strings.Contains(parts[1].text, "Will-Retry-Until"); got != (kind == Delayed) {
				t.Errorf("%v: %s", kind, parts[1].text)
			}
			// RFC 3461 §4.3: only failures return the message.
			if got := parts[2].header.Get("Content-Type"); (got == "message/rfc822") != (kind == Failed) {
				t.Errorf("%v: %s", kind, got)
			}
		}
		if len(subjects) != 5 {
			t.Errorf("%s: %v", lang, subjects)
		}
	}
}

func TestSpanishDelay(t *testing.T) {
	d := failed(strings.Replace(plainMail, "Holiday plans", "=?utf-8?q?Vacaciones_en_la_monta=C3=B1a?=", 1))
	d.Kind, d.Language = Delayed, "es-ES"
	d.Recipients[0].Diagnostic = message.Reply{Code: 451, Enhanced: [3]int{4, 7, 1}, Text: "Greylisted"}
	d.Recipients[0].WillRetryUntil = at(4).AddDate(0, 0, 5)
	h, parts, _ := build(t, d)
	if got := message.DecodeHeader(h.Get("Subject")); got != "Aún no entregado: Vacaciones en la montaña" {
		t.Error(got)
	}
	for _, want := range []string{
		"Su correo «Vacaciones en la montaña» del 22 de noviembre de 2026 a las 04:05 aún no ha llegado.",
		"Se intenta hasta el 27 de noviembre de 2026 a las 04:05.", "El otro servidor quiere esperar", "> 451 4.7.1 Greylisted",
	} {
		if !strings.Contains(parts[0].text, want) {
			t.Errorf("%s is missing in %s", want, parts[0].text)
		}
	}
	if got := parts[0].header.Get("Content-Language"); got != "es" {
		t.Error(got)
	}
}

func TestBuildErrors(t *testing.T) {
	for name, change := range map[string]func(*DSN){
		"no kind":        func(d *DSN) { d.Kind = 0 },
		"strange kind":   func(d *DSN) { d.Kind = 9 },
		"null sender":    func(d *DSN) { d.To = message.Address{} },
		"nobody reports": func(d *DSN) { d.From = message.Address{} },
		"no recipient":   func(d *DSN) { d.Recipients = nil },
		"broken":         func(d *DSN) { d.Original = io.NewSectionReader(iotestReaderAt{}, 0, 10) },
		"short":          func(d *DSN) { d.OriginalSize = 1000 },
	} {
		d := failed(plainMail)
		change(&d)
		if _, err := d.Mail(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzDSN(f *testing.F) {
	f.Add(plainMail, "550 No\nsuch user", "rfc822;a@b", "mx.example.net", "id", true)
	f.Add("Subject: \xff\n\nx", "\x00\r\n.\r\n", "utf-8;ø@å", "a b", "", false)
	f.Fuzz(func(t *testing.T, original, reply, orcpt, host, envid string, utf8 bool) {
		d := failed(original)
		d.Recipients[0].Diagnostic.Text, d.Recipients[0].Original, d.Recipients[0].RemoteMTA = reply, orcpt, host
		d.EnvID, d.UTF8 = envid, utf8
		if max(len(orcpt), len(host), len(envid)) > 500 { // RFC 3461 §4.2: parameters are bounded by the command line
			t.Skip()
		}
		m, err := d.Mail()
		if err != nil {
			t.Fatal(err)
		}
		_, parts := parsedLoose(t, m)
		if original == "" {
			return
		}
		if len(parts) != 3 {
			t.Fatalf("%d parts", len(parts))
		}
		if whole := parts[2].header.Get("Content-Type"); strings.HasPrefix(whole, "message/") && !strings.HasSuffix(whole, "headers") &&
			parts[2].text != original {
			t.Fatalf("%q came back as %q", original, parts[2].text)
		}
		for _, group := range strings.Split(strings.TrimSuffix(parts[1].text, "\r\n"), "\r\n\r\n") {
			if _, err := textproto.NewReader(bufioReader(group + "\r\n\r\n")).ReadMIMEHeader(); err != nil {
				t.Fatalf("%q: %v", group, err)
			}
		}
	})
}
