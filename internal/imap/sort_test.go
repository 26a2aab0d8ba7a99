package imap

import (
	"bufio"
	"io"
	"runtime"
	"strings"
	"testing"

	"buzon/internal/uidset"
)

// Five mails, delivered in this order, a day each.
func openSorted(t *testing.T) *contentSession {
	s := openMails(t,
		crlf("From: Zoe <zoe@example.org>\nTo: b@x\nCc: k@x\nSubject: Re: lunch\nDate: Fri, 20 Nov 2026 10:00:00 +0100\n\nlonger than the others\n"),
		crlf("From: =?utf-8?q?=C3=89mile?= <emile@example.org>\nTo: \"Ann Lee\" <c@x>\nSubject: apple\nDate: Thu, 19 Nov 2026 10:00:00 +0000\n\nx\n"),
		crlf("From: adam@example.org\nTo: a@x\nSubject: Lunch\nDate: Fri, 20 Nov 2026 09:30:00 +0000\n\nxx\n"),
		crlf("From: \"emil\" <Emil@example.org>\nSubject: =?iso-8859-1?q?=C4pfel?=\n\nxxx\n"),
		crlf("Subject:\nDate: nonsense\n\nxxxx\n"),
	)
	s.f.setFlags("INBOX", 2, `\Seen`)
	s.reopen()
	return s
}

func TestSort(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		// RFC 5256 §3, each key.
		{"(ARRIVAL) UTF-8 ALL", "1 2 3 4 5"},
		{"(REVERSE ARRIVAL) UTF-8 ALL", "5 4 3 2 1"},
		{"(SIZE) UTF-8 ALL", "5 4 3 2 1"},
		{"(FROM) UTF-8 ALL", "5 3 4 2 1"},
		{"(TO) UTF-8 ALL", "4 5 3 1 2"},
		{"(CC) UTF-8 ALL", "2 3 4 5 1"},
		// In UTC; without a date INTERNALDATE counts, which is early November here.
		{"(DATE) UTF-8 ALL", "4 5 2 1 3"},
		// Base subjects without regard to case, accents after the letter (RFC 5051).
		{"(SUBJECT) UTF-8 ALL", "5 2 4 1 3"},
		// REVERSE turns one key, not the sequence numbers of what is alike.
		{"(REVERSE SUBJECT) UTF-8 ALL", "1 3 4 2 5"},
		{"(SUBJECT REVERSE DATE) UTF-8 ALL", "5 2 4 3 1"},
		{"(reverse cc from) utf-8 all", "1 5 3 4 2"},
		// RFC 5957: by the name, in which É is E and an accent.
		{"(DISPLAYFROM) UTF-8 ALL", "5 3 4 2 1"},
		{"(DISPLAYTO) UTF-8 ALL", "4 5 3 2 1"},
		// With keys of SEARCH.
		{"(SUBJECT) US-ASCII UNSEEN", "5 4 1 3"},
		{"(SUBJECT) iso-8859-1 SUBJECT {5+}\r\n\xc4pfel", "4"},
		{"(SUBJECT) UTF-8 TEXT \"not in mailbox\"", ""},
	} {
		want := "* SORT"
		if c.want != "" {
			want += " " + c.want
		}
		s := openSorted(t)
		if got := s.do("SORT " + c.args); got != want+"\r\na OK Sorted.\r\n" {
			t.Errorf("%s: got %q, want %s", c.args, got, c.want)
		}
	}
}

func TestSortUID(t *testing.T) {
	s := openSorted(t)
	s.f.remove("INBOX", 1)
	s.reopen()
	if got := s.do("UID SORT (SUBJECT) UTF-8 ALL"); got != "* SORT 5 2 4 3\r\na OK Sorted.\r\n" {
		t.Errorf("got %q", got)
	}
	if got := s.do("SORT (SUBJECT) UTF-8 ALL"); got != "* SORT 4 1 3 2\r\na OK Sorted.\r\n" {
		t.Errorf("got %q", got)
	}
}

// RFC 5267 §3, and PARTIAL.
func TestESort(t *testing.T) {
	for _, c := range []struct{ args, want, saved string }{
		{"RETURN () (SUBJECT) UTF-8 ALL", " ALL 5,2,4,1,3", "9"},
		{"RETURN (ALL) (ARRIVAL) UTF-8 ALL", " ALL 1:5", "9"},
		{"RETURN (ALL) (REVERSE ARRIVAL) UTF-8 ALL", " ALL 5,4,3,2,1", "9"},
		{"RETURN (ALL) (REVERSE SUBJECT) UTF-8 2:4", " ALL 3:4,2", "9"},
		{"RETURN (MIN MAX COUNT) (SUBJECT) UTF-8 ALL", " MIN 5 MAX 3 COUNT 5", "9"},
		{"RETURN (COUNT) (SUBJECT) UTF-8 KEYWORD x", " COUNT 0", "9"},
		{"RETURN (PARTIAL 2:3) (SUBJECT) UTF-8 ALL", " PARTIAL (2:3 2,4)", "9"},
		{"RETURN (PARTIAL -1:-2) (SUBJECT) UTF-8 ALL", " PARTIAL (-1:-2 1,3)", "9"},
		{"RETURN (PARTIAL 6:9) (SUBJECT) UTF-8 ALL", " PARTIAL (6:9 NIL)", "9"},
		{"RETURN (SAVE PARTIAL 2:3) (SUBJECT) UTF-8 ALL", " PARTIAL (2:3 2,4)", "2,4"},
		{"RETURN (SAVE MIN MAX) (SUBJECT) UTF-8 ALL", " MIN 5 MAX 3", "3,5"},
		{"RETURN (SAVE COUNT) (SUBJECT) UTF-8 ALL", " COUNT 5", "1:5"},
	} {
		s := openSorted(t)
		s.saved = uids(9)
		if got := s.do("SORT " + c.args); got != `* ESEARCH (TAG "a")`+c.want+"\r\na OK Sorted.\r\n" || setText(s.saved) != c.saved {
			t.Errorf("%s: got %q, saved %s", c.args, got, setText(s.saved))
		}
	}
}

