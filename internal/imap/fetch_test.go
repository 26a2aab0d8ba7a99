package imap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

const smallMail = "From: a@x\r\nSubject: s\r\n\r\nbody\r\n"

func TestFetch(t *testing.T) {
	const seen = ` FLAGS (\Seen)`
	for _, c := range []struct{ command, want string }{
		// One word each.
		{"FETCH 1 FLAGS", `* 1 FETCH (FLAGS ())`},
		{"FETCH 1 UID", `* 1 FETCH (UID 1)`},
		{"FETCH 1 rfc822.size", `* 1 FETCH (RFC822.SIZE 31)`},
		{"FETCH 1 INTERNALDATE", `* 1 FETCH (INTERNALDATE "01-Nov-2026 12:00:00 +0000")`},
		{"FETCH 1 ENVELOPE", `* 1 FETCH (ENVELOPE (NIL "s" ((NIL NIL "a" "x")) ((NIL NIL "a" "x")) ((NIL NIL "a" "x")) NIL NIL NIL NIL NIL))`},
		{"FETCH 1 BODY", `* 1 FETCH (BODY ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 1))`},
		{"FETCH 1 BODYSTRUCTURE", `* 1 FETCH (BODYSTRUCTURE ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 1 NIL NIL NIL NIL))`},
		// Macros (RFC 3501 §6.4.5), and what is asked for twice is answered once.
		{"FETCH 1 FAST", `* 1 FETCH (FLAGS () INTERNALDATE "01-Nov-2026 12:00:00 +0000" RFC822.SIZE 31)`},
		{"FETCH 1 (FLAGS UID FLAGS)", `* 1 FETCH (FLAGS () UID 1)`},
		// UID FETCH has the UID always, once.
		{"UID FETCH 1 FLAGS", `* 1 FETCH (UID 1 FLAGS ())`},
		{"UID FETCH 1 (FLAGS UID)", `* 1 FETCH (UID 1 FLAGS ())`},
		// Bodies; \Seen is set unless it is only a peek, and told in the same response.
		{"FETCH 1 BODY.PEEK[]", "* 1 FETCH (BODY[] {31}\r\n" + smallMail + ")"},
		{"FETCH 1 BODY.PEEK[TEXT]", "* 1 FETCH (BODY[TEXT] {6}\r\nbody\r\n)"},
		{"FETCH 1 RFC822.HEADER", "* 1 FETCH (RFC822.HEADER {25}\r\nFrom: a@x\r\nSubject: s\r\n\r\n)"},
		{"FETCH 1 BODY[]", "* 1 FETCH (BODY[] {31}\r\n" + smallMail + seen + ")"},
		{"FETCH 1 (FLAGS BODY[1])", "* 1 FETCH (FLAGS (\\Seen) BODY[1] {6}\r\nbody\r\n)"},
		{"FETCH 1 RFC822", "* 1 FETCH (RFC822 {31}\r\n" + smallMail + seen + ")"},
		{"FETCH 1 RFC822.TEXT", "* 1 FETCH (RFC822.TEXT {6}\r\nbody\r\n" + seen + ")"},
		// Parts of them, named as they were asked for.
		{"FETCH 1 BODY.PEEK[]<3.5>", "* 1 FETCH (BODY[]<3> {5}\r\nm: a@)"},
		{"FETCH 1 BODY.PEEK[TEXT]<99.1>", `* 1 FETCH (BODY[TEXT]<99> "")`},
		{"FETCH 1 (BODY.PEEK[]<0.1> BODY.PEEK[]<0.2>)", "* 1 FETCH (BODY[]<0> {1}\r\nF BODY[]<0> {2}\r\nFr)"},
		{"FETCH 1 BODY.PEEK[HEADER.FIELDS (from X-No \"a b\")]", "* 1 FETCH (BODY[HEADER.FIELDS (from X-No \"a b\")] {13}\r\nFrom: a@x\r\n\r\n)"},
		{"FETCH 1 BODY.PEEK[header.fields.not (FROM)]", "* 1 FETCH (BODY[HEADER.FIELDS.NOT (FROM)] {14}\r\nSubject: s\r\n\r\n)"},
		// What is not there.
		{"FETCH 1 BODY.PEEK[7.2.MIME]", `* 1 FETCH (BODY[7.2.MIME] NIL)`},
	} {
		s := openMails(t, smallMail)
		got := s.do(c.command)
		if want := c.want + "\r\n"; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "a OK Fetched.\r\n") {
			t.Errorf("%s:\ngot  %q\nwant %q", c.command, got, want)
		}
	}
}

