package report

import (
	"io"
	"runtime"
	"strings"
	"testing"
)

// What of the original goes back: RFC 3461 §4.3, and never more than its sender's mailbox bears.
func TestReturned(t *testing.T) {
	header, _, _ := strings.Cut(plainMail, "\r\n\r\n")
	header += "\r\n"
	body := func(n int) string { return header + "\r\n" + strings.Repeat("0123456789abcdef\r\n", n/18) }
	for _, c := range []struct {
		name, original, kind, encoding, want string
		change                               func(*DSN)
	}{
		{"small", body(1000), "message/rfc822", "7bit", body(1000), nil},
		{"64 KB", body(maxReturned), "message/rfc822", "7bit", body(maxReturned)[:maxReturned-400], func(d *DSN) { d.OriginalSize = maxReturned - 400 }},
		{"larger", body(maxReturned), "text/rfc822-headers", "7bit", header, nil},
		{"RET=HDRS", body(1000), "text/rfc822-headers", "7bit", header, func(d *DSN) { d.HeadersOnly = true }},
		{"8bit", header + "\r\ncaf\xc3\xa9\r\n", "message/rfc822", "8bit", header + "\r\ncaf\xc3\xa9\r\n", nil},
		// A message/rfc822 cannot be encoded, and these lines cannot be sent as they are.
		{"long line", body(20) + strings.Repeat("x", 999) + "\r\n", "text/rfc822-headers", "7bit", header, nil},
		{"longest line", body(20) + strings.Repeat("x", 998) + "\r\n", "message/rfc822", "7bit", body(20) + strings.Repeat("x", 998) + "\r\n", nil},
		{"LF", body(20) + "a\nb\r\n", "text/rfc822-headers", "7bit", header, nil},
		{"CR", body(20) + "a\rb\r\n", "text/rfc822-headers", "7bit", header, nil},
		{"last CR", body(20) + "a\r", "text/rfc822-headers", "7bit", header, nil},
		{"NUL", body(20) + "a\x00b\r\n", "text/rfc822-headers", "7bit", header, nil},
		{"LF in the header", "Subject: a\nX: b\n\nbody\n", "text/rfc822-headers", "quoted-printable", "Subject: a\nX: b\n", nil},
		{"huge header", "Subject: a\r\n" + strings.Repeat("X: y\r\n", 20_000) + "\r\n", "text/rfc822-headers", "7bit",
			("Subject: a\r\n" + strings.Repeat("X: y\r\n", 20_000))[:12+(maxReturned-12)/6*6], nil},
		{"no end", "Subject: a", "message/rfc822", "7bit", "Subject: a", nil},
	} {
		d := failed(c.original)
		if c.change != nil {
			c.change(&d)
		}
		if c.name == "64 KB" {
			d.Original = sectionOf(c.original[:d.OriginalSize])
			c.want = c.original[:d.OriginalSize]
		}
		m, err := d.Mail()
		if err != nil {
			t.Fatal(err)
		}
		got := m
		var parts []part
		if c.name == "64 KB" { // cut within a line
			_, parts = parsedLoose(t, got)
		} else {
			_, parts = parsed(t, got)
		}
		p := parts[2]
		if p.text != c.want || p.header.Get("Content-Type") != c.kind || p.header.Get("Content-Transfer-Encoding") != c.encoding {
			t.Errorf("%s: %v, %d octets, want %d: %.200q", c.name, p.header, len(p.text), len(c.want), p.text)
		}
		if (m.BodyType == "8BITMIME") != (c.encoding == "8bit") {
			t.Errorf("%s: %s", c.name, m.BodyType)
		}
	}
}

// RFC 6533.
func TestInternational(t *testing.T) {
	utf8Mail := strings.Replace(plainMail, "Subject: Holiday", "Subject: Påske", 1)
	// Everybody speaks SMTPUTF8.
	d := failed(utf8Mail)
	d.UTF8, d.To = true, eve
	d.Recipients[0].Final, d.Recipients[0].Original = eve, "utf-8;jørgen@blåbær.no"
	h, parts, m := build(t, d)
	if !m.UTF8 || m.BodyType != "8BITMIME" || h.Get("To") != "<jørgen@blåbær.no>" {
		t.Errorf("%+v %v", m, h)
	}
	if got := parts[1].header; got.Get("Content-Type") != "message/global-delivery-status" || got.Get("Content-Transfer-Encoding") != "8bit" ||
		!strings.Contains(parts[1].text, "Original-Recipient: utf-8; jørgen@blåbær.no\r\nFinal-Recipient: utf-8; jørgen@blåbær.no\r\n") {
		t.Errorf("%v %s", got, parts[1].text)
	}
	if parts[2].text != utf8Mail || parts[2].header.Get("Content-Type") != "message/global" {
		t.Errorf("%q", parts[2])
	}
	d.HeadersOnly = true
	if _, parts, _ = build(t, d); parts[2].header.Get("Content-Type") != "message/global-headers" {
		t.Errorf("%q", parts[2])
	}

	// The reader's side may know nothing of it: an ASCII message to an alias that leads to such an address.
	d = failed(plainMail)
	d.Recipients[0].Final = eve
	_, parts, m = build(t, d)
	if got := parts[1].header; m.UTF8 || m.BodyType != "7BIT" || got.Get("Content-Transfer-Encoding") != "quoted-printable" ||
		!strings.Contains(parts[1].text, "Final-Recipient: utf-8; jørgen@blåbær.no\r\n") {
		t.Errorf("%+v %v %s", m, got, parts[1].text)
	}

	// A domain has a form in ASCII; stray octets in a header make no international message.
	d = failed(utf8Mail)
	d.To.Domain, d.Recipients[0].Final.Domain = "blåbær.no", "blåbær.no"
	d.Recipients[0].Diagnostic.Text = "Ingen slik bruker: bjørn"
	h, parts, m = build(t, d)
	if m.UTF8 || h.Get("To") != "<ann@xn--blbr-roah.no>" || parts[1].header.Get("Content-Type") != "message/delivery-status" ||
		!strings.Contains(parts[1].text, "Final-Recipient: rfc822; bob@xn--blbr-roah.no\r\n") ||
		!strings.Contains(parts[1].text, "bj?rn") || parts[2].header.Get("Content-Type") != "message/rfc822" {
		t.Errorf("%+v %v %s %v", m, h, parts[1].text, parts[2].header)
	}
}

func TestWithoutOriginal(t *testing.T) {
	d := failed("")
	if _, parts, _ := build(t, d); len(parts) != 2 {
		t.Errorf("of an empty one: %d parts", len(parts))
	}
	d.Original, d.MessageID = nil, ""
	h, parts, _ := build(t, d)
	if len(parts) != 2 || h.Get("Subject") != "Not delivered: your mail" || !strings.HasSuffix(h.Get("Message-Id"), "@example.org>") {
		t.Errorf("%d parts, %v", len(parts), h)
	}
}

// A report about a large message holds none of it.
func TestMemory(t *testing.T) {
	d := failed(plainMail)
	d.Original = io.NewSectionReader(endless(plainMail), 0, 1<<40)
	words("en") // read once, for all
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := d.Mail(); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	allocated := after.TotalAlloc - before.TotalAlloc
	if allocated > 512<<10 {
		t.Errorf("%d octets", allocated)
	}
}

// endless begins with a header and never ends.
type endless string

func (e endless) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	if off < int64(len(e)) {
		copy(p, e[off:])
	}
	return len(p), nil
}
