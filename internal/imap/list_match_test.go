package imap

import (
	"strings"
	"testing"
)

var listMatches = []struct {
	pattern, name string
	want          bool
}{
	// Without wildcards: the name itself.
	{"Sent", "Sent", true},
	{"Sent", "sent", false},
	{"Sent", "Sent/2026", false},
	{"", "", true},
	{"", "a", false},
	// "*" matches anything, levels included.
	{"*", "", true},
	{"*", "a/b/c", true},
	{"a*", "a/b", true},
	{"*c", "a/b/c", true},
	{"*b*", "a/b/c", true},
	{"a*b*c", "aXbX", false},
	{"*ab", "aab", true},
	// "%" stops at a level.
	{"%", "a", true},
	{"%", "a/b", false},
	{"a/%", "a/b", true},
	{"a/%", "a/b/c", false},
	{"a/%", "a", false},
	{"%/%", "a/b", true},
	{"%/b/%", "a/b/c", true},
	{"%b%", "abc", true},
	// Together.
	{"*/%", "a/b/c", true},
	{"%/*", "a/b/c", true},
	{"%*", "a/b", true},
	{"*%", "a/b", true},
	{"%a*%z", "xa/y/zz", true},
	// INBOX in any case (RFC 3501 §5.1), and only it.
	{"inbox", "INBOX", true},
	{"InB%", "INBOX", true},
	{"inbox/*", "INBOX/a", true},
	{"inbox/A", "INBOX/a", false},
	{"inboxes", "INBOXES", false},
	{"*x", "INBOX", true},
	// Octets of UTF-8.
	{"Entw*fe", "Entwürfe", true},
	{"%ü%", "Entwürfe", true},
}

func TestMatchList(t *testing.T) {
	for _, c := range listMatches {
		if got := matchList(c.pattern, c.name); got != c.want {
			t.Errorf("%q against %q: got %v", c.pattern, c.name, got)
		}
	}
}

// slowMatch is the definition, for short patterns only: it tries everything.
func slowMatch(p, name string) bool {
	if p == "" {
		return name == ""
	}
	if p[0] != '*' && p[0] != '%' {
		return name != "" && name[0] == p[0] && slowMatch(p[1:], name[1:])
	}
	if slowMatch(p[1:], name) {
		return true
	}
	return name != "" && (p[0] == '*' || name[0] != '/') && slowMatch(p, name[1:])
}

func FuzzMatchList(f *testing.F) {
	for _, c := range listMatches {
		f.Add(c.pattern, c.name)
	}
	f.Add("*a*a*a*a*b", "aaaaaaaaaa")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		got := matchList(pattern, name)
		if len(pattern) > 8 || len(name) > 12 || inboxPrefix(name) > 0 {
			return
		}
		if want := slowMatch(pattern, name); got != want {
			t.Fatalf("%q against %q: got %v", pattern, name, got)
		}
	})
}

// A pattern built to backtrack costs its length times the name's, once.
func TestMatchListHostile(t *testing.T) {
	name := strings.Repeat("a", 1000)
	for _, piece := range []string{"*a", "%a", "*a%a", "%%**"} {
		pattern := strings.Repeat(piece, 8000/len(piece)) + "b"
		if n := testing.AllocsPerRun(1, func() {
			if matchList(pattern, name) {
				t.Error("matched")
			}
		}); n > 4 {
			t.Errorf("%q…: %v allocations", piece, n)
		}
	}
}

func BenchmarkMatchList(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		matchList("*", "Archive/2026/Invoices")
		matchList("%/2026/%", "Archive/2026/Invoices")
	}
}

func BenchmarkMatchListHostile(b *testing.B) {
	pattern, name := strings.Repeat("*a%a", 499)+"b", strings.Repeat("a", 1000)
	for b.Loop() {
		matchList(pattern, name)
	}
}
