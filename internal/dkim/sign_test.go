package dkim

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	foreign "github.com/emersion/go-msgauth/dkim"
)

const letter = "From: Ana <ana@example.org>\r\n" +
	"To: Luis <luis@example.net>\r\n" +
	"Subject: Hello,\r\n\tthis is   a folded one \r\n" +
	"Date: Sun, 22 Nov 2026 10:00:00 +0100\r\n" +
	"Message-ID: <1@example.org>\r\n" +
	"\r\n" +
	"Hello Luis,  \r\n\r\n\thow are\t you?\r\n\r\n\r\n"

// pair is one for all tests, because RSA keys take their time.
func pair(t testing.TB) []Key {
	t.Helper()
	keys, err := onePair()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

var onePair = sync.OnceValues(func() ([]Key, error) { return NewPair("b2026a") })

func signer(t testing.TB, domain string, keys []Key) *Signer {
	t.Helper()
	s, err := NewSigner(domain, keys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t testing.TB, s *Signer, mail string) string {
	t.Helper()
	now := time.Now()
	fields, err := s.Sign(io.NewSectionReader(strings.NewReader(mail), 0, int64(len(mail))), now, now.Add(Lifetime))
	if err != nil {
		t.Fatal(err)
	}
	return string(fields)
}

// verify is what go-msgauth says of the signatures, with our records as its DNS.
func verify(t testing.TB, mail, domain string, keys []Key) []*foreign.Verification {
	t.Helper()
	records := map[string]string{}
	for _, k := range keys {
		record, err := k.Record()
		if err != nil {
			t.Fatal(err)
		}
		records[k.Name(domain)] = record
	}
	all, err := foreign.VerifyWithOptions(strings.NewReader(mail), &foreign.VerifyOptions{
		LookupTXT: func(name string) ([]string, error) { return []string{records[name]}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func valid(t testing.TB, mail, domain string, keys []Key) bool {
	t.Helper()
	all := verify(t, mail, domain, keys)
	for _, v := range all {
		if v.Err != nil {
			t.Log(v.Err)
			return false
		}
		if v.Domain != domain {
			t.Errorf("signed by %s, want %s", v.Domain, domain)
		}
	}
	return len(all) == len(keys)
}

// A verifier that is not ours finds both signatures right.
func TestForeignVerifier(t *testing.T) {
	keys := pair(t)
	s := signer(t, "example.org", keys)
	long := strings.Repeat("x", 3*bufferSize)
	header, text, _ := strings.Cut(letter, "\r\n\r\n")
	for name, mail := range map[string]string{
		"as people write":     letter,
		"no body":             header + "\r\n\r\n",
		"only empty lines":    header + "\r\n\r\n\r\n\r\n\r\n",
		"only white space":    header + "\r\n\r\n  \r\n\t\r\n",
		"no end of line":      header + "\r\n\r\nHello",
		"space at the end":    header + "\r\n\r\nHello \t",
		"long lines":          header + "\r\n\r\n" + long + " \r\n" + long + "\r\n",
		"long field":          "References: <" + long + "@x>\r\n <2@x>\r\n" + letter,
		"many lines":          header + "\r\n\r\n" + strings.Repeat("a b\r\n\r\n", 10000),
		"fields twice":        "To: <a@example.net>\r\nTo: <b@example.net>\r\n" + letter,
		"many fields":         strings.Repeat("List-Id: x\r\n", 3*maxSame) + letter,
		"other fields":        "X-Mailer: y\r\nReceived: from x by y;\r\n\tnow\r\n" + letter,
		"a list":              "List-Unsubscribe: <https://x/>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" + letter,
		"space before colon":  "Reply-To : <a@example.org>\r\n" + letter,
		"names in odd case":   "CC: <a@example.org>\r\nmime-version: 1.0\r\n" + letter,
		"empty value":         "Cc:\r\nReply-To: \r\n\t \r\n" + letter,
		"UTF-8":               "Comments: á\r\nCc: <josé@example.org>\r\n" + letter + "señor\r\n",
		"boundary of buffer":  header + "\r\n\r\n" + long[:bufferSize-len(header)-5] + "\r\n\r\n" + text,
		"boundary in a space": header + "\r\n\r\n" + long[:bufferSize-len(header)-5] + "  \r\n" + text,
	} {
		fields := sign(t, s, mail)
		if !valid(t, fields+mail, "example.org", keys) {
			t.Errorf("%s: not valid:\n%s", name, fields)
		}
		// And under the field that we and every server after us add on top.
		if !valid(t, "Received: from a by b; now\r\n"+fields+mail, "example.org", keys) {
			t.Errorf("%s: not valid with a trace field", name)
		}
	}
}

// What a verifier must not accept.
func TestWhatIsSigned(t *testing.T) {
	keys := pair(t)
	fields := sign(t, signer(t, "example.org", keys), letter)
	header, text, _ := strings.Cut(letter, "\r\n\r\n")
	for name, changed := range map[string]string{
		"another subject":  strings.Replace(letter, "Hello,", "Goodbye,", 1),
		"another text":     strings.Replace(letter, "Luis,", "Eva,", 1),
		"more text":        letter + "Pay at once.\r\n",
		"a second From":    "From: eve@example.net\r\n" + letter,
		"a second From 2":  header + "\r\nFrom: eve@example.net\r\n\r\n" + text,
		"a second Subject": "Subject: x\r\n" + letter,
		"a Reply-To":       "Reply-To: eve@example.net\r\n" + letter,
		"a Cc":             header + "\r\nCc: eve@example.net\r\n\r\n" + text,
		"a Content-Type":   "Content-Type: text/html\r\n" + letter,
	} {
		for _, v := range verify(t, fields+changed, "example.org", keys) {
			if v.Err == nil {
				t.Errorf("%s: still valid", name)
			}
		}
	}
	// White space that servers on the way change does not matter, nor a list's own fields.
	if same := strings.Replace(letter, ",\r\n\tthis", ", this", 1) + "\r\n\r\n"; !valid(t, fields+"List-Id: x\r\n"+same, "example.org", keys) {
		t.Error("folding breaks the signature")
	}
}

func TestSignatureField(t *testing.T) {
	keys := pair(t)
	s := signer(t, "muñoz.example", []Key{keys[1], keys[0]})
	now := time.Unix(1_800_000_000, 0)
	mail := io.NewSectionReader(strings.NewReader(letter), 0, int64(len(letter)))
	got, err := s.Sign(mail, now, now.Add(Lifetime))
	if err != nil {
		t.Fatal(err)
	}
	rsa, ed, _ := strings.Cut(strings.TrimPrefix(string(got), "DKIM-Signature:"), "DKIM-Signature:")
	for field, want := range map[string]string{rsa: "v=1; a=rsa-sha256; ", ed: "v=1; a=ed25519-sha256; "} {
		for _, tag := range []string{want, "c=relaxed/relaxed;", "d=xn--muoz-hqa.example;", "s=b2026a-", "t=1800000000; x=1800604800;",
			"h=From:From:To:To:Cc:Subject:Subject:Date:Date:Message-ID:Message-ID:Reply-To:"} {
			if !strings.Contains(strings.ReplaceAll(field, "\r\n ", " "), tag) && !strings.Contains(strings.ReplaceAll(field, "\r\n ", ""), tag) {
				t.Errorf("no %q in %q", tag, field)
			}
		}
		if strings.Contains(field, " l=") {
			t.Errorf("a body length: %q", field)
		}
		for line := range strings.Lines(field) {
			if !strings.HasSuffix(line, "\r\n") || len(line) > 80 {
				t.Errorf("line %q", line)
			}
		}
	}
	if forever, err := s.Sign(mail, now, time.Time{}); err != nil || bytes.Contains(forever, []byte(" x=")) {
		t.Errorf("%v: %s", err, forever)
	}
}

func TestSignErrors(t *testing.T) {
	keys := pair(t)
	s := signer(t, "example.org", keys)
	for _, mail := range []string{"", "\r\n", "Subject: x\r\n\r\nFrom: a@b.c\r\n", "nothing", " From: a@b.c\r\n\r\n"} {
		if _, err := s.Sign(io.NewSectionReader(strings.NewReader(mail), 0, int64(len(mail))), time.Now(), time.Time{}); !errors.Is(err, ErrNoFrom) {
			t.Errorf("%q: %v", mail, err)
		}
	}
	broken := errors.New("disk")
	if _, err := s.Sign(io.NewSectionReader(failing{broken}, 0, 100), time.Now(), time.Time{}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	for name, bad := range map[string][]Key{
		"none":     nil,
		"no key":   {{Selector: "x", Algorithm: RSA, Private: []byte("x")}},
		"other":    {{Selector: "x", Algorithm: RSA, Private: keys[1].Private}},
		"unknown":  {{Selector: "x", Algorithm: "dsa", Private: keys[1].Private}},
		"reversed": {{Selector: "x", Algorithm: Ed25519, Private: keys[0].Private}},
	} {
		if _, err := NewSigner("example.org", bad); !errors.Is(err, ErrKey) && !errors.Is(err, ErrNoKeys) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewSigner("a..b\x00ñ", keys); err == nil {
		t.Error("a domain that DNS cannot have")
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

// Readers that give octet by octet hash to the same.
func TestAnyPieces(t *testing.T) {
	var a, b bytes.Buffer
	text := "a \r \n\r\n \r\r\nb\t\t c \r\n\r\n"
	writeBody(t, &a, strings.NewReader(text))
	writeBody(t, &b, iotest.OneByteReader(strings.NewReader(text)))
	if a.String() != b.String() {
		t.Errorf("%q and %q", a.String(), b.String())
	}
}
