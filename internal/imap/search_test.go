package imap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"buzon/internal/uidset"
)

// searchMails are delivered on 1, 2, … November 2026.
var searchMails = []string{
	1: crlf("From: \"Ann Lee\" <ann@example.org>\nTo: bob@example.net\nSubject: Lunch\nDate: Sun, 25 Oct 2026 23:30:00 -1000\n" +
		"Message-ID: <m1@example.org>\nX-Spam: no\n\nSee you at NOON.\n"),
	2: crlf("From: ann@example.org\nCc: carl@example.net\nSubject: =?utf-8?Q?Caf=C3=A9?= =?utf-8?Q?_au_lait?=\nDate: Mon, 26 Oct 2026 10:00:00 +0000\n" +
		"List-Id: <news.example.org>\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nStra=DFe und =C4rger, soft=\nbreak\n"),
	3: crlf("From: dora@example.com\nTo: =?utf-8?B?SsO4cmdlbg==?= <j@example.no>\nSubject:\nDate: never\nBcc: x@y\n" +
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" +
		"PHA+zqPOr8+Dz4XPhs6/z4I8L3A+\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename*=utf-8''Rechnung%20M%C3%A4rz.pdf\n" +
		"Content-Transfer-Encoding: base64\n\nc2VjcmV0\n--b\nContent-Type: message/rfc822\n\nSubject: =?utf-8?Q?forwarded_=C3=A9tude?=\n\ninner text\n--b--\n"),
	4: crlf("Subject: " + strings.Repeat("long ", 40) + "\nSender: list@example.org\nIn-Reply-To: <m1@example.org>\n\n" + strings.Repeat("filler text\n", 5000) + "the end\n"),
}

// openSearch has flags: 1 none, 2 \Seen \Answered, 3 \Flagged $Junk, 4 \Deleted \Draft; 3 and 4 are \Recent.
func openSearch(t *testing.T) *contentSession {
	t.Helper()
	s := openMails(t, searchMails[1:]...)
	s.f.setFlags("INBOX", 2, `\Seen`, `\Answered`)
	s.f.setFlags("INBOX", 3, `\Flagged`, "$Junk")
	s.f.setFlags("INBOX", 4, `\Deleted`, `\Draft`)
	s.reopen()
	s.recentFrom = 3
	return s
}

