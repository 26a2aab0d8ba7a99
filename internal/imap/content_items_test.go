package imap

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// RFC 9394 §3.1, §3.2.
func TestSearchPartial(t *testing.T) {
	for _, c := range []struct{ args, want, saved string }{
		{"RETURN (PARTIAL 1:2) UNSEEN", `* ESEARCH (TAG "a") PARTIAL (1:2 1,3)`, "9"},
		{"RETURN (PARTIAL 2:1) UNSEEN", `* ESEARCH (TAG "a") PARTIAL (2:1 1,3)`, "9"},
		{"RETURN (PARTIAL -1:-2) UNSEEN", `* ESEARCH (TAG "a") PARTIAL (-1:-2 3:4)`, "9"},
		{"RETURN (PARTIAL -2:-1) ALL", `* ESEARCH (TAG "a") PARTIAL (-2:-1 3:4)`, "9"},
		{"RETURN (PARTIAL 3:99) UNSEEN", `* ESEARCH (TAG "a") PARTIAL (3:99 4)`, "9"},
		{"RETURN (PARTIAL -3:-4294967295) UNSEEN", `* ESEARCH (TAG "a") PARTIAL (-3:-4294967295 1)`, "9"},
		{"RETURN (PARTIAL 4:5) UNSEEN", `* ESEARCH (TAG "a") PARTIAL (4:5 NIL)`, "9"},
		{"RETURN (PARTIAL 1:2) KEYWORD x", `* ESEARCH (TAG "a") PARTIAL (1:2 NIL)`, "9"},
		{"RETURN (PARTIAL 1:1 COUNT MAX) UNSEEN", `* ESEARCH (TAG "a") MAX 4 PARTIAL (1:1 1) COUNT 3`, "9"},
		{"RETURN (SAVE PARTIAL 1:2) UNSEEN", `* ESEARCH (TAG "a") PARTIAL (1:2 1,3)`, "1,3"},
		{"RETURN (SAVE PARTIAL 1:1 MAX) UNSEEN", `* ESEARCH (TAG "a") MAX 4 PARTIAL (1:1 1)`, "1,4"},
		{"RETURN (SAVE PARTIAL -1:-1 MIN MAX) UNSEEN", `* ESEARCH (TAG "a") MIN 1 MAX 4 PARTIAL (-1:-1 4)`, "1,4"},
		{"RETURN (SAVE PARTIAL 1:1 COUNT MIN) UNSEEN", `* ESEARCH (TAG "a") MIN 1 PARTIAL (1:1 1) COUNT 3`, "1,3:4"},
		// Both PARTIAL and ALL, or two of them, make no sense; nor do places that are none.
		{"RETURN (PARTIAL 1:2 ALL) UNSEEN", "a BAD", "9"},
		{"RETURN (PARTIAL 1:2 PARTIAL 3:4) UNSEEN", "a BAD", "9"},
		{"RETURN (PARTIAL 0:2) UNSEEN", "a BAD", "9"},
		{"RETURN (PARTIAL 1:-2) UNSEEN", "a BAD", "9"},
		{"RETURN (PARTIAL -1:2) UNSEEN", "a BAD", "9"},
		{"RETURN (PARTIAL 1:*) UNSEEN", "a BAD", "9"},
		{"RETURN (PARTIAL) UNSEEN", "a BAD", "9"},
	} {
		s := openSearch(t)
		s.saved = uids(9)
		if got := s.do("SEARCH " + c.args); !strings.HasPrefix(got, c.want) || setText(s.saved) != c.saved {
			t.Errorf("%s: got %q, saved %s", c.args, got, setText(s.saved))
		}
	}
	s := openSearch(t)
	s.hidden = []string{"PARTIAL"}
	if got := s.do("SEARCH RETURN (PARTIAL 1:2) ALL"); !strings.HasPrefix(got, "a BAD ") {
		t.Errorf("hidden: %q", got)
	}
}

