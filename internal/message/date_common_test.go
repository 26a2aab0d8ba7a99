package message

import "testing"

// What the short way reads, the long one reads alike.
func checkCommonDate(t *testing.T, s string) bool {
	t.Helper()
	short, ok := commonDate(s)
	if !ok {
		return false
	}
	long, ok := parseAnyDate(s)
	if !ok || !long.Equal(short) || long.Format("-0700") != short.Format("-0700") {
		t.Errorf("%q: %v and %v", s, short, long)
	}
	return true
}

func TestCommonDate(t *testing.T) {
	for s, want := range map[string]bool{
		"Sat, 21 Nov 2026 10:00:00 +0100":       true,
		"1 dec 2026 23:59 -0830":                true,
		"Sat, 21 Nov 2026 10:00:60 +0000 (UTC)": true,
		"Sat, 21 Nov 2026 10:00:00 +9999":       true,
		"Sat, 31 Feb 2026 10:00:00 +0000":       false,
		"Sat, 21 Nov 26 10:00:00 +0000":         false,
		"Sat, 21 Nov 2026 10:00:00 GMT":         false,
		"000, 21 Nov 2026 10:00:00 +0000":       false,
		"Dec, 21 Nov 2026 10:00:00 +0000":       false,
		"":                                      false,
	} {
		if checkCommonDate(t, s) != want {
			t.Errorf("%q: not %v", s, want)
		}
	}
}

func FuzzCommonDate(f *testing.F) {
	f.Add("Sat, 21 Nov 2026 10:00:00 +0100 (a (b) c)")
	f.Add("1 Nov 2026 10:00 -0000")
	f.Fuzz(func(t *testing.T, s string) { checkCommonDate(t, s) })
}
