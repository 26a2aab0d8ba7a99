package message

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseContacts(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []Contact
	}{
		// RFC 5322 §3.4: mailbox.
		{"ann@example.org", []Contact{{Local: "ann", Host: "example.org"}}},
		{"<ann@example.org>", []Contact{{Local: "ann", Host: "example.org"}}},
		{"Ann  Lee <ann@example.org>", []Contact{{"Ann Lee", "", "ann", "example.org"}}},
		{`"Lee, \"Ann\"" <ann@example.org>`, []Contact{{`Lee, "Ann"`, "", "ann", "example.org"}}},
		{`Ann "the Bee" Lee <ann@example.org>`, []Contact{{`Ann the Bee Lee`, "", "ann", "example.org"}}},
		{"a@b.c, X <d@e.f>,g@h", []Contact{{Local: "a", Host: "b.c"}, {"X", "", "d", "e.f"}, {Local: "g", Host: "h"}}},
		{`"john doe"@example.org`, []Contact{{Local: "john doe", Host: "example.org"}}},
		{"a@[192.0.2.1]", []Contact{{Local: "a", Host: "[192.0.2.1]"}}},
		// Comments; one serves as name (RFC 5322 §3.2.2).
		{"ann@example.org (Ann (the) Lee)", []Contact{{"Ann (the) Lee", "", "ann", "example.org"}}},
		{"(x) Ann <ann(y)@(z)example.org>", []Contact{{"Ann", "", "ann", "example.org"}}},
		{"<ann@example.org> (Ann)", []Contact{{"Ann", "", "ann", "example.org"}}},
		// Obsolete forms of RFC 5322 §4.4: routes, empty items, space around dots.
		{"Ann <@x.org,@y.org:ann@example.org>", []Contact{{"Ann", "@x.org,@y.org", "ann", "example.org"}}},
		{", ,ann . lee @ example . org,,", []Contact{{Local: "ann.lee", Host: "example.org"}}},
		{"J. R. Roe <j@example.org>", []Contact{{"J. R. Roe", "", "j", "example.org"}}},
		// Groups, in IMAP's form (RFC 3501 §7.4.2).
		{"Undisclosed recipients:;", []Contact{{Local: "Undisclosed recipients"}, {}}},
		{"A: a@b, C <c@d>; e@f", []Contact{{Local: "A"}, {Local: "a", Host: "b"}, {"C", "", "c", "d"}, {}, {Local: "e", Host: "f"}}},
		{"A: a@b", []Contact{{Local: "A"}, {Local: "a", Host: "b"}, {}}},
		// Octets and encoded words stay, even those with specials in them.
		{"=?utf-8?q?J=C3=B8,_@r?= <j@example.no>", []Contact{{"=?utf-8?q?J=C3=B8,_@r?=", "", "j", "example.no"}}},
		{"J\xf8rgen <j@example.no>", []Contact{{"J\xf8rgen", "", "j", "example.no"}}},
		{"jørgen@blåbær.no", []Contact{{Local: "jørgen", Host: "blåbær.no"}}},
		// Wrong, but the meaning is clear.
		{"ann@example.org <ann@example.org>", []Contact{{"ann@example.org", "", "ann", "example.org"}}},
		{"Ann Lee ann@example.org", []Contact{{"Ann Lee", "", "ann", "example.org"}}},
		{"a@b; c@d", []Contact{{Local: "a", Host: "b"}, {Local: "c", Host: "d"}}},
		{"Ann <ann@example.org", []Contact{{"Ann", "", "ann", "example.org"}}},
		{`"Ann <ann@example.org>`, []Contact{{"", "", "Ann <ann@example.org>", MissingHost}}},
		// No contact may look like the start or the end of a group.
		{"root", []Contact{{Local: "root", Host: MissingHost}}},
		{"Ann <>", []Contact{{"Ann", "", MissingLocal, MissingHost}}},
		{"<ann>", []Contact{{Local: "ann", Host: MissingHost}}},
		{"@example.org", []Contact{{Local: MissingLocal, Host: "example.org"}}},
		{"<>", nil},
		{"", nil},
	} {
		if got := ParseContacts(c.in); !reflect.DeepEqual(got, c.want) {
			t.Errorf("ParseContacts(%q)\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}

func FuzzParseContacts(f *testing.F) {
	for _, s := range []string{
		`"Lee, Ann" <ann@example.org>, b@c (d)`, "A: a@b, C <@x:c@d>;", "=?utf-8?q?a,b?= <c@d>",
		"a . b @ c . d", "Ann Lee ann@example.org", "a@b <c@d>", "(((", `"\`, "a@[1", "<<>>,;:@.",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list := ParseContacts(s)
		if len(list) > maxContacts+1 {
			t.Fatalf("%d contacts", len(list))
		}
		group := false
		for _, c := range list {
			if c.Host != "" {
				continue
			}
			if starts := c.Local != ""; starts == group {
				t.Fatalf("%q: group marks do not pair: %q", s, list)
			}
			group = !group
		}
		if group {
			t.Fatalf("%q: open group: %q", s, list)
		}
	})
}

// A field of 200 KB takes no more than its length to read.
func TestParseContactsHostile(t *testing.T) {
	for _, unit := range []string{"a@b,", "(", "<", `"`, "a:", "a ", "a.", "=?a?q?", "=?a?q?,", "@", ";", "a@b.c .", "\\", "a@b<"} {
		quick(t, unit, func() { ParseContacts(strings.Repeat(unit, 200<<10/len(unit))) })
	}
}