// The first matches, or the last, need no look at the others.
func TestSearchPartialStopsEarly(t *testing.T) {
	mails := make([]string, 3*searchPage)
	for i := range mails {
		mails[i] = smallMail
	}
	for args, want := range map[string]string{"PARTIAL 1:10": "1:10 1:10", "PARTIAL -1:-10": "-1:-10 1491:1500"} {
		s := openMails(t, mails...)
		count := &countBox{Box: s.box}
		s.box = count
		got := s.do("SEARCH RETURN (" + args + ") UNSEEN")
		if count.pages != 1 || !strings.Contains(got, want) {
			t.Errorf("%s: %d pages, %q", args, count.pages, got)
		}
	}
}

// RFC 9394 §3.3.
func TestFetchPartial(t *testing.T) {
	s := openMails(t, smallMail, smallMail, smallMail, smallMail, smallMail)
	s.f.remove("INBOX", 2)
	s.reopen()
	for args, want := range map[string]string{
		"UID FETCH 1:* FLAGS (PARTIAL -1:-2)": "* 3 FETCH (UID 4 FLAGS ())\r\n* 4 FETCH (UID 5 FLAGS ())\r\na OK Fetched.\r\n",
		"UID FETCH 2:* FLAGS (PARTIAL 1:2)":   "* 2 FETCH (UID 3 FLAGS ())\r\n* 3 FETCH (UID 4 FLAGS ())\r\na OK Fetched.\r\n",
		"UID FETCH 2:* FLAGS (PARTIAL 9:10)":  "a OK Fetched.\r\n",
	} {
		if got := s.do(args); got != want {
			t.Errorf("%s: got %q", args, got)
		}
	}
	if got := s.do("FETCH 1:* FLAGS (PARTIAL 1:2)"); !strings.HasPrefix(got, "a BAD ") {
		t.Errorf("without UID: %q", got)
	}
}

// RFC 8514.
func TestSaveDate(t *testing.T) {
	s := openMails(t, smallMail, smallMail, smallMail)
	for i := range s.f.boxes["INBOX"].messages {
		s.f.boxes["INBOX"].messages[i].Saved = time.Date(2027, 1, i+1, 12, 0, 0, 0, time.UTC)
	}
	for args, want := range map[string]string{
		"FETCH 2 SAVEDATE":              `* 2 FETCH (SAVEDATE "02-Jan-2027 12:00:00 +0000")` + "\r\na OK Fetched.\r\n",
		"SEARCH SAVEDON 2-Jan-2027":     "* SEARCH 2\r\na OK Searched.\r\n",
		"SEARCH SAVEDBEFORE 2-Jan-2027": "* SEARCH 1\r\na OK Searched.\r\n",
		"SEARCH SAVEDSINCE 2-Jan-2027":  "* SEARCH 2 3\r\na OK Searched.\r\n",
		"SEARCH SAVEDATESUPPORTED":      "* SEARCH 1 2 3\r\na OK Searched.\r\n",
	} {
		if got := s.do(args); got != want {
			t.Errorf("%s: got %q", args, got)
		}
	}
	s.hidden = []string{"SAVEDATE"}
	for _, args := range []string{"FETCH 2 SAVEDATE", "SEARCH SAVEDATESUPPORTED"} {
		if got := s.do(args); !strings.HasPrefix(got, "a BAD ") {
			t.Errorf("hidden %s: got %q", args, got)
		}
	}
}

// RFC 8474.
func TestObjectID(t *testing.T) {
	s := openMails(t, smallMail, smallMail)
	s.f.boxes["INBOX"].messages[1].Thread = 7
	for args, want := range map[string]string{
		"FETCH 2 (EMAILID THREADID)":      "* 2 FETCH (EMAILID (M2) THREADID (T7))\r\na OK Fetched.\r\n",
		"SEARCH EMAILID M2":               "* SEARCH 2\r\na OK Searched.\r\n",
		"SEARCH THREADID T7":              "* SEARCH 2\r\na OK Searched.\r\n",
		"SEARCH OR EMAILID M1 EMAILID M2": "* SEARCH 1 2\r\na OK Searched.\r\n",
		// RFC 8474 §7: case counts. What is not ours matches nothing.
		"SEARCH EMAILID m2":   "* SEARCH\r\na OK Searched.\r\n",
		"SEARCH EMAILID T7":   "* SEARCH\r\na OK Searched.\r\n",
		"SEARCH EMAILID M02":  "* SEARCH\r\na OK Searched.\r\n",
		"SEARCH EMAILID x-_9": "* SEARCH\r\na OK Searched.\r\n",
	} {
		if got := s.do(args); got != want {
			t.Errorf("%s: got %q", args, got)
		}
	}
	if got := s.do(`SEARCH EMAILID "M 2"`); !strings.HasPrefix(got, "a BAD ") {
		t.Errorf("got %q", got)
	}
}

