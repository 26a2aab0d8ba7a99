package imap

import (
	"strings"
	"testing"

	"buzon/internal/uidset"
)

// The mailbox has messages 1 to 5 with these UIDs.
var numsetView = []uint32{10, 11, 20, 30, 31}

func TestNumSet(t *testing.T) {
	for _, c := range []struct {
		text     string
		uid      bool
		want     string // UIDs
		mistaken bool
	}{
		// Sequence numbers.
		{text: "1", want: "10"},
		{text: "2:4", want: "11,20,30"},
		{text: "4:2", want: "11,20,30"},
		{text: "1,1,1:2", want: "10:11"},
		{text: "5,1", want: "10,31"},
		{text: "*", want: "31"},
		{text: "4:*", want: "30:31"},
		{text: "*:4", want: "30:31"},
		{text: "*:*", want: "31"},
		// Beyond the end: BAD (RFC 3501 §9 seq-number).
		{text: "6", mistaken: true},
		{text: "1:6", mistaken: true},
		{text: "6:*", mistaken: true},
		// UIDs: what does not exist is ignored (RFC 3501 §6.4.8).
		{text: "12:29", uid: true, want: "20"},
		{text: "1:4294967295", uid: true, want: "10:11,20,30:31"},
		{text: "5,99", uid: true, want: ""},
		// RFC 3501 §6.4.8: n:* always has the last message.
		{text: "500:*", uid: true, want: "31"},
		{text: "*", uid: true, want: "31"},
		// The saved result counts in UIDs in both (RFC 5182 §2.1).
		{text: "$", want: "11,30"},
		{text: "$", uid: true, want: "11,30"},
		// No sets at all.
		{text: "", mistaken: true},
		{text: "0", mistaken: true},
		{text: "1:", mistaken: true},
		{text: "1,", mistaken: true},
		{text: "1,,2", mistaken: true},
		{text: ":1", mistaken: true},
		{text: "4294967296", mistaken: true},
		{text: "-1", mistaken: true},
	} {
		s := viewOf(uids(numsetView...))
		s.saved = uids(11, 12, 30)
		n, err := parseNumSet(readFrom(c.text + "\r\n"))
		var got uidset.Set
		if err == nil {
			got, err = s.resolve(n, c.uid)
		}
		if (err != nil) != c.mistaken || setText(got) != c.want {
			t.Errorf("%q (UID %v): got %s, %v", c.text, c.uid, setText(got), err)
		}
	}
}

// In an empty mailbox "*" is nothing, and a number is still a mistake.
func TestNumSetEmptyMailbox(t *testing.T) {
	s := viewOf(uidset.Set{})
	for text, mistaken := range map[string]bool{"1:*": false, "*": false, "1": true, "1:2": true} {
		n, err := parseNumSet(readFrom(text + "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.resolve(n, false); (err != nil) != mistaken || got.Len() != 0 {
			t.Errorf("%s: got %s, %v", text, setText(got), err)
		}
		if got, err := s.resolve(n, true); err != nil || got.Len() != 0 {
			t.Errorf("UID %s: got %s, %v", text, setText(got), err)
		}
	}
}

func TestSeqsOf(t *testing.T) {
	view := uids(10, 11, 20, 30, 31)
	if got := setText(seqsOf(view, uids(11, 20, 31, 99))); got != "2:3,5" {
		t.Errorf("got %s", got)
	}
}

// A set written to be long costs no more than it is long.
func TestNumSetHostile(t *testing.T) {
	text := strings.Repeat("1,3:*,", 10_000) + "1\r\n"
	n := testing.AllocsPerRun(3, func() {
		d := readFrom(text)
		d.line = len(text)
		if _, err := parseNumSet(d); err == nil {
			t.Error("accepted")
		}
	})
	if n > 200 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzNumSet(f *testing.F) {
	for _, seed := range []string{"1", "1:*", "*:4,7,9:12", "$", "4294967295:1", "0", "1,,2", "500:*"} {
		f.Add(seed)
	}
	view := uids(numsetView...)
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseNumSet(readFrom(text + "\r\n"))
		if err != nil {
			return
		}
		s := viewOf(view)
		for _, uid := range []bool{false, true} {
			got, err := s.resolve(n, uid)
			if err == nil && got.AndNot(view).Len() != 0 {
				t.Fatalf("%q gives %s, which the mailbox has not", text, setText(got))
			}
		}
	})
}
