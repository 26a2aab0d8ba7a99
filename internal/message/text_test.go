package message

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestHeader(t *testing.T) {
	in := "A: 1\r\nno field\r\n more of none\r\nB : 2\r\n\t3\r\nbad name: 4\r\nC:\n\r\nD: body\r\n"
	var got []string
	collect := func(name string, raw []byte) bool {
		got = append(got, name+"|"+string(raw))
		return name != "stop"
	}
	if err := Header(strings.NewReader(in), collect); err != nil {
		t.Fatal(err)
	}
	if want := "A|A: 1 B|B : 2\r\n\t3 C|C:"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
	got = nil
	if err := Header(strings.NewReader("stop: 1\nB: 2"), collect); err != nil || len(got) != 1 {
		t.Errorf("went on to %q, %v", got, err)
	}
	got = nil
	long := "Long: " + strings.Repeat("x", 2*MaxHeader)
	if err := Header(strings.NewReader(long), collect); err != nil || len(got) != 1 || len(got[0]) > MaxHeader+lineBuffer {
		t.Errorf("%d fields, %v", len(got), err)
	}
}

func TestFind(t *testing.T) {
	// The example of RFC 3501 §6.4.5.
	mail := "Content-Type: multipart/mixed; boundary=a\n\n" +
		"--a\n\n1\n--a\nContent-Type: application/octet-stream\n\n2\n" +
		"--a\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n3.1\n--b\nContent-Type: a/b\n\n3.2\n--b--\n" +
		"--a\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: image/gif\n\n4.1\n" +
		"--c\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=d\n\n" +
		"--d\n\n4.2.1\n--d\nContent-Type: multipart/alternative; boundary=e\n\n--e\n\n4.2.2.1\n--e\nContent-Type: text/richtext\n\n4.2.2.2\n--e--\n--d--\n--c--\n" +
		"--a\nContent-Type: message/rfc822\n\nSubject: x\n\n5.1\n--a--\n"
	root := &mustParse(t, mail).Root
	for _, c := range []struct {
		path []int
		want string
	}{
		{[]int{1}, "1"}, {[]int{2}, "2"}, {[]int{3, 1}, "3.1"}, {[]int{3, 2}, "3.2"}, {[]int{4, 1}, "4.1"},
		{[]int{4, 2, 1}, "4.2.1"}, {[]int{4, 2, 2, 1}, "4.2.2.1"}, {[]int{4, 2, 2, 2}, "4.2.2.2"},
		// The message inside, when no multipart, is its own part 1.
		{[]int{5, 1}, "5.1"},
		{[]int{0}, ""}, {[]int{6}, ""}, {[]int{-1}, ""}, {[]int{1, 1}, ""}, {[]int{3, 3}, ""}, {[]int{5, 2}, ""}, {[]int{5, 1, 1}, ""},
	} {
		p, ok := root.Find(c.path)
		if ok != (c.want != "") || ok && mail[p.Body:p.End] != c.want {
			t.Errorf("%v: %v, %+v", c.path, ok, p)
		}
	}
	// Part 1 of a message that is no multipart is itself.
	for _, mail := range []string{"\nx", "Content-Type: message/rfc822\n\nA: b\n\nx"} {
		root := &mustParse(t, mail).Root
		if p, ok := root.Find([]int{1}); !ok || p != root {
			t.Errorf("%q: part 1 is %+v", mail, p)
		}
		if p, ok := root.Find(nil); !ok || p != root {
			t.Errorf("%q: the whole is %+v", mail, p)
		}
		if p, ok := root.Find([]int{1, 1}); ok != (len(root.Parts) > 0) || ok && mail[p.Body:p.End] != "x" {
			t.Errorf("%q: part 1.1 is %+v", mail, p)
		}
	}
}