func TestFetchRefused(t *testing.T) {
	for _, args := range []string{
		"", "1", "1 ", "1 ()", "1 NONSENSE", "1 (FLAGS", "1 (ALL)", "1 FLAGS UID", "2 FLAGS", "0 FLAGS", "1 FLAGS[]",
		"1 BODY[", "1 BODY[1", "1 BODY[0]", "1 BODY[1..2]", "1 BODY[1.]", "1 BODY[.1]", "1 BODY[MIME]", "1 BODY[FLAGS]",
		"1 BODY[HEADER.FIELDS]", "1 BODY[HEADER.FIELDS ()]", "1 BODY[HEADER.FIELDS (A]", "1 BODY[HEADER.FIELDS(A)]",
		"1 BODY[]<>", "1 BODY[]<0>", "1 BODY[]<0.0>", "1 BODY[]<-1.1>", "1 BODY[]<1.1", "1 BODY.PEEK", "1 BODY[" + strings.Repeat("1.", 200) + "1]",
		"1 (FLAGS" + manySections(300) + ")",
	} {
		s := openMails(t, smallMail)
		if got := s.do("FETCH " + args); !strings.HasPrefix(got, "a BAD ") {
			t.Errorf("%.60s: got %q", args, got)
		}
	}
}

func manySections(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " BODY[%d]", i+1)
	}
	return b.String()
}

// EXAMINE does not change flags (RFC 3501 §6.3.2).
func TestFetchReadOnly(t *testing.T) {
	s := openMails(t, smallMail)
	s.readOnly = true
	if got := s.do("FETCH 1 BODY[TEXT]"); strings.Contains(got, "Seen") {
		t.Errorf("got %q", got)
	}
}

// When \Seen cannot be stored, the mail can still be read.
func TestFetchWithoutRoomForFlags(t *testing.T) {
	s := openMails(t, smallMail)
	s.f.fail = ErrOverQuota
	if got := s.do("FETCH 1 BODY[TEXT]"); got != "* 1 FETCH (BODY[TEXT] {6}\r\nbody\r\n)\r\na OK Fetched.\r\n" {
		t.Errorf("got %q", got)
	}
}

// Many pages, in order, each message once.
func TestFetchPages(t *testing.T) {
	mails := make([]string, 1234)
	for i := range mails {
		mails[i] = smallMail
	}
	s := openMails(t, mails...)
	for _, item := range []string{"UID", "(UID ENVELOPE)", "(UID BODY.PEEK[TEXT]<0.1>)"} {
		got := s.do("FETCH 1:* " + item)
		if n := strings.Count(got, " FETCH (UID "); n != len(mails) {
			t.Errorf("%s: %d messages", item, n)
		}
		if !strings.Contains(got, "* 1234 FETCH (UID 1234") {
			t.Errorf("%s: the last is missing", item)
		}
	}
}

// RFC 2180 §4.1.2: what is there is sent; that something is gone is told in the
// end, by EXPUNGE where that is allowed, by NO where it is not.
func TestFetchGone(t *testing.T) {
	s := openMails(t, smallMail, smallMail, smallMail)
	s.f.remove("INBOX", 2)
	want := "* 1 FETCH (FLAGS ())\r\n* 3 FETCH (FLAGS ())\r\na NO [EXPUNGEISSUED] Some of the messages no longer exist.\r\n"
	if got := s.do("FETCH 1:3 FLAGS"); got != want {
		t.Errorf("FETCH: got %q", got)
	}
	want = "* 1 FETCH (UID 1 FLAGS ())\r\n* 3 FETCH (UID 3 FLAGS ())\r\n* 2 EXPUNGE\r\na OK Fetched.\r\n"
	if got := s.do("UID FETCH 1:3 FLAGS"); got != want {
		t.Errorf("UID FETCH: got %q", got)
	}
}

// badBox gives bodies that fail.
type badBox struct {
	Box
	body Body
	err  error
}

func (b badBox) Body(ctx context.Context, id int64) (Body, error) { return b.body, b.err }

// badBody has size octets, of which it gives some and then fails.
type badBody struct {
	size int64
	some string
	err  error
}

func (b badBody) Size() int64 { return b.size }
func (b badBody) Release()    {}
func (b badBody) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(b.some)) {
		return 0, b.err
	}
	return copy(p, b.some[off:]), b.err
}

