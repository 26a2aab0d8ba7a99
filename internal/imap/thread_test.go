package imap

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// threadMail is a mail with its id, what it refers to, a subject and the minute it was sent.
func threadMail(id, refs, subject string, minute int) string {
	var b strings.Builder
	if id != "" {
		fmt.Fprintf(&b, "Message-ID: <%s@x>\r\n", id)
	}
	if refs != "" {
		b.WriteString("References:")
		for ref := range strings.FieldsSeq(refs) {
			fmt.Fprintf(&b, " <%s@x>", ref)
		}
		b.WriteString("\r\n")
	}
	fmt.Fprintf(&b, "Subject: %s\r\nDate: Fri, 20 Nov 2026 %02d:%02d:00 +0000\r\n\r\nx\r\n", subject, minute/60, minute%60)
	return b.String()
}

// threadMails makes mails of lines "id|references|subject|minute".
func threadMails(lines ...string) []string {
	var mails []string
	for i, line := range lines {
		f := strings.Split(line, "|")
		minute := i
		if len(f) > 3 {
			fmt.Sscan(f[3], &minute)
		}
		mails = append(mails, threadMail(f[0], f[1], f[2], minute))
	}
	return mails
}

func TestThread(t *testing.T) {
	for _, c := range []struct {
		name, algorithm string
		mails           []string
		want            string
	}{
		{"nothing", "REFERENCES", nil, ""},
		{"one", "REFERENCES", threadMails("a||s"), "(1)"},
		{"a chain", "REFERENCES", threadMails("a||s", "b|a|s", "c|a b|s"), "(1 2 3)"},
		{"it splits", "REFERENCES", threadMails("a||s", "b|a|s", "c|a|s", "d|a c|s"), "(1 (2)(3 4))"},
		{"answers first", "REFERENCES", threadMails("c|a b|s", "b|a|s", "a||s"), "(3 2 1)"},
		{"a gap", "REFERENCES", threadMails("a||s", "c|a b|s"), "(1 2)"},
		{"a missing root with one child", "REFERENCES", threadMails("b|a|s"), "(1)"},
		{"a missing root with two", "REFERENCES", threadMails("b|a|s", "c|a|s"), "((1)(2))"},
		{"missing ones below a missing root", "REFERENCES", threadMails("b|a x y|s", "c|a z|s"), "((1)(2))"},
		{"siblings by date", "REFERENCES", threadMails("a||s|0", "b|a|s|9", "c|a|s|5"), "(1 (3)(2))"},
		{"threads by date", "REFERENCES", threadMails("a||s|9", "b||t|5", "c|b|t|20"), "(2 3)(1)"},
		{"a dummy by its first child", "REFERENCES", threadMails("b|a|s|9", "c|a|s|3", "d||t|5"), "((2)(1))(3)"},
		{"a loop", "REFERENCES", threadMails("a|b|s", "b|a|s"), "(2 1)"},
		{"itself", "REFERENCES", threadMails("a|a|s"), "(1)"},
		{"one id twice", "REFERENCES", threadMails("a||s", "a||t", "b|a|s"), "(1 3)(2)"},
		{"no ids", "REFERENCES", threadMails("||s", "||t"), "(1)(2)"},
		{"a parent cut short before", "REFERENCES", threadMails("c|a b|s|2", "b|q|t|1", "a||u|0"), "(3)(2 1)"},
		// Step 5: subjects.
		{"an answer without references", "REFERENCES", threadMails("a||lunch", "b||Re: Lunch"), "(1 2)"},
		{"an answer before", "REFERENCES", threadMails("a||Re: lunch", "b||lunch"), "(2 1)"},
		{"two with one subject", "REFERENCES", threadMails("a||lunch", "b||lunch"), "((1)(2))"},
		{"three with one subject", "REFERENCES", threadMails("a||lunch", "b||lunch", "c||fwd: lunch"), "((1)(2)(3))"},
		{"into a dummy", "REFERENCES", threadMails("b|a|Re: s", "c|a|Re: s", "d||s"), "((1)(2)(3))"},
		{"two dummies", "REFERENCES", threadMails("b|a|Re: s", "c|a|Re: s", "e|d|Re: s", "f|d|Re: s"), "((1)(2)(3)(4))"},
		{"no subject", "REFERENCES", threadMails("a||", "b||Re:"), "(1)(2)"},
		{"in another case", "REFERENCES", threadMails("a||\xc3\xa9t\xc3\xa9", "b||Re: =?utf-8?q?=C3=89T=C3=89?="), "(1 2)"},
		// ORDEREDSUBJECT.
		{"poor man's", "ORDEREDSUBJECT", threadMails("a||s|5", "b||t|6", "c||Re: S|4", "d||s|9"), "(3 (1)(4))(2)"},
		{"poor man's pair", "ORDEREDSUBJECT", threadMails("a||s", "b||s"), "(1 2)"},
		// REFS: no subjects, by the latest.
		{"latest", "REFS", threadMails("a||s|0", "b||t|5", "c|a|s|9", "d||s|3"), "(4)(2)(1 3)"},
		{"latest below a dummy", "REFS", threadMails("b|a|s|1", "c|a|s|9", "d||s|5"), "(3)((1)(2))"},
	} {
		s := openMails(t, c.mails...)
		want := "* THREAD"
		if c.want != "" {
			want += " " + c.want
		}
		if got := s.do("THREAD " + c.algorithm + " UTF-8 ALL"); got != want+"\r\na OK Threaded.\r\n" {
			t.Errorf("%s: got %q, want %s", c.name, got, want)
		}
	}
}