func TestBaseSubject(t *testing.T) {
	for _, c := range []struct {
		in, want string
		reply    bool
	}{
		{"Hello", "Hello", false},
		{"  a \t b\r\n c ", "a b c", false}, // RFC 5256 §2.1 (1)
		{"Hello (fwd) (FWD) ", "Hello", true},
		{"Re: hello", "hello", true},
		{"RE:Fw: FWD : hello", "hello", true},
		{"Re[2]: hello", "hello", true},
		{"[list] Re: [list] hello", "hello", true},
		{"[list] hello", "hello", false},
		{"[list]", "[list]", false}, // (4): rather that than nothing
		{"[a][b]", "[b]", false},
		{"[fwd: Re: hello]", "hello", true}, // (6)
		{"[fwd: hello", "[fwd: hello", false},
		{"Re:", "", true},
		{"", "", false},
		{"Regards", "Regards", false},
		{"Re hello", "Re hello", false},
		{"[a[b] Re: c", "[a[b] Re: c", false},
		{"=?utf-8?q?Re=3A_=C3=A9?=", "é", true},
	} {
		if got, reply := BaseSubject(c.in); got != c.want || reply != c.reply {
			t.Errorf("BaseSubject(%q) = %q, %v; want %q, %v", c.in, got, reply, c.want, c.reply)
		}
	}
}

func TestParseDate(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		// RFC 5322 §3.3 and its appendix A.
		{"Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"},
		{"21 Nov 97 09:55 GMT", "1997-11-21T09:55:00Z"},
		{"Thu,\r\n 13\r\n Feb\r\n 1969\r\n 23:32:00\r\n -0330 (Newfoundland Time)", "1969-02-13T23:32:00-03:30"},
		{"Thu, 31 Dec 1998 23:59:60 +0000", "1998-12-31T23:59:59Z"},
		// §4.3: obsolete years and zones.
		{"1 Jan 49 00:00 EST", "2049-01-01T00:00:00-05:00"},
		{"1 Jan 50 00:00 PDT", "1950-01-01T00:00:00-07:00"},
		{"1 Jan 126 00:00 UT", "2026-01-01T00:00:00Z"},
		{"1 Jan 2026 00:00 X", "2026-01-01T00:00:00Z"},
		{"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", ""},
		// What else is seen.
		{"21 November 2026 9:05 PM", "2026-11-21T21:05:00Z"},
		{"Sat Nov 21 10:00:00 2026", "2026-11-21T10:00:00Z"},
		{"Sat Nov 21 10:00:00 EST 2026", "2026-11-21T10:00:00-05:00"},
		{"2026-11-21T10:00:00+01:00", "2026-11-21T10:00:00+01:00"},
		{"Saturday, 21-Nov-26 10:00:00 GMT", "2026-11-21T10:00:00Z"},
		{"Sat, 21 Nov 2026 10:00:00.123 GMT+2", "2026-11-21T10:00:00+02:00"},
		{"Sat, 21 Nov 2026 10:00:00 +0200 (CEST)", "2026-11-21T10:00:00+02:00"},
		{"Sat, 21 Nov 2026 10:00:00 +9999", "2026-11-21T10:00:00Z"},
		{"Sat, 21 Nov 2026 10:00:00 \"GMT\"", "2026-11-21T10:00:00Z"},
		{"21 Nov 2026", "2026-11-21T00:00:00Z"},
		// No date.
		{"", ""}, {"yesterday", ""}, {"30 Feb 2026", ""}, {"0 Jan 2026", ""}, {"1 Jan 1800", ""}, {"1 Jan 99999", ""},
		{"1 Jan 2026 25:00", ""}, {"1 Jan 2026 10:60", ""}, {"1 Jan 2026 1:2:3:4", ""}, {"99999999999999999999 Jan 2026", ""},
	} {
		got, ok := ParseDate(c.in)
		text := ""
		if ok {
			text = got.Format(time.RFC3339)
		}
		if text != c.want {
			t.Errorf("ParseDate(%q) = %q, want %q", c.in, text, c.want)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{
		"Fri, 21 Nov 1997 09:55:06 -0600 (x)", "21-Nov-26 9:05PM EST", "2026-11-21T10:00:00Z", "Nov-2026--1", "GMT+2",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, ok := ParseDate(s); ok && (d.Year() < 1899 || d.Year() > 10000) {
			t.Errorf("ParseDate(%q) = %v", s, d)
		}
	})
}