func TestSearch(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		// Everything, sets.
		{"ALL", "1 2 3 4"},
		{"2:3", "2 3"},
		{"*", "4"},
		{"3:99", "3 4"},
		{"99", ""},
		{"UID 1,4:*", "1 4"},
		{"UID 99:*", "4"},
		{"$", "2"},
		{"ALL 2 NOT 2", ""},
		// Flags.
		{"SEEN", "2"},
		{"UNSEEN", "1 3 4"},
		{"ANSWERED", "2"},
		{"UNANSWERED", "1 3 4"},
		{"FLAGGED", "3"},
		{"UNFLAGGED", "1 2 4"},
		{"DELETED", "4"},
		{"UNDELETED", "1 2 3"},
		{"DRAFT", "4"},
		{"UNDRAFT", "1 2 3"},
		{"RECENT", "3 4"},
		{"OLD", "1 2"},
		{"NEW", "3 4"},
		{"KEYWORD $Junk", "3"},
		{"KEYWORD $jUNK", "3"},
		{"UNKEYWORD $Junk", "1 2 4"},
		{"KEYWORD Unheard", ""},
		{"UNKEYWORD Unheard", "1 2 3 4"},
		// Sizes, zero included.
		{"LARGER 10000", "4"},
		{"LARGER 0", "1 2 3 4"},
		{"SMALLER 0", ""},
		{"SMALLER 10000", "1 2 3"},
		// INTERNALDATE by the day.
		{"ON 2-Nov-2026", "2"},
		{"BEFORE 2-Nov-2026", "1"},
		{`SINCE "02-Nov-2026"`, "2 3 4"},
		{"SINCE 2-Nov-2026 SINCE 4-Nov-2026", "4"},
		// The Date field by the day its sender wrote; without one there is no match.
		{"SENTON 25-Oct-2026", "1"},
		{"SENTBEFORE 26-Oct-2026", "1"},
		{"SENTSINCE 26-Oct-2026", "2"},
		{"SENTSINCE 1-Jan-1970", "1 2"},
		// Fields, in any case, encoded words decoded.
		{"FROM ANN", "1 2"},
		{`FROM "Lee <ann"`, "1"},
		{"FROM ann@example.org", "1 2"},
		{`TO "jørgen"`, "3"},
		{"TO example", "1 3"},
		{"CC carl", "2"},
		{"BCC x@y", "3"},
		{"SUBJECT lunch", "1"},
		{`SUBJECT "CAFÉ AU"`, "2"},
		{"TO MISSING", ""},
		// HEADER, of any field; the empty text asks whether it is there.
		{"HEADER Message-ID m1@", "1"},
		{"HEADER In-Reply-To m1@", "4"},
		{"HEADER X-Spam NO", "1"},
		{`HEADER x-spam ""`, "1"},
		{`HEADER List-Id ""`, "2"},
		{`HEADER Subject ""`, "1 2 3 4"},
		{`SUBJECT ""`, "1 2 3 4"},
		{`HEADER Cc ""`, "2"},
		{"HEADER Sender list@", "4"},
		{"HEADER Sender ann", ""},
		{"HEADER No-Such x", ""},
		// BODY: decoded from charset and encoding, in any case, inner headers and file names too.
		{"BODY noon", "1"},
		{`BODY "straße"`, "2"},
		{`BODY "ärger"`, "2"},
		{"BODY softbreak", "2"},
		{`BODY "σίσυφος"`, "3"},
		{`BODY "ΣΊΣΥΦΟΣ"`, "3"},
		{`BODY "märz.PDF"`, "3"},
		{`BODY "forwarded étude"`, "3"},
		{`BODY "inner text"`, "3"},
		{"BODY secret", ""},
		{"BODY base64", ""},
		{"BODY application/pdf", ""},
		{"BODY lunch", ""},
		{`BODY "the end"`, "4"},
		{`BODY ""`, "1 2 3 4"},
		{`BODY "no such thing"`, ""},
		// TEXT: the header as well.
		{"TEXT lunch", "1"},
		{"TEXT noon", "1"},
		{`TEXT "café au lait"`, "2"},
		{`TEXT "x-spam: no"`, "1"},
		{"TEXT example.org", "1 2 4"},
		{`TEXT ""`, "1 2 3 4"},
		// NOT, OR, parentheses.
		{"NOT SEEN", "1 3 4"},
		{"NOT NOT SEEN", "2"},
		{"OR SEEN FLAGGED", "2 3"},
		{`OR BODY noon OR TEXT "straße" UID 4`, "1 2 4"},
		{"NOT OR FROM ann BODY inner", "4"},
		{"(SEEN)", "2"},
		{"((1:3) (NOT (SEEN)))", "1 3"},
		{"OR (FROM ann UNSEEN) (DRAFT DELETED)", "1 4"},
		{"NOT BODY noon", "2 3 4"},
		{"NOT HEADER X-Spam no", "2 3 4"},
		{"seen all", "2"},
		// Strings in other charsets.
		{"CHARSET UTF-8 BODY {7+}\r\nstraße", "2"},
		{"CHARSET iso-8859-1 BODY {6+}\r\nstra\xdfe", "2"},
		{`CHARSET "windows-1252" TEXT "caf` + "\xe9\"", "2"},
	} {
		s := openSearch(t)
		s.saved = uids(2)
		want := "* SEARCH"
		if c.want != "" {
			want += " " + c.want
		}
		if got := s.do("SEARCH " + c.keys); got != want+"\r\na OK Searched.\r\n" {
			t.Errorf("%s: got %q, want %s", c.keys, got, c.want)
		}
	}
}

