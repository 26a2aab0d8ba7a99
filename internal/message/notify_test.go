package message

import (
	"errors"
	"testing"
)

func TestParseNotify(t *testing.T) {
	for in, want := range map[string]Notify{
		"": 0, "NEVER": NotifyNever, "never": NotifyNever,
		"SUCCESS,failure,Delay": NotifySuccess | NotifyFailure | NotifyDelay, "DELAY": NotifyDelay,
	} {
		if got, err := ParseNotify(in); got != want || err != nil {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	// RFC 3461 §4.1.
	for _, in := range []string{"NEVER,DELAY", "ALWAYS", "DELAY,", ",", "DELAY SUCCESS"} {
		if got, err := ParseNotify(in); got != 0 || !errors.Is(err, ErrNotify) {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
}

func FuzzParseNotify(f *testing.F) {
	for _, s := range []string{"", "NEVER", "SUCCESS,DELAY,FAILURE", "SUCCESS,SUCCESS", ","} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseNotify(s)
		if err != nil {
			return
		}
		if again, err := ParseNotify(n.String()); again != n || err != nil {
			t.Fatalf("%q: %v is %v again, %v", s, n, again, err)
		}
	})
}
