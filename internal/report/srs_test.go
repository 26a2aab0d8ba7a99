package report

import (
	"errors"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
)

func srsAt(domain string, day int) SRS {
	return SRS{Secret: []byte("secret of " + domain), Domain: domain, Now: func() time.Time {
		return time.Date(2026, 11, day, 12, 0, 0, 0, time.UTC)
	}}
}

func forwarded(t *testing.T, s SRS, from message.Address) message.Address {
	t.Helper()
	out, err := s.Forward(from)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := message.ParseAddress(out.String()); !out.IsZero() && (err != nil || again != out) {
		t.Fatalf("%v is %v on the wire, %v", out, again, err)
	}
	return out
}

func TestSRSThereAndBack(t *testing.T) {
	s := srsAt("home.example", 1)
	for _, a := range []message.Address{
		ann, {Local: "a=b", Domain: "c.example"}, {Local: "Ann.Lee+tag", Domain: "c.example"}, {Local: "a b", Domain: "c.example"},
		{Local: "srs0", Domain: "c.example"}, {Local: "srs0x=1", Domain: "c.example"}, {Local: "ann", Domain: "blåbær.no"}, eve,
		{Local: "ann", Domain: "[192.0.2.1]"},
	} {
		out := forwarded(t, s, a)
		if !strings.HasPrefix(out.Local, "SRS0=") || out.Domain != "home.example" || !IsSRS(out) {
			t.Errorf("%v became %v", a, out)
		}
		if back, err := s.Reverse(out); back != a || err != nil {
			t.Errorf("%v became %v and then %v, %v", a, out, back, err)
		}
	}
}

func TestSRSUnchanged(t *testing.T) {
	s := srsAt("home.example", 1)
	for _, a := range []message.Address{{}, {Local: "me", Domain: "home.example"}} {
		if out := forwarded(t, s, a); out != a {
			t.Errorf("%v became %v", a, out)
		}
	}
	for a, want := range map[message.Address]error{
		{Local: "postmaster"}: ErrSRSSender,
		{Local: strings.Repeat("x", 40), Domain: "long.example.org"}: ErrSRSLong,
	} {
		if out, err := s.Forward(a); !errors.Is(err, want) || !out.IsZero() {
			t.Errorf("%v: %v, %v", a, out, err)
		}
	}
}

// Some servers change the case of local parts.
func TestSRSCase(t *testing.T) {
	s := srsAt("home.example", 1)
	for _, change := range []func(string) string{strings.ToLower, strings.ToUpper} {
		out := forwarded(t, s, ann)
		out.Local = change(out.Local)
		back, err := s.Reverse(out)
		if err != nil || back.Key() != ann.Key() {
			t.Errorf("%v: %v, %v", out, back, err)
		}
	}
}

func TestSRSForged(t *testing.T) {
	s := srsAt("home.example", 1)
	good := forwarded(t, s, ann).Local
	chain := forwarded(t, s, forwarded(t, srsAt("x.example", 1), ann)).Local
	for local, want := range map[string]error{
		strings.Replace(good, "ann", "bob", 1):                 ErrSRSForged,
		strings.Replace(good, "example.org", "example.net", 1): ErrSRSForged,
		strings.Replace(chain, "ann", "bob", 1):                ErrSRSForged,
		strings.Replace(chain, "x.example", "y.example", 1):    ErrSRSForged,
		"SRS0=aaaaaa=" + good[12:]:                             ErrSRSForged,
		"SRS0==" + good[12:]:                                   ErrSRSForged,
		"SRS0=" + good[12:]:                                    ErrNotSRS,
		"ann":                                                  ErrNotSRS,
		"SRS0":                                                 ErrNotSRS,
		"SRS0=":                                                ErrNotSRS,
		"SRS1=":                                                ErrNotSRS,
		"SRS1=a=b=":                                            ErrNotSRS,
		"SRS1=a==b":                                            ErrNotSRS,
		"SRS1=a=b=c":                                           ErrNotSRS,
		"SRS2=a=b=c=d":                                         ErrNotSRS,
	} {
		if back, err := s.Reverse(message.Address{Local: local, Domain: "home.example"}); !errors.Is(err, want) || !back.IsZero() {
			t.Errorf("%s: %v, %v, want %v", local, back, err, want)
		}
	}
	other := s
	other.Secret = []byte("another")
	if _, err := other.Reverse(message.Address{Local: good}); !errors.Is(err, ErrSRSForged) {
		t.Error(err)
	}
	if _, err := (SRS{Domain: "home.example"}).Reverse(forwarded(t, SRS{Domain: "home.example"}, ann)); !errors.Is(err, ErrSRSForged) {
		t.Errorf("without a secret: %v", err)
	}
}

