package finding

import (
	"testing"

	"buzon/internal/text"
)

func TestPhrase(t *testing.T) {
	p := Say("line_dns_silent", "name", "example.org")
	if got := p.In(text.Load("en")); got != "DNS did not answer about example.org." {
		t.Error(got)
	}
	if got := p.In(text.Load("es")); got != "El DNS no respondió sobre example.org." {
		t.Error(got)
	}
	if got := (Phrase{}).In(text.Load("en")); got != "" {
		t.Errorf("nothing says %q", got)
	}
}

func TestSame(t *testing.T) {
	a := Warned(Say("x", "n", "1"), Say("y"))
	for _, other := range []Finding{
		Failed(Say("x", "n", "1"), Say("y")), Warned(Say("x", "n", "2"), Say("y")), Warned(Say("x", "n", "1"), Say("z")), NotKnown(Say("x", "n", "1"), Say("y")),
	} {
		if a.Same(other) {
			t.Errorf("%+v", other)
		}
	}
	if b := Warned(Say("x", "n", "1"), Say("y")); !a.Same(b) {
		t.Error("the same is not")
	}
}