func (b badBody) WriteTo(w io.Writer) (int64, error) {
	if b.some == "" {
		return 0, b.err
	}
	n, err := w.Write([]byte(b.some))
	if err == nil {
		err = b.err
	}
	return int64(n), err
}

// A body that cannot be read from its start is NIL, and the command fails.
func TestFetchUnreadable(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{ErrNoMessage, "* 1 FETCH (BODY[] NIL)\r\na NO [EXPUNGEISSUED] "},
		{errors.New("disk"), "* 1 FETCH (BODY[] NIL)\r\na NO [EXPUNGEISSUED] "},
	} {
		s := openMails(t, smallMail)
		s.box = badBox{Box: s.box, body: badBody{size: 10, err: c.err}}
		if got := s.do("FETCH 1 BODY.PEEK[]"); !strings.HasPrefix(got, c.want) {
			t.Errorf("%v: got %q", c.err, got)
		}
	}
}

// A body that ends too early, or does not end, ends the connection: no octet is
// made up, and none beyond the literal is sent.
func TestFetchTornLiteral(t *testing.T) {
	for name, body := range map[string]badBody{
		"short": {size: 10, some: "12345", err: errors.New("disk")},
		"mute":  {size: 10, some: "12345"},
	} {
		s := openMails(t, smallMail)
		s.box = badBox{Box: s.box, body: body}
		f := newFetcher(s.session, fetchRequest{})
		f.m, f.body = &Message{UID: 1}, body
		got := reply(t, s.session, func() error {
			if err := f.writeExtent(extent{0, 10}); !isConnectionError(err) {
				t.Errorf("%s: %v", name, err)
			}
			return nil
		})
		if got != "{10}\r\n12345" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	long := badBody{size: 3, some: "12345"}
	s := openMails(t, smallMail)
	f := newFetcher(s.session, fetchRequest{})
	f.m, f.body = &Message{UID: 1}, long
	if got := reply(t, s.session, func() error { f.writeExtent(extent{0, 3}); return nil }); got != "NIL" {
		t.Errorf("long: got %q", got)
	}
}

// A cache that cannot be read costs one message its envelope, not the command.
func TestFetchDamagedCache(t *testing.T) {
	s := openMails(t, smallMail)
	m := &s.f.boxes["INBOX"].messages[0]
	m.Envelope, m.Structure = []byte("junk"), nil
	want := `* 1 FETCH (ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ` +
		`BODYSTRUCTURE ("application" "octet-stream" NIL NIL NIL "8bit" 0 NIL NIL NIL NIL) BODY[1] `
	if got := s.do("FETCH 1 (ENVELOPE BODYSTRUCTURE BODY.PEEK[1])"); !strings.HasPrefix(got, want) {
		t.Errorf("got %q", got)
	}
}

// A keyword that the client does not know yet is told before it is used.
func TestFetchNewKeyword(t *testing.T) {
	s := openMails(t, smallMail)
	s.f.setFlags("INBOX", 1, "$New")
	got := s.do("FETCH 1 FLAGS")
	if !strings.Contains(got, "* FLAGS (") || !strings.Contains(got, "* 1 FETCH (FLAGS ($New))") {
		t.Errorf("got %q", got)
	}
}

func FuzzFetchItems(f *testing.F) {
	for _, seed := range []string{
		"ALL", "FULL", "(FLAGS UID)", "BODY[]", "BODY.PEEK[1.2.MIME]<0.5>", "BODY[HEADER.FIELDS (From \"To\")]",
		"(BODY.PEEK[HEADER] RFC822.SIZE)", "BODY[HEADER.FIELDS.NOT ({3}\r\nA B)]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		req, err := parseFetchRequest(readFrom(text+"\r\n"), false)
		if err != nil {
			return
		}
		if len(req.items) == 0 || len(req.items) > maxFetchItems+1 {
			t.Fatalf("%q: %d items", text, len(req.items))
		}
		for i := range req.items { // the name in the answer can be asked for again
			label := req.items[i].label
			at := strings.IndexByte(label, '[')
			if at < 0 {
				continue
			}
			label, _, _ = strings.Cut(label, "]<")
			label = strings.TrimSuffix(label, "]") + "]"
			if _, again, err := parseSection(readFrom(label[at+1:] + "\r\n")); err != nil || again != label[at:] {
				t.Fatalf("%q is named %q: %q, %v", text, label, again, err)
			}
		}
	})
}