func TestSortRefused(t *testing.T) {
	for args, want := range map[string]string{
		"": "a BAD ", "(SUBJECT)": "a BAD ", "(SUBJECT) UTF-8": "a BAD ", "() UTF-8 ALL": "a BAD ",
		"(COLOUR) UTF-8 ALL": "a BAD ", "(REVERSE) UTF-8 ALL": "a BAD ", "SUBJECT UTF-8 ALL": "a BAD ",
		"(SUBJECT) klingon ALL":                     "a NO [BADCHARSET ",
		"RETURN (ALL PARTIAL 1:2) (DATE) UTF-8 ALL": "a BAD ", "RETURN (DATE) UTF-8 ALL": "a BAD ",
		"(" + strings.Repeat("DATE ", 9) + "DATE) UTF-8 ALL": "a BAD ",
	} {
		s := openSorted(t)
		if got := s.do("SORT " + args); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q", args, got)
		}
	}
	s := openSorted(t)
	s.hidden = []string{"SORT=DISPLAY", "ESORT"}
	for _, args := range []string{"(DISPLAYFROM) UTF-8 ALL", "RETURN (MIN) (DATE) UTF-8 ALL"} {
		if got := s.do("SORT " + args); !strings.HasPrefix(got, "a BAD ") {
			t.Errorf("hidden %s: got %q", args, got)
		}
	}
}

// What SORT and THREAD hold of 100,000 messages.
func TestSortMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	s := benchSession(t, 100_000)
	s.enc = &encoder{w: bufio.NewWriter(io.Discard)}
	for _, c := range []struct {
		name string
		most int
		run  func() any
	}{
		{"SORT (SUBJECT FROM DATE)", 30 << 20, func() any {
			o := newSorter(s.view.Len(), []sortCriterion{{sortKey: sortKeys["SUBJECT"]}, {sortKey: sortKeys["FROM"]}, {sortKey: sortKeys["DATE"]}})
			if err := s.eachMessage(s.view, o.fields(), func(m *Message) error { return o.add(s, m) }); err != nil {
				t.Fatal(err)
			}
			o.sorted()
			return o
		}},
		{"THREAD REFERENCES", 20 << 20, func() any {
			p, err := readProgram(s, "ALL")
			if err != nil {
				t.Fatal(err)
			}
			th, err := s.findThreads(threadAlgorithms["REFERENCES"], p)
			if err != nil {
				t.Fatal(err)
			}
			return th
		}},
	} {
		before := memory()
		held := c.run()
		if after := memory(); after > before && int(after-before) > c.most {
			t.Errorf("%s holds %d octets", c.name, after-before)
		} else {
			t.Logf("%s holds %d KB", c.name, int64(after-before)>>10)
		}
		runtime.KeepAlive(held)
	}
}

func FuzzSort(f *testing.F) {
	f.Add("(SUBJECT) UTF-8 ALL")
	f.Add("RETURN (MIN PARTIAL -1:-4294967295) (REVERSE DISPLAYFROM CC) iso-8859-1 TEXT x")
	f.Add("(DATE) {5+}\r\nUTF-8 1:*")
	f.Fuzz(func(t *testing.T, text string) {
		s := viewOf(uids(1, 2, 3))
		s.dec = readFrom(" " + text + "\r\n")
		if req, err := s.parseSort(); err == nil && (len(req.criteria) == 0 || req.program == nil) {
			t.Fatalf("%q: nothing to do", text)
		}
	})
}

func BenchmarkSort(b *testing.B) {
	for _, args := range []string{"(ARRIVAL) UTF-8 ALL", "(DATE) UTF-8 ALL", "(SUBJECT) UTF-8 ALL", "(DISPLAYFROM SUBJECT REVERSE DATE) UTF-8 ALL"} {
		b.Run(args, func(b *testing.B) {
			s := benchSession(b, 100_000)
			b.ReportAllocs()
			for b.Loop() {
				runBench(b, s, s.sort, args)
			}
		})
	}
	for name := range threadAlgorithms {
		b.Run(name, func(b *testing.B) {
			s := benchSession(b, 100_000)
			b.ReportAllocs()
			for b.Loop() {
				runBench(b, s, s.thread, name+" UTF-8 ALL")
			}
		})
	}
}

// Whatever is asked of a result: the same messages, told in ranges or not.
func TestSortedWrite(t *testing.T) {
	for _, c := range []struct {
		list sorted
		want string
	}{
		{sorted{1}, "1"}, {sorted{1, 2, 3}, "1:3"}, {sorted{3, 2, 1}, "3,2,1"}, {sorted{5, 6, 1, 2, 9}, "5:6,1:2,9"},
	} {
		s := viewOf(uidset.Set{})
		got := reply(t, s, func() error { c.list.write(s.enc, 1, len(c.list)); return nil })
		if got != c.want {
			t.Errorf("%v: %s", c.list, got)
		}
	}
}
