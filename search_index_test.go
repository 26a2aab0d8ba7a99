package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/quotedprintable"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"golang.org/x/text/encoding/ianaindex"

	"buzon/internal/message"
	"buzon/internal/store"
)

// searchWords have letters that fold in unusual ways, and scripts without spaces.
var searchWords = []string{
	"straße", "STRASSE", "İstanbul", "ılık", "kilo", "\u212ailo", "ma\u017fse", "σίσυφος", "ΣΊΣΥΦΟΣ", "ΐ", "Müller", "mu\u0308ller", "naïve",
	"привет", "ЁЛКА", "会議の資料", "こんにちは", "한국어", "lunch", "meeting", "a-b@c.d", "Ǆ", "ﬁn", "x", "100%", "=?", "Å¿", "\t", "  ", "🙂",
}

var searchCharsets = []string{
	"utf-8", "us-ascii", "iso-8859-1", "iso-8859-9", "iso-8859-7", "windows-1252", "windows-1251", "koi8-r", "iso-2022-jp", "shift_jis", "gb18030", "euc-kr", "utf-16", "nonsense",
}

// mailMaker makes mails at random, with the texts that are in them.
type mailMaker struct {
	*rand.Rand
	texts []string
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func (m *mailMaker) phrase(n int) string {
	var words []string
	for range 1 + m.IntN(n) {
		words = append(words, pick(m.Rand, searchWords))
	}
	text := strings.Join(words, pick(m.Rand, []string{" ", "", ", ", "\r\n"}))
	m.texts = append(m.texts, text)
	return text
}

// line is a phrase on one line.
func (m *mailMaker) line(n int) string { return strings.ReplaceAll(m.phrase(n), "\r\n", " ") }

// word is a header's text: an encoded word, or as it is.
func (m *mailMaker) word(n int) string {
	text := m.line(n)
	switch m.IntN(4) {
	case 0:
		return text
	case 1:
		return "\"" + text + "\""
	case 2:
		return "=?utf-8?B?" + base64.StdEncoding.EncodeToString([]byte(text)) + "?="
	}
	return "=?utf-8?Q?" + strings.NewReplacer(" ", "_", "?", "=3F", "=", "=3D", "_", "=5F").Replace(text) + "?="
}

// part is a text part in some charset and encoding.
func (m *mailMaker) part() string {
	charset := pick(m.Rand, searchCharsets)
	text := []byte(m.phrase(20))
	if e, err := ianaindex.MIME.Encoding(charset); err == nil && e != nil {
		var out []byte
		for _, r := range string(text) { // what the charset has not is left as it is
			if b, err := e.NewEncoder().Bytes([]byte(string(r))); err == nil {
				out = append(out, b...)
			} else {
				out = append(out, string(r)...)
			}
		}
		text = out
	}
	head := fmt.Sprintf("Content-Type: text/%s; charset=%s; name*=utf-8''%s\r\n", pick(m.Rand, []string{"plain", "html"}), charset, "%E4%BC%9A%20"+fmt.Sprint(m.IntN(9)))
	switch m.IntN(3) {
	case 0:
		return head + "Content-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(text) + "\r\n"
	case 1:
		var b bytes.Buffer
		w := quotedprintable.NewWriter(&b)
		w.Write(text)
		w.Close()
		return head + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b.String() + "\r\n"
	}
	return head + "Content-Transfer-Encoding: 8bit\r\n\r\n" + string(text) + "\r\n"
}

func (m *mailMaker) mail() string {
	head := fmt.Sprintf("From: %s <%d@example.org>\r\nTo: %s<b@example.net>, c@example.net\r\nSubject: %s\r\n %s\r\nX-Thing: %s\r\n",
		m.word(2), m.IntN(99), m.word(2), m.word(4), m.word(2), m.word(3))
	switch m.IntN(4) {
	case 0:
		return head + "Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n" + m.part() + "--bb\r\n" + m.part() +
			"--bb\r\nContent-Type: image/png; name=\"" + m.word(2) + "\"\r\nContent-Description: " + m.word(2) + "\r\n\r\nbinary\r\n--bb--\r\n"
	case 1:
		return head + "Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\nContent-Type: message/rfc822\r\n\r\nSubject: " + m.word(4) + "\r\n" + m.part() + "--bb--\r\n"
	case 2:
		return m.line(3) + "\r\n" + head + "broken line\r\n\r\n" + m.phrase(9) + "\r\n"
	}
	return head + m.part()
}

// needle is a part of a text that is somewhere, in any case.
func (m *mailMaker) needle() string {
	text := []rune(strings.ReplaceAll(pick(m.Rand, m.texts), "\r\n", " "))
	at := m.IntN(len(text))
	text = slices.Clone(text[at:min(at+1+m.IntN(9), len(text))])
	for i, r := range text {
		for range m.IntN(4) {
			r = unicode.SimpleFold(r)
		}
		text[i] = r
	}
	return string(text)
}

func (m *mailMaker) key() *imap.SearchCriteria {
	c := &imap.SearchCriteria{}
	switch m.IntN(7) {
	case 0:
		c.Body = []string{m.needle()}
	case 1:
		c.Text = []string{m.needle()}
	case 2:
		c.Header = []imap.SearchCriteriaHeaderField{{Key: pick(m.Rand, []string{"Subject", "From", "To", "X-Thing", "X-Other"}), Value: m.needle()}}
	case 3:
		c.Header = []imap.SearchCriteriaHeaderField{{Key: pick(m.Rand, []string{"X-Thing", "x-other"}), Value: ""}}
	case 4:
		c.Not = []imap.SearchCriteria{*m.key()}
	case 5:
		c.Or = [][2]imap.SearchCriteria{{*m.key(), *m.key()}}
	case 6:
		c.Body, c.Text = []string{m.needle()}, []string{m.needle()}
	}
	return c
}

// A search with the index finds what it finds without: everything, and nothing else.
func TestSearchIndexIsExact(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	a := startWithAna(t)
	c := imapClient(t, a, nil)
	m := &mailMaker{Rand: rand.New(rand.NewPCG(seed, 0))}
	for i := range 200 {
		appendMessage(t, c, "INBOX", []byte(m.mail()), nil)
		if i == 170 { // the last ones stay out of the index
			if err := a.store.UpdateIndex(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	must[*imap.SelectData](t)(c.Select("INBOX", nil).Wait())
	var keys []*imap.SearchCriteria
	for range 400 {
		keys = append(keys, m.key())
	}
	status := must[store.IndexStatus](t)(a.store.IndexStatus(t.Context()))
	if status.Indexed+status.Skipped != 171 || status.Skipped > 2 {
		t.Fatalf("got %+v", status)
	}
	with := searchAll(t, c, keys)
	for _, err := range []error{a.store.Set(t.Context(), "search.index", "no"), a.store.UpdateIndex(t.Context())} {
		if err != nil {
			t.Fatal(err)
		}
	}
	without := searchAll(t, c, keys)
	some := 0
	for i := range keys {
		if with[i] != without[i] {
			t.Errorf("seed %d: %+v: with the index %s, without %s", seed, *keys[i], with[i], without[i])
		}
		if with[i] != "[]" {
			some++
		}
	}
	if some < len(keys)/3 {
		t.Errorf("seed %d: only %d of %d searches found something", seed, some, len(keys))
	}
}

func searchAll(t *testing.T, c *imapclient.Client, keys []*imap.SearchCriteria) (found []string) {
	t.Helper()
	for _, k := range keys {
		data, err := c.UIDSearch(k, nil).Wait()
		if err != nil {
			t.Fatalf("%+v: %v", *k, err)
		}
		found = append(found, fmt.Sprint(data.AllUIDs()))
	}
	return found
}

// Whole searches by a client, with the index and without.
func BenchmarkSearchIndex(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		a := startWithAna(b)
		fillForSearch(b, a, n)
		for _, how := range []string{"index", "scan"} {
			if how == "scan" {
				benchMust(b, a.store.Set(context.Background(), "search.index", "no"))
			}
			benchMust(b, a.store.UpdateIndex(context.Background()))
			c := imapClient(b, a, nil)
			must[*imap.SelectData](b)(c.Select("INBOX", nil).Wait())
			for _, q := range []struct {
				name string
				key  imap.SearchCriteria
			}{
				{"TEXT-rare", imap.SearchCriteria{Text: []string{"needle17"}}},
				{"TEXT-1%", imap.SearchCriteria{Text: []string{"hundredth"}}},
				{"TEXT-none", imap.SearchCriteria{Text: []string{"nosuchthing"}}},
				{"SUBJECT-rare", imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Subject", Value: "topic17x"}}}},
				{"SUBJECT-1%", imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Subject", Value: "percent"}}}},
			} {
				b.Run(fmt.Sprintf("%d/%s/%s", n, q.name, how), func(b *testing.B) {
					var found int
					for range b.N {
						data, err := c.UIDSearch(&q.key, nil).Wait()
						benchMust(b, err)
						found = len(data.AllUIDs())
					}
					b.ReportMetric(float64(found), "found")
				})
			}
		}
	}
}

func benchMust(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// fillForSearch files n messages of about 3 KB in ana's inbox.
func fillForSearch(b *testing.B, a *testAppliance, n int) {
	b.Helper()
	acc := must[store.Account](b)(a.store.Account(context.Background(), message.Address{Local: "ana", Domain: "example.test"}))
	box := must[store.Mailbox](b)(a.store.Mailbox(context.Background(), acc.ID, "INBOX"))
	r := rand.New(rand.NewPCG(1, 1))
	var drafts []store.Draft
	for i := range n {
		var s strings.Builder
		fmt.Fprintf(&s, "From: ana@example.test\r\nTo: luis@example.test\r\nSubject: topic%dx", i)
		if i%100 == 0 {
			s.WriteString(" percent")
		}
		fmt.Fprintf(&s, "\r\nDate: Sat, 21 Nov 2026 10:00:00 +0100\r\nMessage-ID: <%d@example.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", i)
		for range 450 {
			fmt.Fprintf(&s, "%s ", benchWord(int(r.ExpFloat64()*500)))
			if r.IntN(12) == 0 {
				s.WriteString("\r\n")
			}
		}
		if i%100 == 50 {
			s.WriteString("hundredth")
		}
		fmt.Fprintf(&s, "needle%d\r\n", i)
		body := s.String()
		drafts = append(drafts, store.Draft{Body: io.NewSectionReader(strings.NewReader(body), 0, int64(len(body)))})
		if len(drafts) == 500 || i == n-1 {
			_, err := a.store.Append(context.Background(), box.ID, drafts)
			benchMust(b, err)
			drafts = drafts[:0]
		}
	}
}

// benchWord is the nth word of a made-up language.
func benchWord(n int) string {
	const consonants, vowels = "bcdfglmnprstv", "aeiou"
	var b strings.Builder
	for n += 7; n > 0; n /= 65 {
		b.WriteByte(consonants[n%13])
		b.WriteByte(vowels[n/13%5])
	}
	return b.String()
}