func TestSRSExpiry(t *testing.T) {
	out := forwarded(t, srsAt("home.example", 2), ann)
	for day, want := range map[int]error{
		0: ErrSRSExpired, 1: nil, 2: nil, 23: nil, 24: ErrSRSExpired, 200: ErrSRSExpired, 2 + srsCycle: nil, // the circle
	} {
		if _, err := srsAt("home.example", day).Reverse(out); !errors.Is(err, want) {
			t.Errorf("day %d: %v, want %v", day, err, want)
		}
	}
	// The circle's end lies between.
	late := srsAt("home.example", 1)
	for late.day() != srsCycle-1 {
		now := late.Now().AddDate(0, 0, 1)
		late.Now = func() time.Time { return now }
	}
	out = forwarded(t, late, ann)
	then := late.Now().AddDate(0, 0, 10)
	late.Now = func() time.Time { return then }
	if back, err := late.Reverse(out); back != ann || err != nil {
		t.Errorf("%v, %v", back, err)
	}
}

// Mail that others forwarded before: what comes back goes to the first of them, whatever lies between.
func TestSRSChain(t *testing.T) {
	first, second, third := srsAt("first.example", 1), srsAt("b.example", 1), srsAt("c.example", 1)
	zero := forwarded(t, first, ann)
	one := forwarded(t, second, zero)
	two := forwarded(t, third, one)
	if !strings.HasPrefix(one.Local, "SRS1=") || !strings.HasPrefix(two.Local, "SRS1=") || len(one.Local) != len(two.Local) {
		t.Errorf("%v, %v", one, two)
	}
	for s, a := range map[*SRS]message.Address{&second: one, &third: two} {
		back, err := s.Reverse(a)
		if err != nil || back != zero {
			t.Fatalf("%v: %v, %v", a, back, err)
		}
		if home, err := first.Reverse(back); home != ann || err != nil {
			t.Errorf("%v: %v, %v", back, home, err)
		}
	}
	// Other programs part with + or -, and their hashes hold anything.
	for _, local := range []string{"SRS0+Yf3/=AB=x.org=ann", "SRS0-a=b=c=d", "srs0=zz=yy=x.org=a=b"} {
		a := message.Address{Local: local, Domain: "o.example"}
		if back, err := second.Reverse(forwarded(t, second, a)); err != nil || back.Key() != a.Key() {
			t.Errorf("%v: %v, %v", a, back, err)
		}
	}
	// A circle: our own comes to us as SRS1 of another, and we forward it again.
	if back, err := first.Reverse(forwarded(t, first, one)); err != nil || back != zero {
		t.Errorf("%v, %v", back, err)
	}
}

func FuzzSRS(f *testing.F) {
	s := srsAt("h.example", 1)
	for _, local := range []string{"ann", "SRS0=aaaaaa=aa=b.c=d", "SRS1=a=b==c", "srs1+", "a=b", "SRS0=" + s.hash("aa", "b.c", "d") + "=aa=b.c=d"} {
		f.Add(local, "example.org")
	}
	f.Fuzz(func(t *testing.T, local, domain string) {
		a, err := message.ParseAddress(message.Address{Local: local, Domain: domain}.String())
		if err != nil {
			return
		}
		_, _ = s.Reverse(a)
		out, err := s.Forward(a)
		if err != nil || out == a {
			return
		}
		back, err := s.Reverse(out)
		if err != nil {
			t.Fatalf("%v became %v: %v", a, out, err)
		}
		if tag, _ := cutTag(a.Local); tag == "" && back != a {
			t.Fatalf("%v became %v and then %v", a, out, back)
		}
	})
}