// RFC 8970.
func TestFetchPreview(t *testing.T) {
	s := openMails(t, "Subject: a\r\n\r\nHello \"you\"!\r\n", "Subject: b\r\nContent-Type: image/png\r\n\r\nx", "Subject: c\r\n\r\nStored before.\r\n",
		"Content-Type: text/plain; charset=utf-8\r\n\r\nCaf\xc3\xa9\r\n")
	s.f.boxes["INBOX"].messages[2].Preview = nil
	for args, want := range map[string]string{
		"FETCH 1 PREVIEW":                      `* 1 FETCH (PREVIEW "Hello \"you\"!")`,
		"FETCH 2 PREVIEW":                      `* 2 FETCH (PREVIEW "")`,
		"FETCH 3 PREVIEW":                      `* 3 FETCH (PREVIEW "Stored before.")`,
		"FETCH 3 (PREVIEW (LAZY) RFC822.SIZE)": `* 3 FETCH (PREVIEW NIL RFC822.SIZE 30)`,
		"FETCH 1 PREVIEW (LAZY)":               `* 1 FETCH (PREVIEW "Hello \"you\"!")`,
		"UID FETCH 1:* PREVIEW (PARTIAL 1:1)":  `* 1 FETCH (UID 1 PREVIEW "Hello \"you\"!")`,
		"FETCH 4 PREVIEW":                      "* 4 FETCH (PREVIEW {5}\r\nCaf\xc3\xa9)",
	} {
		if got := s.do(args); got != want+"\r\na OK Fetched.\r\n" {
			t.Errorf("%s: got %q", args, got)
		}
	}
	for _, args := range []string{"FETCH 1 (PREVIEW (LAZY FOO))", "FETCH 1 (PREVIEW (FOO))", "FETCH 1 (PREVIEW ())"} {
		if got := s.do(args); !strings.HasPrefix(got, "a BAD ") {
			t.Errorf("%s: got %q", args, got)
		}
	}
	s.enabled.UTF8 = true
	if got := s.do("FETCH 4 PREVIEW"); !strings.HasPrefix(got, "* 4 FETCH (PREVIEW \"Caf\xc3\xa9\")") {
		t.Errorf("with UTF8=ACCEPT: %q", got)
	}
}

const binaryMail = "Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nStra=DFe\r\n" +
	"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nQUIAQ0Q=\r\n" +
	"--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n" +
	"--b\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n" +
	"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n\r\n" +
	"--b--\r\n"

