package imap

import (
	"testing"
	"time"
)

var dateTimes = []struct {
	text string
	want string // RFC 3339, empty for an error
}{
	// Two digits, or a space and one.
	{"17-Jul-1996 02:44:25 -0700", "1996-07-17T02:44:25-07:00"},
	{" 1-Jan-2026 00:00:00 +0000", "2026-01-01T00:00:00Z"},
	{"01-Jan-2026 00:00:00 +0000", "2026-01-01T00:00:00Z"},
	// Months in any case; odd zones.
	{"29-FEB-2024 23:59:59 +0545", "2024-02-29T23:59:59+05:45"},
	{"01-dec-2026 12:00:60 -1200", "2026-12-01T12:01:00-12:00"},
	// Days, hours and zones that are not.
	{"31-Feb-2026 00:00:00 +0000", ""},
	{"00-Jan-2026 00:00:00 +0000", ""},
	{"32-Jan-2026 00:00:00 +0000", ""},
	{"01-Jan-2026 24:00:00 +0000", ""},
	{"01-Jan-2026 00:60:00 +0000", ""},
	{"01-Jan-2026 00:00:00 +0060", ""},
	{"01-Jan-2026 00:00:00 +2400", ""},
	{"01-Jan-0000 00:00:00 +0000", ""},
	// Other forms.
	{"1-Jan-2026 00:00:00 +0000", ""},
	{"01-Jan-2026 00:00:00 UTC", ""},
	{"01-Jan-2026 00:00:00  0000", ""},
	{"01-Jan-2026T00:00:00 +0000", ""},
	{"01-Foo-2026 00:00:00 +0000", ""},
	{"+1-Jan-2026 00:00:00 +0000", ""},
	{"01-Jan-+026 00:00:00 +0000", ""},
	{"", ""},
}

func TestParseDateTime(t *testing.T) {
	for _, c := range dateTimes {
		got, err := parseDateTime(c.text)
		if c.want == "" {
			if err == nil {
				t.Errorf("%q: got %v, want an error", c.text, got)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339) != c.want {
			t.Errorf("%q: got %v, %v", c.text, got.Format(time.RFC3339), err)
		}
	}
}

func TestAppendDateTime(t *testing.T) {
	for _, c := range []struct {
		t    time.Time
		want string
	}{
		// Exactly the form that iOS reads.
		{time.Date(2026, 11, 2, 3, 4, 5, 6, time.UTC), `"02-Nov-2026 03:04:05 +0000"`},
		{time.Date(2026, 11, 22, 23, 59, 59, 0, time.FixedZone("", -(3*3600+1800))), `"22-Nov-2026 23:59:59 -0330"`},
		{time.Date(1996, 7, 17, 2, 44, 25, 0, time.FixedZone("", 9*3600)), `"17-Jul-1996 02:44:25 +0900"`},
		// What the form cannot hold.
		{time.Date(1850, 1, 1, 0, 0, 0, 0, time.FixedZone("LMT", 1172)), `"31-Dec-1849 23:40:28 +0000"`},
		{time.Time{}, `"01-Jan-0001 00:00:00 +0000"`},
		{time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC), `"01-Jan-1970 00:00:00 +0000"`},
	} {
		if got := string(appendDateTime(nil, c.t)); got != c.want {
			t.Errorf("%v: got %s, want %s", c.t, got, c.want)
		}
	}
}

func TestParseDate(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"1-Feb-1994", "1994-02-01"},
		{"01-Feb-1994", "1994-02-01"},
		{"31-dEC-2026", "2026-12-31"},
		{"30-Feb-2026", ""},
		{"1-Feb-94", ""},
		{" 1-Feb-1994", ""},
		{"1 Feb 1994", ""},
		{"", ""},
	} {
		got, err := parseDate(c.text)
		if (err != nil) != (c.want == "") || err == nil && got.Format(time.DateOnly) != c.want {
			t.Errorf("%q: got %v, %v", c.text, got, err)
		}
	}
}

// The day counts in the time's own zone.
func TestDayNumber(t *testing.T) {
	west := time.Date(2026, 3, 1, 23, 0, 0, 0, time.FixedZone("", -10*3600))
	if dayNumber(west) != dayNumber(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error("a late hour in the west became the next day")
	}
	if dayNumber(time.Date(1969, 12, 31, 23, 0, 0, 0, time.UTC)) != -1 {
		t.Error("days before 1970 do not count down")
	}
}

func FuzzDateTime(f *testing.F) {
	for _, c := range dateTimes {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := parseDateTime(s)
		if err != nil {
			return
		}
		b := appendDateTime(nil, d)
		again, err := parseDateTime(string(b[1 : len(b)-1]))
		if err != nil || !again.Equal(d) {
			t.Fatalf("%q is written as %s and read as %v, %v", s, b, again, err)
		}
	})
}

func FuzzDate(f *testing.F) {
	f.Add("1-Feb-1994")
	f.Add("31-Dec-2026")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := parseDate(s); err == nil && d.Year() == 0 {
			t.Fatalf("%q is %v", s, d)
		}
	})
}
