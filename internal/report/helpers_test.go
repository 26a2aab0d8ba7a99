package report

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"buzon/internal/message"
)

var (
	ann = message.Address{Local: "ann", Domain: "example.org"}
	bob = message.Address{Local: "bob", Domain: "example.net"}
	eve = message.Address{Local: "jørgen", Domain: "blåbær.no"}
)

func at(hour int) time.Time { return time.Date(2026, 11, 22, hour, 5, 0, 0, time.FixedZone("", 3600)) }

const plainMail = "Return-Path: <ann@example.org>\r\nFrom: Ann <ann@example.org>\r\nTo: bob@example.net\r\n" +
	"Subject: Holiday plans\r\nMessage-ID: <plans@example.org>\r\n\r\nShall we go?\r\n"

func sectionOf(s string) *io.SectionReader {
	return io.NewSectionReader(strings.NewReader(s), 0, int64(len(s)))
}

// failed is a report with everything in it.
func failed(original string) DSN {
	return DSN{
		Kind: Failed, Language: "en", ReportingMTA: "mail.example.org", EnvID: "QQ314159", Arrival: at(4),
		To: ann, From: message.Address{Local: "mailer-daemon", Domain: "example.org"}, MessageID: "report@example.org", Now: at(5),
		Original: sectionOf(original),
		Recipients: []Recipient{{
			Final: bob, Original: "rfc822;Bob@example.net", RemoteMTA: "mx.example.net", Last: at(5),
			Diagnostic: message.Reply{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "No such user"},
		}},
	}
}

// part is one part as a stranger reads it.
type part struct {
	header textproto.MIMEHeader
	text   string // decoded
}

// parsed is a report read by the standard library, held against our own reading.
func parsed(t *testing.T, m Mail) (mail.Header, []part) {
	t.Helper()
	octets, err := io.ReadAll(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(io.NewSectionReader(m.Body, 0, m.Body.Size()), octets); err != nil {
		t.Fatal(err)
	}
	if !m.UTF8 && strings.IndexFunc(string(octets), func(r rune) bool { return r > 0x7f }) >= 0 && m.BodyType == "7BIT" {
		t.Errorf("%s, but has octets beyond ASCII", m.BodyType)
	}
	outer, err := mail.ReadMessage(bytes.NewReader(octets))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(outer.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || params["report-type"] != "delivery-status" { // RFC 6522 §3
		t.Fatalf("%s %v %v", kind, params, err)
	}
	parts := partsOf(t, outer.Body, params["boundary"])
	ours, err := message.Parse(bytes.NewReader(octets), int64(len(octets)))
	if err != nil || len(ours.Root.Parts) != len(parts) {
		t.Fatalf("we find %d parts, others %d, %v", len(ours.Root.Parts), len(parts), err)
	}
	checkLines(t, string(octets))
	return outer.Header, parts
}

func partsOf(t *testing.T, r io.Reader, boundary string) []part {
	t.Helper()
	var parts []part
	in := multipart.NewReader(r, boundary)
	for {
		p, err := in.NextRawPart()
		if err == io.EOF {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = p
		if p.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(p)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part{p.Header, string(text)})
	}
}

// checkLines: RFC 5321 §4.5.3.1.6, and no CR or LF alone.
func checkLines(t *testing.T, s string) {
	t.Helper()
	for line := range strings.Lines(s) {
		if !strings.HasSuffix(line, "\r\n") || strings.Count(line, "\r") > 1 || len(line) > 1000 {
			t.Errorf("bad line of %d octets: %.100q", len(line), line)
		}
	}
}

func build(t *testing.T, d DSN) (mail.Header, []part, Mail) {
	t.Helper()
	m, err := d.Mail()
	if err != nil {
		t.Fatal(err)
	}
	h, parts := parsed(t, m)
	return h, parts, m
}

func parsedLoose(t *testing.T, m Mail) (mail.Header, []part) {
	t.Helper()
	outer, err := mail.ReadMessage(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(outer.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	return outer.Header, partsOf(t, outer.Body, params["boundary"])
}

type iotestReaderAt struct{}

func (iotestReaderAt) ReadAt([]byte, int64) (int, error) { return 0, errors.New("broken") }

func bufioReader(s string) *bufio.Reader { return bufio.NewReader(strings.NewReader(s)) }
