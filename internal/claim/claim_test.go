package claim

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// board is where codes are published.
type board struct {
	codes []string
	err   error
}

func (b *board) publish(code string) error {
	b.codes = append(b.codes, code)
	return b.err
}

func (b *board) last() string { return b.codes[len(b.codes)-1] }

func newClaim(t *testing.T) (*Claim, *board) {
	t.Helper()
	b := new(board)
	c, err := New(Options{Publish: b.publish})
	if err != nil {
		t.Fatal(err)
	}
	return c, b
}

var (
	here  = netip.MustParseAddr("192.168.1.5")
	there = netip.MustParseAddr("192.168.1.6")
	box   = netip.MustParseAddr("127.0.0.1")
)

// wrong is a code that is not c's.
func wrong(c *Claim) string {
	if c.Code() == "0000 0000" {
		return "00000001"
	}
	return "00000000"
}

// try has from try until its code is looked at.
func try(t *testing.T, c *Claim, from netip.Addr, code string) (waited time.Duration, err error) {
	t.Helper()
	for range 3 {
		err = c.Try(from, code)
		var slow *SlowError
		if !errors.As(err, &slow) {
			return waited, err
		}
		if slow.Wait <= 0 || slow.Wait > mostHere {
			t.Fatalf("told to wait %v", slow.Wait)
		}
		time.Sleep(slow.Wait) // of the bubble
		waited += slow.Wait
	}
	t.Fatal("the wait that was told is not enough")
	return 0, nil
}

func TestCode(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		c, b := newClaim(t)
		if code := c.Code(); !regexp.MustCompile(`^\d{4} \d{4}$`).MatchString(code) || code != b.last() || seen[code] {
			t.Fatalf("code %q, published %q", code, b.codes)
		}
		seen[c.Code()] = true
	}
	// Leading zeros stay, and randomness is where the code comes from.
	c, err := New(Options{Publish: new(board).publish, Rand: bytes.NewReader(make([]byte, 100))})
	if err != nil || c.Code() != "0000 0000" {
		t.Errorf("%v %v", c, err)
	}
	if _, err := New(Options{Publish: new(board).publish, Rand: strings.NewReader("")}); !errors.Is(err, io.EOF) {
		t.Errorf("without randomness: %v", err)
	}
	broken := errors.New("no disk")
	if _, err := New(Options{Publish: (&board{err: broken}).publish}); !errors.Is(err, broken) {
		t.Errorf("unpublished: %v", err)
	}
}

func TestTry(t *testing.T) {
	t.Parallel()
	c, b := newClaim(t)
	code := strings.ReplaceAll(c.Code(), " ", "")
	for _, tt := range []struct {
		code string
		err  error
	}{
		// As it is shown, and as people and phones write it.
		{code: c.Code()}, {code: code}, {code: " " + code + "\n"}, {code: code[:4] + "-" + code[4:]},
		{code: code[:4] + " – " + code[4:]}, {code: code[:4] + "\u00a0" + code[4:]},
		// Parts of it and more than it are not it. Two of these cost nothing, and more would wait.
		{code: code[:7], err: ErrWrong}, {code: code + "0", err: ErrWrong},
	} {
		if err := c.Try(here, tt.code); !errors.Is(err, tt.err) {
			t.Errorf("%q: %v", tt.code, err)
		}
	}
	for i, other := range []string{"", strings.Repeat("1", 1<<20), code[1:] + code[:1] + "x"} {
		if err := c.Try(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), other); !errors.Is(err, ErrWrong) {
			t.Errorf("%.20q: %v", other, err)
		}
	}
	c.Done()
	c.Done()
	if c.Code() != "" || len(b.codes) != 2 || b.last() != "" {
		t.Errorf("after the end: %q, published %q", c.Code(), b.codes)
	}
	for _, code := range []string{code, ""} {
		if err := c.Try(box, code); !errors.Is(err, ErrWrong) {
			t.Errorf("%q after the end: %v", code, err)
		}
	}
}

// Each wrong code of an address makes it wait longer, but never for long, and others are not in the way until there are many.
func TestSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := newClaim(t)
		var waits []time.Duration
		for range 12 {
			waited, err := try(t, c, box, wrong(c))
			if !errors.Is(err, ErrWrong) {
				t.Fatal(err)
			}
			waits = append(waits, waited)
		}
		for i, want := range []time.Duration{0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60} {
			if waits[i] != want*time.Second {
				t.Errorf("wait %d is %v, want %v seconds", i, waits[i], want)
			}
		}
		// The right one waits as well, or its time would tell.
		if waited, err := try(t, c, box, c.Code()); err != nil || waited != time.Minute {
			t.Errorf("%v %v", waited, err)
		}
		time.Sleep(forget)
		if err := c.Try(box, wrong(c)); !errors.Is(err, ErrWrong) {
			t.Error(err)
		}
		if err := c.Try(box, c.Code()); err != nil {
			t.Errorf("nothing is forgotten: %v", err)
		}
	})
}

// Many addresses, each of which is new, are slowed together; who is on the machine is not among them.
func TestSlowAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, b := newClaim(t)
		begin := time.Now()
		const guesses = 1000
		for i := range guesses {
			if _, err := try(t, c, netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), wrong(c)); !errors.Is(err, ErrWrong) {
				t.Fatal(err)
			}
		}
		if took := time.Since(begin); took < (guesses-15)*mostAll {
			t.Errorf("%d guesses in %v", guesses, took)
		}
		if len(b.codes) != guesses/maxWrong+1 {
			t.Errorf("%d codes for %d guesses", len(b.codes), guesses)
		}
		if c.pace.here.Len() > maxAddresses {
			t.Errorf("%d addresses are remembered", c.pace.here.Len())
		}
		if err := c.Try(box, c.Code()); err != nil {
			t.Errorf("who stands before it: %v", err)
		}
	})
}