// RFC 5032: relative to now.
func TestSearchWithin(t *testing.T) {
	s := openSearch(t)
	box := s.f.boxes["INBOX"]
	for i := range box.messages {
		box.messages[i].Received = time.Now().Add(-time.Duration(i) * time.Hour)
	}
	for keys, want := range map[string]string{
		"YOUNGER 5400": "1 2", "OLDER 5400": "3 4", "OLDER 5400 YOUNGER 9000": "3",
	} {
		if got := s.do("SEARCH " + keys); got != "* SEARCH "+want+"\r\na OK Searched.\r\n" {
			t.Errorf("%s: got %q", keys, got)
		}
	}
}

func TestSearchUID(t *testing.T) {
	s := openSearch(t)
	s.f.remove("INBOX", 2)
	s.reopen()
	if got := s.do("UID SEARCH 2:3"); got != "* SEARCH 3 4\r\na OK Searched.\r\n" {
		t.Errorf("got %q", got)
	}
	if got := s.do("SEARCH UID 3:4"); got != "* SEARCH 2 3\r\na OK Searched.\r\n" {
		t.Errorf("got %q", got)
	}
}

// What another session removed meanwhile is not found, and no error.
func TestSearchGone(t *testing.T) {
	s := openSearch(t)
	s.f.remove("INBOX", 1)
	if got := s.do("SEARCH UNSEEN TEXT e"); got != "* SEARCH 3 4\r\na OK Searched.\r\n" {
		t.Errorf("got %q", got)
	}
}

func TestESearch(t *testing.T) {
	for _, c := range []struct{ args, want, saved string }{
		// RFC 4731 §3.1.
		{"RETURN () UNSEEN", `* ESEARCH (TAG "a") ALL 1,3:4`, "9"},
		{"RETURN (ALL) UNSEEN", `* ESEARCH (TAG "a") ALL 1,3:4`, "9"},
		{"RETURN (MIN) UNSEEN", `* ESEARCH (TAG "a") MIN 1`, "9"},
		{"RETURN (max) UNSEEN", `* ESEARCH (TAG "a") MAX 4`, "9"},
		{"RETURN (MIN MAX) BODY e", `* ESEARCH (TAG "a") MIN 1 MAX 4`, "9"},
		{"RETURN (COUNT) UNSEEN", `* ESEARCH (TAG "a") COUNT 3`, "9"},
		{"RETURN (MIN MAX COUNT ALL) UNSEEN", `* ESEARCH (TAG "a") MIN 1 MAX 4 ALL 1,3:4 COUNT 3`, "9"},
		{"RETURN (ALL) CHARSET UTF-8 ALL", `* ESEARCH (TAG "a") ALL 1:4`, "9"},
		// Nothing found: only COUNT is told.
		{"RETURN (MIN MAX ALL) KEYWORD x", `* ESEARCH (TAG "a")`, "9"},
		{"RETURN (COUNT MIN) KEYWORD x", `* ESEARCH (TAG "a") COUNT 0`, "9"},
		// RFC 5182 §2.1: SAVE alone has no response; MIN and MAX save only what they tell.
		{"RETURN (SAVE) UNSEEN", "", "1,3:4"},
		{"RETURN (SAVE ALL) UNSEEN", `* ESEARCH (TAG "a") ALL 1,3:4`, "1,3:4"},
		{"RETURN (SAVE MIN) UNSEEN", `* ESEARCH (TAG "a") MIN 1`, "1"},
		{"RETURN (SAVE MIN MAX) UNSEEN", `* ESEARCH (TAG "a") MIN 1 MAX 4`, "1,4"},
		{"RETURN (SAVE MIN COUNT) UNSEEN", `* ESEARCH (TAG "a") MIN 1 COUNT 3`, "1,3:4"},
		{"RETURN (SAVE) KEYWORD x", "", ""},
	} {
		s := openSearch(t)
		s.saved = uids(9)
		want := c.want
		if want != "" {
			want += "\r\n"
		}
		if got := s.do("SEARCH " + c.args); got != want+"a OK Searched.\r\n" || setText(s.saved) != c.saved {
			t.Errorf("%s: got %q, saved %s", c.args, got, setText(s.saved))
		}
	}
	s := openSearch(t)
	if got := s.do("UID SEARCH RETURN (MAX) ALL"); !strings.HasPrefix(got, `* ESEARCH (TAG "a") UID MAX 4`) {
		t.Errorf("got %q", got)
	}
}

