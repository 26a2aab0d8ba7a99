package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"buzon/internal/acme/acmetest"
)

// An account that the authority forgot, or that was revoked there.
func TestAccountLost(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test")
	b.turn()
	b.service.Stop() // all it knew is gone
	b.service.Resume()
	b.pass(62 * 24 * time.Hour)
	first := b.shown[0].Leaf
	b.turn()
	if b.shown[0].Leaf.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Errorf("forgotten: %+v %v", b.state, b.state.Problem)
	}
	c, err := b.client(t.Context(), b.settings.Directory, b.settings)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.DeactivateReg(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.state.Renewal.At = b.now()
	second := b.shown[0].Leaf
	b.turn()
	if b.shown[0].Leaf.SerialNumber.Cmp(second.SerialNumber) == 0 {
		t.Errorf("revoked: %+v %v", b.state, b.state.Problem)
	}
}

// The authority is down when the box starts.
func TestServiceDown(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test")
	b.service.Stop()
	for n := range 4 {
		s := b.turn()
		if s.Problem == nil || s.Problem.Code != ServiceDown || s.Failures != n+1 {
			t.Fatalf("%+v %v", s, s.Problem)
		}
		if wait := s.Next.Sub(b.now()); wait < time.Minute<<n-time.Second || wait > 2*time.Minute<<n {
			t.Errorf("after failure %d it waits %v", n+1, wait)
		}
		b.pass(s.Next.Sub(b.now()))
	}
	b.service.Resume()
	b.turn()
	b.wantNames("mail.example.test")
	if b.state.Failures != 0 || b.state.Problem != nil {
		t.Errorf("%+v", b.state)
	}
}

// A crash after the order was given, before the certificate was kept: it is fetched, not ordered again.
func TestCrashBeforeStorage(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test")
	disk := filepath.Join(t.TempDir(), "disk")
	cache := &crashing{Cache: b.Cache, at: keyCert + string(ec), dir: string(b.Cache.(autocert.DirCache)), copy: disk}
	b.Cache = cache
	b.turn()
	restarted := New(b.Options)
	restarted.Cache = autocert.DirCache(disk) // what the power cut left
	b.shown = nil
	restarted.load(t.Context())
	if restarted.round(t.Context()); len(b.shown) > 0 {
		t.Error("it did not wait after a crash")
	}
	b.pass(2 * time.Minute)
	restarted.round(t.Context())
	b.wantNames("mail.example.test")
	cert, err := tls.X509KeyPair(cache.seen, cache.seen)
	if err != nil {
		t.Fatal(err)
	}
	if !cert.Leaf.Equal(b.shown[0].Leaf) {
		t.Error("a second certificate was ordered")
	}
}

// crashing keeps what was on disk when one key was to be written.
type crashing struct {
	autocert.Cache
	at, dir, copy string
	seen          []byte
}

func (c *crashing) Put(ctx context.Context, key string, data []byte) error {
	if key == c.at {
		c.seen = data
		if err := os.CopyFS(c.copy, os.DirFS(c.dir)); err != nil {
			return err
		}
	}
	return c.Cache.Put(ctx, key, data)
}

// The authority says that we come too often: it is left alone for as long as it wants, whatever people ask.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test")
	b.turn()
	gate := &gate{inner: b.HTTP.Transport}
	b.HTTP = &http.Client{Transport: gate}
	b.state.Renewal.At = b.now()
	gate.closed = true
	s := b.turn()
	if s.Problem == nil || s.Problem.Code != RateLimited {
		t.Fatalf("%+v %v", s, s.Problem)
	}
	if wait := s.Next.Sub(b.now()); wait < 3*time.Hour-time.Minute {
		t.Errorf("next try in %v", wait)
	}
	asked := gate.asked
	if err := Request(t.Context(), b.Cache, b.now()); err != nil {
		t.Fatal(err)
	}
	b.turn()
	b.pass(2 * time.Hour)
	b.turn()
	if gate.asked != asked {
		t.Errorf("asked %d times more", gate.asked-asked)
	}
	gate.closed = false
	first := b.shown[0].Leaf
	b.pass(3 * time.Hour)
	b.turn()
	if b.shown[0].Leaf.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Errorf("not renewed afterwards: %+v %v", b.state, b.state.Problem)
	}
}

// gate refuses new orders while it is closed.
type gate struct {
	inner  http.RoundTripper
	closed bool
	asked  int
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if !g.closed || r.Method != http.MethodPost {
		return g.inner.RoundTrip(r)
	}
	g.asked++
	return &http.Response{
		StatusCode: http.StatusTooManyRequests, Request: r,
		Header: http.Header{"Retry-After": {"10800"}, "Replay-Nonce": {"abc"}, "Content-Type": {"application/problem+json"}},
		Body:   io.NopCloser(strings.NewReader(`{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates"}`)),
	}, nil
}

// Nobody is asked before it is known what time it is.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test")
	b.Ready = func(context.Context) error { return errors.New("no time server answers") }
	s := b.turn()
	if s.Problem == nil || s.Problem.Code != WrongClock || len(b.shown) != 0 {
		t.Fatalf("%+v", s)
	}
	b.Ready = func(context.Context) error { return nil }
	b.pass(2 * time.Minute)
	b.turn()
	b.wantNames("mail.example.test")
}

// People may ask for a new one, but not for a seventh of the same week.
func TestRequest(t *testing.T) {
	t.Parallel()
	b := newBox(t, acmetest.Options{Reuse: 100}, "mail.example.test")
	b.turn()
	first := b.shown[0].Leaf
	request := func() {
		if err := Request(t.Context(), b.Cache, b.now()); err != nil {
			t.Fatal(err)
		}
		b.turn()
	}
	request()
	if b.shown[0].Leaf.SerialNumber.Cmp(first.SerialNumber) != 0 {
		t.Error("a fresh certificate was renewed")
	}
	b.pass(48 * time.Hour)
	request()
	second := b.shown[0].Leaf
	if second.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Errorf("not renewed: %+v %v", b.state, b.state.Problem)
	}
	b.turn()
	if b.shown[0].Leaf.SerialNumber.Cmp(second.SerialNumber) != 0 {
		t.Error("renewed again unasked")
	}
}