func TestReceived(t *testing.T) {
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.FixedZone("", 3600))
	for _, c := range []struct {
		in   Trace
		want string
	}{
		{Trace{From: "mx.example.org", Addr: netip.MustParseAddr("192.0.2.1"), Reverse: "out.example.org", By: "mail.example.net",
			With: "ESMTPS", ID: "4f2c", For: Address{"bob", "example.net"}, TLS: "TLS1.3 TLS_AES_128_GCM_SHA256", Time: at},
			"Received: from mx.example.org (out.example.org [192.0.2.1])\r\n" +
				" by mail.example.net with ESMTPS (TLS1.3 TLS_AES_128_GCM_SHA256) id 4f2c\r\n" +
				" for <bob@example.net>;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
		// What a client says never breaks the line, the comment or the clause.
		{Trace{From: "a\r\nX: y (\\;<ü>", Addr: netip.MustParseAddr("::ffff:192.0.2.1"), Reverse: "a)b\n", By: "b", Time: at},
			"Received: from a??X:?y???????? (a?b? [192.0.2.1])\r\n by b;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
		{Trace{Addr: netip.MustParseAddr("fe80::1%eth0"), By: "b", Time: at},
			"Received: from unknown ([IPv6:fe80::1])\r\n by b;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
		// Our own people's whereabouts stay at home.
		{Trace{From: "laptop", Addr: netip.MustParseAddr("192.0.2.1"), Reverse: "x", By: "b", With: "ESMTPSA", ID: "1", Time: at, HideClient: true},
			"Received: by b with ESMTPSA id 1;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
		// RFC 6531 §3.7.3: UTF-8 only where the whole way takes it.
		{Trace{By: "blåbær.no", With: "UTF8SMTPS", For: Address{"jørgen", "blåbær.no"}, Time: at, HideClient: true},
			"Received: by blåbær.no with UTF8SMTPS for <jørgen@blåbær.no>;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
		{Trace{By: "b", With: "ESMTP", For: Address{"jørgen", "blåbær.no"}, Time: at, HideClient: true},
			"Received: by b with ESMTP;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
		{Trace{By: "b", With: "ESMTP", For: Address{"j", "blåbær.no"}, Time: at, HideClient: true},
			"Received: by b with ESMTP for <j@xn--blbr-roah.no>;\r\n Sat, 21 Nov 2026 10:00:00 +0100\r\n"},
	} {
		if got := string(c.in.AppendReceived([]byte("x"))); got != "x"+c.want {
			t.Errorf("\n got %q\nwant %q", got[1:], c.want)
		}
	}
}

// RFC 5322 §2.1.1: 78 octets a line where words allow it, 998 always.
func TestReceivedLines(t *testing.T) {
	long := strings.Repeat("x", 60)
	tr := Trace{From: long, Addr: netip.MustParseAddr("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"), Reverse: long, By: long,
		With: "ESMTPS", ID: long, For: Address{long, long + ".org"}, TLS: long, Time: time.Now()}
	for line := range strings.Lines(string(tr.AppendReceived(nil))) {
		if len(line) > maxLine+2 && strings.Count(strings.TrimSpace(line), " ") > 0 && !strings.Contains(line, "(") {
			t.Errorf("%d octets: %q", len(line), line)
		}
	}
	tr.From = strings.Repeat("y", 10_000)
	for line := range strings.Lines(string(tr.AppendReceived(nil))) {
		if len(line) > 998 {
			t.Errorf("%d octets", len(line))
		}
	}
}

func TestTraceLines(t *testing.T) {
	for got, want := range map[string]string{
		ReturnPath(Address{}):                         "Return-Path: <>\r\n",
		ReturnPath(Address{"a b", "example.org"}):     "Return-Path: <\"a b\"@example.org>\r\n",
		DeliveredTo(Address{"a", "example.org"}):      "Delivered-To: a@example.org\r\n",
		DeliveredTo(Address{"a\r\nb", "example.org"}): "Delivered-To: \"a??b\"@example.org\r\n",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCountReceived(t *testing.T) {
	in := strings.Repeat("Received: x\r\n y\r\nX-Received: z\r\n", 5) + "RECEIVED: x\r\n\r\nReceived: body\r\n"
	if n, err := CountReceived(strings.NewReader(in)); n != 6 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := CountReceived(brokenReader{}); err == nil {
		t.Error("no error")
	}
}
