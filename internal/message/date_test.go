package message

import (
	"testing"
	"time"
)

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
		{"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T09:55:06-06:00"},
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