func TestSearchRefused(t *testing.T) {
	for _, c := range []struct{ args, want, saved string }{
		// BAD leaves $ alone, NO empties it (RFC 5182 §2.1).
		{"", "a BAD ", "9"},
		{"NONSENSE", "a BAD ", "9"},
		{"RETURN (SAVE) NONSENSE", "a BAD ", "9"},
		{"RETURN (SAVE) CHARSET klingon ALL", "a NO [BADCHARSET (UTF-8 US-ASCII)] ", ""},
		{"CHARSET klingon ALL", "a NO [BADCHARSET (UTF-8 US-ASCII)] ", "9"},
		{"CHARSET klingon TEXT {3+}\r\nabc", "a NO [BADCHARSET (UTF-8 US-ASCII)] ", "9"},
		{"CHARSET iso-2022-kr ALL", "a NO [BADCHARSET ", "9"},
		{"TEXT \"\xff\"", "a NO [BADCHARSET ", "9"},
		// Not the grammar.
		{"RETURN ALL", "a BAD ", "9"},
		{"RETURN (ALL)", "a BAD ", "9"},
		{"RETURN (FOO) ALL", "a BAD ", "9"},
		{"CHARSET UTF-8", "a BAD ", "9"},
		{"()", "a BAD ", "9"},
		{"(ALL", "a BAD ", "9"},
		{"ALL)", "a BAD ", "9"},
		{"OR ALL", "a BAD ", "9"},
		{"NOT", "a BAD ", "9"},
		{"0", "a BAD ", "9"},
		{"UID", "a BAD ", "9"},
		{"SINCE yesterday", "a BAD ", "9"},
		{"OLDER 0", "a BAD ", "9"},
		{"LARGER x", "a BAD ", "9"},
		{"HEADER Subject", "a BAD ", "9"},
		{"KEYWORD \\Seen", "a BAD ", "9"},
		{"ALL  ALL", "a BAD ", "9"},
		// Caps.
		{strings.Repeat("(", 600) + "ALL" + strings.Repeat(")", 600), "a NO [LIMIT] ", "9"},
		{strings.Repeat("NOT ", 600) + "ALL", "a NO [LIMIT] ", "9"},
		{strings.Repeat("ALL ", 2100) + "ALL", "a NO [LIMIT] ", "9"},
		{manyTexts(40), "a NO [LIMIT] ", "9"},
	} {
		s := openSearch(t)
		s.saved = uids(9)
		if got := s.do("SEARCH " + c.args); !strings.HasPrefix(got, c.want) || setText(s.saved) != c.saved {
			t.Errorf("%.60s: got %q, saved %s", c.args, got, setText(s.saved))
		}
	}
}

func manyTexts(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "TEXT x%d ", i)
	}
	return b.String() + "ALL"
}

// A chain of ORs as address books send it.
func TestSearchLongOr(t *testing.T) {
	s := openSearch(t)
	got := s.do("SEARCH " + strings.Repeat("OR FROM nobody ", 400) + "FROM dora")
	if got != "* SEARCH 3\r\na OK Searched.\r\n" {
		t.Errorf("got %q", got)
	}
}

// RFC 6855 §3.
func TestSearchUTF8(t *testing.T) {
	s := openSearch(t)
	s.enabled.UTF8 = true
	if got := s.do("SEARCH CHARSET UTF-8 ALL"); !strings.HasPrefix(got, "a BAD ") {
		t.Errorf("got %q", got)
	}
	if got := s.do(`SEARCH BODY "straße"`); !strings.HasPrefix(got, "* SEARCH 2\r\n") {
		t.Errorf("got %q", got)
	}
}