// RFC 3516 §4.
func TestFetchBinary(t *testing.T) {
	s := openMails(t, binaryMail, smallMail)
	s.readOnly = true
	for args, want := range map[string]string{
		"BINARY.PEEK[1]":                 "BINARY[1] {6}\r\nStra\xdfe",
		"BINARY.PEEK[2]":                 "BINARY[2] ~{5}\r\nAB\x00CD",
		"BINARY.PEEK[3]":                 "BINARY[3] {5}\r\nplain",
		"BINARY.PEEK[5]":                 `BINARY[5] ""`,
		"BINARY.PEEK[9]":                 "BINARY[9] NIL",
		"BINARY.SIZE[1]":                 "BINARY.SIZE[1] 6",
		"BINARY.SIZE[2]":                 "BINARY.SIZE[2] 5",
		"(BINARY.SIZE[3] BINARY.SIZE[])": fmt.Sprintf("BINARY.SIZE[3] 5 BINARY.SIZE[] %d", len(binaryMail)),
		"BINARY[2]<3.10>":                "BINARY[2]<3> {2}\r\nCD",
		"BINARY[2]<1.2>":                 "BINARY[2]<1> ~{2}\r\nB\x00",
		"BINARY[2]<99.2>":                `BINARY[2]<99> ""`,
		"BINARY.PEEK[]<0.7>":             "BINARY[]<0> {7}\r\nContent",
	} {
		if got := s.do("FETCH 1 " + args); got != "* 1 FETCH ("+want+")\r\na OK Fetched.\r\n" {
			t.Errorf("%s: got %q", args, got)
		}
	}
	// The others are told, then NO.
	got := s.do("FETCH 1:2 BINARY.SIZE[4]")
	if !strings.HasPrefix(got, "* 2 FETCH (BINARY.SIZE[4] 0)\r\na NO [UNKNOWN-CTE] ") {
		t.Errorf("got %q", got)
	}
	for _, args := range []string{"BINARY[TEXT]", "BINARY[1.MIME]", "BINARY.SIZE[1]<0.5>", "BINARY", "BINARY.SIZE"} {
		if got := s.do("FETCH 1 " + args); !strings.HasPrefix(got, "a BAD ") {
			t.Errorf("%s: got %q", args, got)
		}
	}
}

// BINARY sets \Seen, PEEK and SIZE do not.
func TestFetchBinarySeen(t *testing.T) {
	s := openMails(t, binaryMail)
	if got := s.do("FETCH 1 (BINARY.PEEK[3] BINARY.SIZE[3])"); strings.Contains(got, "Seen") {
		t.Errorf("got %q", got)
	}
	if got := s.do("FETCH 1 BINARY[3]"); !strings.Contains(got, `FLAGS (\Seen)`) {
		t.Errorf("got %q", got)
	}
}

// The clock of WITHIN is the server's.
func TestSearchClock(t *testing.T) {
	s := openMails(t, smallMail, smallMail, smallMail) // of 1, 2 and 3 November
	s.server.Now = func() time.Time { return time.Date(2026, 11, 3, 13, 0, 0, 0, time.UTC) }
	if got := s.do("SEARCH YOUNGER 90000"); got != "* SEARCH 2 3\r\na OK Searched.\r\n" {
		t.Errorf("got %q", got)
	}
}

// No literal may hold NUL: only BINARY gives it, all else an octet in its place.
func TestFetchNUL(t *testing.T) {
	mail := "Subject: a\x00b\r\n\r\n\x00x\x00\x00y"
	for item, want := range map[string]string{
		"RFC822.SIZE":                        "RFC822.SIZE 21",
		"BODY.PEEK[]":                        "BODY[] {21}\r\nSubject: a\x80b\r\n\r\n\x80x\x80\x80y",
		"RFC822":                             "RFC822 {21}\r\nSubject: a\x80b\r\n\r\n\x80x\x80\x80y",
		"BODY.PEEK[1]<1.3>":                  "BODY[1]<1> {3}\r\nx\x80\x80",
		"BODY.PEEK[HEADER.FIELDS (Subject)]": "BODY[HEADER.FIELDS (Subject)] {16}\r\nSubject: a\x80b\r\n\r\n",
		"BODY.PEEK[HEADER.FIELDS (Subject)]<9.3>":   "BODY[HEADER.FIELDS (Subject)]<9> {3}\r\na\x80b",
		"BODY.PEEK[HEADER.FIELDS (Subject)]<100.3>": "BODY[HEADER.FIELDS (Subject)]<100> {0}\r\n",
		"BINARY.PEEK[]":  "BINARY[] ~{21}\r\n" + mail,
		"BINARY.PEEK[1]": "BINARY[1] ~{5}\r\n\x00x\x00\x00y",
	} {
		if got := openMails(t, mail).do("FETCH 1 " + item); !strings.Contains(got, "("+want+")") && !strings.Contains(got, want+" ") {
			t.Errorf("%s: got %q, want %q", item, got, want)
		}
	}
}
