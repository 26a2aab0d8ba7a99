package message

import (
	"strings"
	"testing"
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
