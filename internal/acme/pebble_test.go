package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"buzon/internal/acme/acmetest"
	"buzon/internal/dns"
)

// TestMain runs many at once: they wait for the authority, not for the processor.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "10"); err != nil {
		panic(err) // cannot be: every test binary has it
	}
	m.Run()
}

// box is a Manager with all that it needs: an authority, the two ports, a DNS, a clock that can be put forward.
type box struct {
	*Manager
	t        *testing.T
	service  *acmetest.Service
	zone     *dns.Map
	settings Settings
	names    []Name
	ahead    atomic.Int64
	ports    map[string]string // of ours: where 80 and 443 are
	mu       sync.Mutex
	shown    []*tls.Certificate
}

// here is the address of the house in DNS.
const here = "192.0.2.10"

func newBox(t *testing.T, o acmetest.Options, names ...string) *box {
	t.Helper()
	b := &box{t: t, zone: dns.NewMap(""), ports: map[string]string{}}
	for i, name := range names {
		b.names = append(b.names, Name{Name: name, Main: i == 0})
		b.zone.Add(name + " A " + here)
	}
	answers := &Answers{}
	o.HTTPPort, o.TLSPort = b.serveHTTP(answers), b.serveTLS(answers)
	b.service = acmetest.Start(t, o)
	b.settings = Settings{Way: HTTP, Profile: "default", Directory: b.service.Directory, Staging: b.service.Directory}
	b.Manager = New(Options{
		Cache: autocert.DirCache(t.TempDir()), Settings: func() Settings { return b.settings },
		Names:    func(context.Context) ([]Name, error) { return b.names, nil },
		Here:     func() []netip.Addr { return nil },
		Resolver: func() dns.Resolver { return b.zone },
		Seen:     func(context.Context, string, string) (bool, error) { return true, nil },
		Answers:  answers, Show: b.show, Ready: func(context.Context) error { return nil },
		HTTP: b.service.Client, Dial: b.dial, Now: b.now, Random: func() float64 { return 0.5 },
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	return b
}

func (b *box) now() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }

func (b *box) pass(d time.Duration) { b.ahead.Add(int64(d)) }

func (b *box) show(certs []*tls.Certificate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shown = certs
}

func (b *box) serveHTTP(a *Answers) (port int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	server := &http.Server{Handler: a}
	go server.Serve(l)
	b.t.Cleanup(func() { server.Close() })
	b.ports["80"] = l.Addr().String()
	return l.Addr().(*net.TCPAddr).Port
}

func (b *box) serveTLS(a *Answers) (port int) {
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		NextProtos: []string{ALPN},
		GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
			cert, ok, err := a.Certificate(h)
			if !ok {
				err = errors.New("no challenge")
			}
			return cert, err
		},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	server := &http.Server{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go server.Serve(l)
	b.t.Cleanup(func() { server.Close() })
	b.ports["443"] = l.Addr().String()
	return l.Addr().(*net.TCPAddr).Port
}

// dial leads from inside to our own ports.
func (b *box) dial(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return (&net.Dialer{}).DialContext(ctx, network, b.ports[port])
}

// turn is one round as Run makes it.
func (b *box) turn() State {
	b.t.Helper()
	b.round(b.t.Context())
	return b.state
}

// wantNames checks which names the certificate shown has.
func (b *box) wantNames(names ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.shown) == 0 {
		if len(names) > 0 {
			b.t.Fatalf("no certificate; %+v %v", b.state, b.state.Problem)
		}
		return
	}
	leaf := b.shown[0].Leaf
	if len(leaf.DNSNames) != len(names) {
		b.t.Errorf("the certificate has %q, want %q", leaf.DNSNames, names)
	}
	for _, name := range names {
		if err := leaf.VerifyHostname(name); err != nil {
			b.t.Error(err)
		}
	}
}

// First issue by the ways that need a port.
func TestFirstCertificate(t *testing.T) {
	t.Parallel()
	for _, way := range []Way{HTTP, TLSALPN, Auto} {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			b := newBox(t, acmetest.Options{BadNonces: 20, Reuse: 50}, "mail.example.test", "autoconfig.example.test")
			b.settings.Way = way
			s := b.turn()
			b.wantNames("mail.example.test", "autoconfig.example.test")
			if s.Problem != nil || s.Failures != 0 || s.Renewal.At.Before(b.now().AddDate(0, 0, 50)) {
				t.Errorf("%+v", s)
			}
		})
	}
}
