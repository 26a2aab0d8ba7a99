package outbound

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"buzon/internal/dns"
	"buzon/internal/message"
	"buzon/internal/smtpclient"
)

var epoch = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is a small internet: names, and servers that are dialled by the addresses of the names.
type world struct {
	t   *testing.T
	dns *dns.Map
	s   *Sender
	ca  *authority
	mu  sync.Mutex

	listeners map[string]string // "192.0.2.1:25": where it is really
	dialled   []string
	now       time.Time
	results   []TLSResult
	levels    map[string]seenLevel
	kept      map[string]STSPolicy
	chosen    []Choice
}

type seenLevel struct {
	level TLSLevel
	at    time.Time
}

func newWorld(t *testing.T, zone string) *world {
	t.Helper()
	w := &world{t: t, dns: dns.NewMap(zone), ca: newAuthority(t, "Test CA"), listeners: map[string]string{}, now: epoch,
		levels: map[string]seenLevel{}, kept: map[string]STSPolicy{}}
	w.s = &Sender{
		Resolver: w.dns, Dial: w.dial, Roots: w.ca.pool(),
		Hello:    func(context.Context) string { return "mail.home.example" },
		Settings: func() Options { return Options{Way: WayDirect} },
		Report:   func(_ context.Context, r TLSResult) { w.mu.Lock(); w.results = append(w.results, r); w.mu.Unlock() },
		Chosen:   func(_ context.Context, c Choice) { w.chosen = append(w.chosen, c) },
		Here:     netip.Addr.IsLoopback, // the machine of the test may have any of our addresses
		Shuffle:  func(int, func(i, j int)) {},
		Now:      func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
		Timeouts: Timeouts{Connect: 5 * time.Second, Probe: 2 * time.Second},
		SMTP:     smtpclient.Timeouts{Greeting: 5 * time.Second, Command: 5 * time.Second, Quit: time.Second},
	}
	w.s.Levels.Get = func(_ context.Context, domain string) (TLSLevel, time.Time, error) {
		l := w.levels[domain]
		return l.level, l.at, nil
	}
	w.s.Levels.Keep = func(_ context.Context, domain string, level TLSLevel) error {
		w.levels[domain] = seenLevel{level, w.s.Now()}
		return nil
	}
	w.s.Policies.Get = func(_ context.Context, domain string) (STSPolicy, bool, error) {
		p, ok := w.kept[domain]
		return p, ok, nil
	}
	w.s.Policies.Keep = func(_ context.Context, p STSPolicy) error { w.kept[p.Domain] = p; return nil }
	return w
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	w.now = w.now.Add(d)
	w.mu.Unlock()
}

func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	w.dialled = append(w.dialled, address)
	real, ok := w.listeners[address]
	w.mu.Unlock()
	if !ok {
		return nil, errors.New("connection refused")
	}
	return (&net.Dialer{}).DialContext(ctx, network, real)
}

// serve answers at an address with port, each connection by f.
func (w *world) serve(address string, f func(net.Conn)) {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	var wg sync.WaitGroup
	w.t.Cleanup(func() { l.Close(); wg.Wait() })
	w.listeners[address] = l.Addr().String()
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(10 * time.Second))
				f(conn)
			})
		}
	})
}

// open gives a session that the test closes.
func (w *world) open(domain string) *Session {
	w.t.Helper()
	x, err := w.s.Open(w.t.Context(), domain)
	if err != nil {
		w.t.Fatalf("Open %s: %v", domain, err)
	}
	w.t.Cleanup(x.Close)
	return x
}

// refuse wants Open to fail with a reply that begins so.
func (w *world) refuse(domain, want string) *Error {
	w.t.Helper()
	x, err := w.s.Open(w.t.Context(), domain)
	if err == nil {
		x.Close()
		w.t.Fatalf("Open %s: a session with %s, want %s", domain, x.Host(), want)
	}
	var reply *message.Reply
	var told *Error
	if !errors.As(err, &reply) || !errors.As(err, &told) || !strings.HasPrefix(reply.Error(), want) {
		w.t.Fatalf("Open %s: %v, want %s", domain, err, want)
	}
	return told
}

// send sends a small mail and gives the replies.
func (w *world) send(x *Session, requireTLS bool) []message.Reply {
	w.t.Helper()
	body := "Subject: hello\r\n\r\nHello.\r\n"
	replies, err := x.Send(w.t.Context(), smtpclient.Mail{
		From: message.Address{Local: "ana", Domain: "home.example"}, RequireTLS: requireTLS,
		To:   []smtpclient.Recipient{{Address: message.Address{Local: "bob", Domain: "far.example"}}},
		Body: io.NewSectionReader(strings.NewReader(body), 0, int64(len(body))),
	})
	if err != nil {
		w.t.Fatalf("Send: %v", err)
	}
	return replies
}

// authority signs the certificates of a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t)}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true,
		NotBefore: epoch.AddDate(-1, 0, 0), NotAfter: epoch.AddDate(5, 0, 0), BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err == nil {
		a.cert, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// issue makes a server's certificate, valid until the time given, with the authority's own behind it.
func (a *authority) issue(until time.Time, names ...string) tls.Certificate {
	a.t.Helper()
	key := newKey(a.t)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: epoch.AddDate(-1, 0, 0), NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) good(names ...string) *tls.Certificate {
	c := a.issue(epoch.AddDate(1, 0, 0), names...)
	return &c
}

// tlsaRecord is a line of a zone.
func tlsaRecord(name string, usage, selector, matching int, data []byte) string {
	return fmt.Sprintf("%s TLSA %d %d %d %x\n", name, usage, selector, matching, data)
}

// quiet is a log that nobody reads.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