// After ten wrong ones the code is another one, which is published; the old one is void.
func TestNewCode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, b := newClaim(t)
		old := c.Code()
		for i := range maxWrong {
			if c.Code() != old {
				t.Fatalf("another code after %d", i)
			}
			if _, err := try(t, c, there, wrong(c)); !errors.Is(err, ErrWrong) {
				t.Fatal(err)
			}
		}
		if c.Code() == old || len(b.codes) != 2 || b.last() != c.Code() {
			t.Errorf("%q, published %q", c.Code(), b.codes)
		}
		if _, err := try(t, c, here, old); !errors.Is(err, ErrWrong) {
			t.Errorf("the old one: %v", err)
		}
		if _, err := try(t, c, here, c.Code()); err != nil {
			t.Errorf("the new one: %v", err)
		}
		// One that cannot be shown is none.
		b.err = errors.New("no disk")
		old = c.Code()
		for range maxWrong {
			try(t, c, there, wrong(c))
		}
		if _, err := try(t, c, here, old); !errors.Is(err, ErrWrong) {
			t.Errorf("the old one: %v", err)
		}
	})
}

// The clock of a board is set back or forth; nobody waits for years.
func TestClockIsSet(t *testing.T) {
	t.Parallel()
	now := time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
	c, err := New(Options{Publish: new(board).publish, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c.Try(here, wrong(c))
	}
	if err := c.Try(here, c.Code()); err == nil {
		t.Fatal("not slowed")
	}
	now = now.AddDate(-10, 0, 0)
	if err := c.Try(here, c.Code()); err != nil {
		t.Error(err)
	}
}

// An IPv4 address is the same in IPv6's clothes, and one of a link whatever the interface is called.
func TestAddressForms(t *testing.T) {
	t.Parallel()
	for _, forms := range [][2]string{{"192.168.1.5", "::ffff:192.168.1.5"}, {"fe80::1%eth0", "fe80::1%wlan0"}} {
		c, _ := newClaim(t)
		for range 3 {
			c.Try(netip.MustParseAddr(forms[0]), wrong(c))
		}
		var slow *SlowError
		if err := c.Try(netip.MustParseAddr(forms[1]), c.Code()); !errors.As(err, &slow) || !strings.Contains(err.Error(), "wait") {
			t.Errorf("%q: %v", forms, err)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path+".new", []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"1234 5678", "8765 4321"} {
		if err := Write(path, code); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		info, _ := os.Stat(path)
		if string(text) != code+"\n" || err != nil || info.Mode() != 0o600 {
			t.Errorf("%q %v %v", text, info, err)
		}
	}
	for range 2 {
		if err := Write(path, ""); err != nil {
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(filepath.Dir(path) + "/*"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if err := Write(filepath.Join(path, "none", FileName), "1234 5678"); err == nil {
		t.Error("no folder, and no error")
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	claimed := false
	h := Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") }), func() bool { return claimed })
	get := func(from, language string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = from
		r.Header.Set("Accept-Language", language)
		// What a proxy says of others is not asked.
		r.Header.Set("X-Forwarded-For", "127.0.0.1")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for from, near := range map[string]bool{
		"127.0.0.1:1": true, "[::1]:1": true, "[::ffff:127.0.0.1]:1": true, "192.168.1.5:1": true, "10.1.2.3:1": true, "172.31.0.1:1": true,
		"169.254.1.1:1": true, "[fe80::1%eth0]:1": true, "[fd00::1]:1": true, "[::ffff:192.168.1.5]:1": true,
		"203.0.113.5:1": false, "[2001:db8::1]:1": false, "100.64.0.1:1": false, "172.32.0.1:1": false, "[::ffff:203.0.113.5]:1": false,
		"0.0.0.0:1": false, "224.0.0.1:1": false, "": false, "@": false,
	} {
		w := get(from, "es-ES,es;q=0.9")
		if near != (w.Body.String() == "page") || !near && (w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "aún no tiene dueño")) {
			t.Errorf("%s: %d %s", from, w.Code, w.Body)
		}
	}
	if w := get("203.0.113.5:1", "fr"); !strings.Contains(w.Body.String(), "no owner yet") || strings.Count(w.Body.String(), "\n") != 1 {
		t.Errorf("%s", w.Body)
	}
	claimed = true
	if w := get("203.0.113.5:1", ""); w.Body.String() != "page" {
		t.Errorf("claimed: %d %s", w.Code, w.Body)
	}
}

func FuzzTry(f *testing.F) {
	f.Add("1234 5678")
	f.Add("1234–5678")
	f.Add("\xff\xfe 12")
	f.Fuzz(func(t *testing.T, code string) {
		c, err := New(Options{Publish: new(board).publish, Rand: bytes.NewReader(make([]byte, 100))}) // 0000 0000
		if err != nil {
			t.Fatal(err)
		}
		digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, code)
		if err := c.Try(box, code); err == nil && digits != "00000000" {
			t.Errorf("%q opens", code)
		}
	})
}
