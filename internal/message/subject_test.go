package message

import (
	"testing"
)

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