// A search ends with its session.
func TestSearchCancelled(t *testing.T) {
	s := openSearch(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.ctx = ctx
	p, err := readProgram(s.session, "BODY x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.find(&searchRequest{program: p}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func readProgram(s *session, keys string) (*searchProgram, error) {
	s.dec = readFrom(" " + keys + "\r\n")
	req, err := s.parseSearch()
	return req.program, err
}

// countBox counts what is asked of the store.
type countBox struct {
	Box
	pages, bodies int
}

func (b *countBox) Page(ctx context.Context, u uidset.Set, from uint32, limit int, f Fields, buf []Message) ([]Message, error) {
	b.pages++
	return b.Box.Page(ctx, u, from, limit, f, buf)
}

func (b *countBox) Body(ctx context.Context, id int64) (Body, error) {
	b.bodies++
	return b.Box.Body(ctx, id)
}

// Cheap keys decide first, whatever the order; sets cost nothing at all.
func TestSearchCost(t *testing.T) {
	for _, c := range []struct {
		args          string
		pages, bodies int
	}{
		{"ALL", 0, 0},
		{"NOT (2:3) RECENT", 0, 0},
		{"UNSEEN", 1, 0},
		{"BODY noon UNSEEN LARGER 999999", 1, 0},
		{"TEXT noon SUBJECT nothing", 1, 0},
		{"BODY noon SEEN", 2, 1},
		{"OR BODY noon ALL", 0, 0},
		{"OR BODY noon SEEN", 2, 3},
		{"SUBJECT lunch FROM ann", 1, 0},
	} {
		s := openSearch(t)
		count := &countBox{Box: s.box}
		s.box = count
		s.do("SEARCH " + c.args)
		if count.pages != c.pages || count.bodies != c.bodies {
			t.Errorf("%s: %d pages, %d bodies", c.args, count.pages, count.bodies)
		}
	}
}

// MIN and MAX alone stop at the first page that has one.
func TestSearchStopsEarly(t *testing.T) {
	mails := make([]string, 3*searchPage)
	for i := range mails {
		mails[i] = smallMail
	}
	for args, pages := range map[string]int{"RETURN (MIN) UNSEEN": 1, "RETURN (MAX) UNSEEN": 1, "RETURN (MIN MAX) UNSEEN": 2, "RETURN (MIN COUNT) UNSEEN": 3} {
		s := openMails(t, mails...)
		count := &countBox{Box: s.box}
		s.box = count
		got := s.do("SEARCH " + args)
		if count.pages != pages || strings.Contains(args, "MAX") && !strings.Contains(got, "MAX 1500") {
			t.Errorf("%s: %d pages, %q", args, count.pages, got)
		}
	}
}

// RFC 5255 §4.2: texts compare by i;unicode-casemap (RFC 5051), in every key.
func TestSearchCasemap(t *testing.T) {
	s := openMails(t,
		crlf("Subject: =?iso-8859-1?q?caf=E9?=\nFrom: =?utf-8?q?=C4=B0stanbul?= <a@x>\nContent-Type: text/plain; charset=iso-8859-1\n\nr\xe9sum\xe9\n"),
		crlf("Subject: cafe\u0301\nX-Note: \uff21\ufb01\n\nRE\u0301SUME\u0301\n"))
	for keys, want := range map[string]string{
		"SUBJECT \"CAF\u00c9\"":     "1 2",
		"SUBJECT cafe":              "1 2",
		"SUBJECT \"cafe\u0301\"":    "1 2",
		"BODY \"r\u00e9sum\u00e9\"": "1 2",
		"BODY resume":               "", // the accent stands between
		"TEXT \"\u0131stanbul\"":    "",
		"FROM \"I\u0307stanbul\"":   "1",
		"HEADER X-Note \"a\ufb01\"": "2",
		"HEADER X-Note afi":         "", // RFC 5051 §2: a decomposition is not put in title case again
	} {
		if got := strings.TrimSpace(strings.TrimPrefix(strings.Split(s.do("SEARCH "+keys), "\r\n")[0], "* SEARCH")); got != want {
			t.Errorf("%s: got %q, want %q", keys, got, want)
		}
	}
}

// A match may lie anywhere, across the buffer's ends and in any pieces.
func TestScannerAcrossBuffers(t *testing.T) {
	for _, text := range []string{"needle", "nädel", "ſ" + strings.Repeat("k", 40), strings.Repeat("x", scanBuffer/2) + "y"} {
		for _, at := range []int{0, 1, scanBuffer - 3, scanBuffer, 2*scanBuffer - 1, 3*scanBuffer - 7} {
			for _, reader := range []func(io.Reader) io.Reader{iotest.DataErrReader, iotest.HalfReader, func(r io.Reader) io.Reader { return r }} {
				hay := strings.Repeat("é", at/2) + strings.Repeat("e", at%2) + strings.ToUpper(text) + strings.Repeat("e", 9)
				s := newScanner(context.Background(), []needle{newNeedle("absent"), newNeedle(text)})
				h := s.newHits()
				if err := s.reader(reader(strings.NewReader(hay)), &h); err != nil || !h.has(1) || h.has(0) {
					t.Errorf("%.10q at %d: %v, %v", text, at, h, err)
				}
				s.release()
			}
		}
	}
}

// A hostile search costs memory as it is long, not as the mailbox is large.
func TestSearchHostileMemory(t *testing.T) {
	var b strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&b, "%d:* ", i%3+1)
	}
	s := viewOf(oddUIDs(100_000))
	got := allocated(func() {
		if _, err := readProgram(s, b.String()+"UNSEEN"); err != nil {
			t.Fatal(err)
		}
	})
	if got > 2<<20 {
		t.Errorf("parsing took %d octets", got)
	}
}