// RFC 5256 §3: In-Reply-To where there are no References; not both.
func TestThreadInReplyTo(t *testing.T) {
	s := openMails(t, threadMail("a", "", "s", 0),
		"Message-ID: <b@x>\r\nIn-Reply-To: your mail <a@x> <q@x>\r\nSubject: t\r\n\r\n",
		"Message-ID: <c@x>\r\nReferences: <b@x>\r\nIn-Reply-To: <a@x>\r\nSubject: u\r\n\r\n")
	if got := s.do("UID THREAD REFS UTF-8 ALL"); got != "* THREAD (1 2 3)\r\na OK Threaded.\r\n" {
		t.Errorf("got %q", got)
	}
}

// Messages stored before the ids were kept are threaded by their headers.
func TestThreadWithoutIDs(t *testing.T) {
	s := openMails(t, threadMails("a||s", "b|a|t", "c|a b|u")...)
	for i := range s.f.boxes["INBOX"].messages {
		s.f.boxes["INBOX"].messages[i].References = nil
	}
	if got := s.do("THREAD REFERENCES UTF-8 ALL"); got != "* THREAD (1 2 3)\r\na OK Threaded.\r\n" {
		t.Errorf("got %q", got)
	}
}

func TestThreadUID(t *testing.T) {
	s := openMails(t, threadMails("a||s", "b|a|s", "c|a b|s")...)
	s.f.remove("INBOX", 1)
	s.reopen()
	if got := s.do("UID THREAD REFERENCES UTF-8 ALL"); got != "* THREAD (2 3)\r\na OK Threaded.\r\n" {
		t.Errorf("got %q", got)
	}
	if got := s.do("THREAD REFERENCES UTF-8 UID 3"); got != "* THREAD (2)\r\na OK Threaded.\r\n" {
		t.Errorf("got %q", got)
	}
}

func TestThreadRefused(t *testing.T) {
	s := openMails(t, threadMails("a||s")...)
	s.hidden = []string{"THREAD=REFS"}
	for args, want := range map[string]string{
		"": "a BAD ", "REFERENCES": "a BAD ", "REFERENCES UTF-8": "a BAD ", "JWZ UTF-8 ALL": "a BAD ", "REFS UTF-8 ALL": "a BAD ",
		"REFERENCES klingon ALL": "a NO [BADCHARSET ",
	} {
		if got := s.do("THREAD " + args); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q", args, got)
		}
	}
}

