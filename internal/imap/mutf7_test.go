package imap

import (
	"testing"
	"unicode/utf8"
)

var mutf7Names = []struct{ name, wire string }{
	// What is printable ASCII stands for itself, but for "&".
	{"", ""},
	{"INBOX/a b~", "INBOX/a b~"},
	{"Q&A", "Q&-A"},
	{"&&", "&-&-"},
	// RFC 3501 §5.1.3's own example.
	{"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
	{"Entwürfe", "Entw&APw-rfe"},
	{"台&北", "&U,A-&-&Uxc-"},
	// Beyond the basic plane: a pair of surrogates.
	{"📫", "&2D3c6w-"},
	// Control characters are not printable.
	{"a\tb", "a&AAk-b"},
}

func TestMUTF7(t *testing.T) {
	for _, c := range mutf7Names {
		if got := encodeMUTF7(c.name); got != c.wire {
			t.Errorf("encode %q: got %q, want %q", c.name, got, c.wire)
		}
		if got, err := decodeMUTF7(c.wire); err != nil || got != c.name {
			t.Errorf("decode %q: got %q, %v, want %q", c.wire, got, err, c.name)
		}
	}
}

func TestMUTF7Refused(t *testing.T) {
	for _, wire := range []string{
		"a&b", "&", "&AOk", // without an end
		"&AOk-&AOk-", "&AOk-&AOl-", // two runs back to back: one would do
		"&AGE-", "&ACY-", // ASCII that stands for itself
		"&AO-", "&A-", "&AOkA-", // not whole UTF-16 units
		"&AOl=-", "&AOk/-", "&AO\r\nk-", // not the alphabet
		"&AOn-",                      // bits left over that are not zero... and a half unit
		"&2D0-", "&3Os-", "&3OvYPQ-", // lone or reversed surrogates
		"\u00e9", "a\x00", "\x7f", "\xff", // raw octets
	} {
		if got, err := decodeMUTF7(wire); err == nil {
			t.Errorf("decode %q: got %q, want an error", wire, got)
		}
	}
}

func FuzzMUTF7(f *testing.F) {
	for _, c := range mutf7Names {
		f.Add(c.name)
		f.Add(c.wire)
	}
	f.Fuzz(func(t *testing.T, s string) {
		// Whatever decodes has one form only.
		if name, err := decodeMUTF7(s); err == nil && encodeMUTF7(name) != s {
			t.Fatalf("%q decodes to %q, which encodes to %q", s, name, encodeMUTF7(name))
		}
		// Every name survives.
		if !utf8.ValidString(s) {
			return
		}
		if name, err := decodeMUTF7(encodeMUTF7(s)); err != nil || name != s {
			t.Fatalf("%q encodes to %q, which decodes to %q, %v", s, encodeMUTF7(s), name, err)
		}
	})
}