// Memory does not grow with a message: 32 MB go through FETCH and SEARCH.
func TestLargeMessageMemory(t *testing.T) {
	head := crlf("Subject: large\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-16\n" +
		"Content-Transfer-Encoding: base64\n\n")
	mail := head + strings.Repeat(strings.Repeat("QUJD", 18)+"\r\n", 32<<20/74) + "--b--\r\n"
	s := openMails(t, mail)
	for _, line := range []string{
		"BODY.PEEK[]", "BODY.PEEK[1]", "BODY.PEEK[TEXT]<1000.30000000>", "BODY.PEEK[HEADER.FIELDS (Subject)]",
	} {
		got := allocated(func() { s.discard("FETCH 1 " + line) })
		if got > 256<<10 {
			t.Errorf("%s took %d octets", line, got)
		}
	}
	if got := allocated(func() { s.discard("SEARCH TEXT needle") }); got > 512<<10 {
		t.Errorf("SEARCH TEXT took %d octets", got)
	}
}

// allocated is how many octets f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func FuzzSearch(f *testing.F) {
	for _, seed := range []string{
		"ALL", "RETURN (MIN SAVE) OR SEEN NOT (1:* $)", "CHARSET iso-8859-1 TEXT caf\xe9", "SINCE 1-Feb-1994 HEADER X \"\"",
		"LARGER 5 (FROM a (TO b)) UID 1:*", "KEYWORD $Junk OLDER 7", "BODY {3+}\r\nabc TEXT \"x\"",
	} {
		f.Add(seed)
	}
	view := uids(1, 2, 3)
	f.Fuzz(func(t *testing.T, text string) {
		s := viewOf(view)
		p, err := readProgram(s, text)
		if err != nil {
			return
		}
		set, _ := p.root.narrow(view)
		if set.AndNot(view).Len() != 0 {
			t.Fatalf("%q may match %s, which the mailbox has not", text, setText(set))
		}
		fd := newFinder(s, p)
		fd.c.reset(&Message{UID: 2}, costFlags)
		if v := p.root.ask(&fd.c, costFlags); v == yes && !set.Has(2) {
			t.Fatalf("%q matches what it cannot match", text)
		}
	})
}