var threadNumber = regexp.MustCompile(`\d+`)

// Whatever the references, every message is told once, in lists that close.
func TestThreadRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(5256, 1))
	for round := range 300 {
		n := 1 + random.IntN(40)
		var lines []string
		for i := range n {
			var refs []string
			for range random.IntN(4) {
				refs = append(refs, fmt.Sprint("m", random.IntN(n+5)))
			}
			id := fmt.Sprint("m", random.IntN(n+5))
			lines = append(lines, fmt.Sprintf("%s|%s|%s|%d", id, strings.Join(refs, " "),
				[]string{"s", "Re: s", "t", "Re: u", "", "u"}[random.IntN(6)], random.IntN(i+5)))
		}
		s := openMails(t, threadMails(lines...)...)
		for algorithm := range threadAlgorithms {
			got := s.do("THREAD " + algorithm + " UTF-8 ALL")
			line, _, _ := strings.Cut(got, "\r\n")
			numbers := threadNumber.FindAllString(line, -1)
			slices.SortFunc(numbers, func(a, b string) int { return len(a)*1000 - len(b)*1000 + strings.Compare(a, b) })
			for i, number := range numbers {
				if number != fmt.Sprint(i+1) {
					t.Fatalf("round %d, %s: %q of\n%s", round, algorithm, line, strings.Join(lines, "\n"))
				}
			}
			if len(numbers) != n || strings.Count(line, "(") != strings.Count(line, ")") || strings.Contains(line, "()") {
				t.Fatalf("round %d, %s: %q of\n%s", round, algorithm, line, strings.Join(lines, "\n"))
			}
		}
	}
}

// A chain as long as the mailbox, from either end, is neither slow nor deep in the stack.
func TestThreadDeep(t *testing.T) {
	const n = 20_000
	for _, backward := range []bool{false, true} {
		var mails []string
		for i := range n {
			at := i
			if backward {
				at = n - 1 - i
			}
			mails = append(mails, threadMail(fmt.Sprint(at), fmt.Sprint(at-1), "s", i%1000))
		}
		s := openMails(t, mails...)
		got := s.do("THREAD REFS UTF-8 ALL")
		if strings.Count(got, "(") != 1 {
			t.Errorf("backward %v: %.100q", backward, got)
		}
	}
}

// References to many that are not there cost no more than the cap.
func TestThreadHostile(t *testing.T) {
	var mails []string
	for i := range 500 {
		var refs strings.Builder
		for j := range 100 {
			fmt.Fprintf(&refs, "r%d.%d ", i, j)
		}
		mails = append(mails, threadMail(fmt.Sprint(i), refs.String(), fmt.Sprint(i), i))
	}
	s := openMails(t, mails...)
	p, err := readProgram(s.session, "ALL")
	if err != nil {
		t.Fatal(err)
	}
	th, err := s.findThreads(threadAlgorithms["REFS"], p)
	if err != nil || len(th.nodes) > 2*500+spareDummies+500 || len(th.roots) != 500 {
		t.Errorf("%d nodes, %d threads, %v", len(th.nodes), len(th.roots), err)
	}
}

func FuzzThread(f *testing.F) {
	f.Add("REFERENCES UTF-8 ALL")
	f.Add("REFS {5}\r\nUTF-8 SUBJECT x")
	f.Fuzz(func(t *testing.T, text string) {
		s := viewOf(uids(1, 2, 3))
		s.dec = readFrom(" " + text + "\r\n")
		if a, p, err := s.parseThread(); err == nil && (a == nil || p == nil) {
			t.Fatalf("%q: nothing to do", text)
		}
	})
}
