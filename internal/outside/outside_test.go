package outside

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// eye is a checker and the home that it looks at.
type eye struct {
	*Server
	mu      sync.Mutex
	homes   map[int]string // our ports on loopback
	dialled []string
	now     time.Time
}

func newEye(t *testing.T) *eye {
	t.Helper()
	e := &eye{homes: map[int]string{}, now: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)}
	e.Server = &Server{Log: slog.New(slog.DiscardHandler), Now: func() time.Time { e.mu.Lock(); defer e.mu.Unlock(); return e.now }, Dial: e.dial}
	return e
}

func (e *eye) dial(ctx context.Context, network, address string) (net.Conn, error) {
	to := netip.MustParseAddrPort(address)
	e.mu.Lock()
	e.dialled = append(e.dialled, address)
	home, ok := e.homes[int(to.Port())]
	e.mu.Unlock()
	switch {
	case ok:
		return (&net.Dialer{}).DialContext(ctx, "tcp", home)
	case to.Port() == 80:
		return nil, &net.OpError{Op: "dial", Net: network, Err: context.DeadlineExceeded}
	}
	return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
}

// home puts a server at a port of the home.
func (e *eye) home(t *testing.T, port int, serve func(net.Conn)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	e.homes[port] = l.Addr().String()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); serve(conn) }()
		}
	}()
}

// ask is a request from an address of the world.
func (e *eye) ask(from, target string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(from), 40000).String()
	r.Header.Set("X-Forwarded-For", "192.0.2.200")
	w := httptest.NewRecorder()
	e.Handler().ServeHTTP(w, r)
	return w
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		DNSNames: []string{"mail.example.org"}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// mail is a mail server as far as an eye looks.
func mail(cert tls.Certificate) func(net.Conn) {
	return func(c net.Conn) {
		io.WriteString(c, "220 mail.example.org ESMTP \x1b[31mhello\r\n")
		in := bufio.NewReader(c)
		for {
			command, err := in.ReadString('\n')
			if err != nil {
				return
			}
			if strings.HasPrefix(command, "STARTTLS") {
				io.WriteString(c, "220 go\r\n")
				tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}}).Handshake()
				return
			}
			io.WriteString(c, "250-mail.example.org\r\n250 STARTTLS\r\n")
		}
	}
}

func TestLook(t *testing.T) {
	t.Parallel()
	e := newEye(t)
	cert, roots := certificate(t)
	e.Roots = roots
	e.home(t, 25, mail(cert))
	e.home(t, 993, func(c net.Conn) {
		s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
		io.WriteString(s, "* OK hello\r\n")
	})
	e.home(t, 465, func(c net.Conn) { io.WriteString(c, "220 this is no TLS\r\n") })
	w := e.ask("198.51.100.7", "/look?port=25&port=80&port=443&port=465&port=993&port=993&port=22&port=x&name=mail.example.org")
	if w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	a, err := ParseAnswer(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if a.Address.String() != "198.51.100.7" || len(a.Ports) != 5 {
		t.Errorf("%+v", a)
	}
	for _, c := range []struct {
		port            int
		state, greeting string
		tls             bool
	}{
		{25, Open, "220 mail.example.org ESMTP [31mhello", true},
		{80, Silent, "", false},
		{443, Closed, "", false},
		{465, Open, "", false},
		{993, Open, "* OK hello", true},
		{587, Silent, "", false}, // not asked for
	} {
		p := a.Find(c.port)
		if p.State != c.state || p.Greeting != c.greeting || (p.TLS != nil) != c.tls {
			t.Errorf("%d: %+v", c.port, p)
		}
		if p.TLS != nil && (!p.TLS.Trusted || !slices.Equal(p.TLS.Names, []string{"mail.example.org"}) || p.TLS.Until.Year() != 2027) {
			t.Errorf("%d: %+v", c.port, p.TLS)
		}
	}
	// Nobody was looked at but who asked.
	for _, address := range e.dialled {
		if !strings.HasPrefix(address, "198.51.100.7:") || strings.HasSuffix(address, ":22") {
			t.Errorf("dialled %s", address)
		}
	}
}

// Another name than the certificate's is not believed, nor is one that no authority vouches for.
func TestTrust(t *testing.T) {
	t.Parallel()
	cert, roots := certificate(t)
	for name, c := range map[string]struct {
		roots *x509.CertPool
		ask   string
		want  bool
	}{
		"believed":      {roots, "mail.example.org", true},
		"another name":  {roots, "mail.example.net", false},
		"no name":       {roots, "", false},
		"an odd name":   {roots, "mail.example.org%0d%0aX", false},
		"no authority":  {x509.NewCertPool(), "mail.example.org", false},
		"a long name":   {roots, strings.Repeat("a", 300), false},
		"a capital one": {roots, "MAIL.example.org", false},
	} {
		e := newEye(t)
		e.Roots = c.roots
		e.home(t, 443, func(conn net.Conn) { tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}}).Handshake() })
		a, err := ParseAnswer(e.ask("198.51.100.7", "/look?port=443&name="+c.ask).Body.Bytes())
		if err != nil || a.Find(443).TLS == nil || a.Find(443).TLS.Trusted != c.want {
			t.Errorf("%s: %+v %v", name, a, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	e := newEye(t)
	for target, want := range map[string]int{
		"/":                 http.StatusNotFound,
		"/look":             http.StatusBadRequest,
		"/look?port=22":     http.StatusBadRequest,
		"/look?port=25&x=y": http.StatusOK,
	} {
		if w := e.ask("198.51.100.7", target); w.Code != want {
			t.Errorf("%s: %d, want %d", target, w.Code, want)
		}
	}
	for _, from := range []string{"127.0.0.1", "192.168.1.2", "100.64.0.1", "::1", "fd00::1", "::ffff:10.0.0.1"} {
		if w := e.ask(from, "/look?port=25"); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d", from, w.Code)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/look?port=25", nil)
	r.RemoteAddr = "198.51.100.7:1"
	w := httptest.NewRecorder()
	e.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusNotFound {
		t.Errorf("POST: %d", w.Code)
	}
}

// An address that asks on and on is told to wait; another is served meanwhile, and itself later.
func TestRate(t *testing.T) {
	t.Parallel()
	e := newEye(t)
	const target = "/look?port=25"
	for i := range perMinute {
		if w := e.ask("198.51.100.7", target); w.Code != http.StatusOK {
			t.Fatalf("request %d: %d", i, w.Code)
		}
	}
	if w := e.ask("198.51.100.7", target); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many: %d", w.Code)
	}
	if w := e.ask("198.51.100.8", target); w.Code != http.StatusOK {
		t.Errorf("another: %d", w.Code)
	}
	// The addresses of one customer of IPv6 are one.
	for i := range perMinute + 1 {
		w := e.ask(fmt.Sprintf("2001:db8:1:1::%d", i+1), target)
		if want := i == perMinute; (w.Code == http.StatusTooManyRequests) != want {
			t.Errorf("IPv6 %d: %d", i, w.Code)
		}
	}
	e.mu.Lock()
	e.now = e.now.Add(time.Minute)
	e.mu.Unlock()
	if w := e.ask("198.51.100.7", target); w.Code != http.StatusOK {
		t.Errorf("later: %d", w.Code)
	}
}

// Looks at once are capped, whoever asks, and one of each address goes on at a time.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	e := newEye(t)
	hold := make(chan struct{})
	var under sync.WaitGroup
	e.Dial = func(context.Context, string, string) (net.Conn, error) {
		under.Done()
		<-hold
		return nil, syscall.ECONNREFUSED
	}
	var all sync.WaitGroup
	for i := range atOnce {
		under.Add(1)
		all.Go(func() { e.ask(fmt.Sprintf("198.51.100.%d", i+1), "/look?port=25") })
	}
	under.Wait()
	for _, from := range []string{"198.51.100.1", "198.51.100.99"} {
		if w := e.ask(from, "/look?port=25"); w.Code != http.StatusTooManyRequests {
			t.Errorf("%s: %d", from, w.Code)
		}
	}
	close(hold)
	all.Wait()
	under.Add(1)
	if w := e.ask("198.51.100.99", "/look?port=25"); w.Code != http.StatusOK {
		t.Errorf("after: %d", w.Code)
	}
}

func TestClient(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"good":  `{"address":"198.51.100.7","ports":[{"port":25,"state":"open","greeting":"220 \u001b[31mhi"},{"port":22,"state":"open"},{"port":80,"state":"odd"}]}`,
		"empty": `{}`, "none": "nonsense",
	}
	var asked []string
	mux := http.NewServeMux()
	mux.HandleFunc("/look", func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Query().Get("name")
		asked = append(asked, r.URL.RawQuery)
		switch name {
		case "often":
			w.WriteHeader(http.StatusTooManyRequests)
		case "away":
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		default:
			io.WriteString(w, answers[name])
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	var networks []string
	c := Client{Address: "eye.example:8025", Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		networks = append(networks, network+" "+address)
		return (&net.Dialer{}).DialContext(ctx, "tcp", server.Listener.Addr().String())
	}}
	a, err := c.Look(t.Context(), "tcp6", "good", []int{25, 80})
	if err != nil || len(a.Ports) != 1 || a.Find(25).Greeting != "220 [31mhi" || a.Find(22).State != Silent {
		t.Errorf("%+v %v", a, err)
	}
	if !slices.Equal(networks, []string{"tcp6 eye.example:8025"}) || !slices.Equal(asked, []string{"name=good&port=25&port=80"}) {
		t.Errorf("%v %v", networks, asked)
	}
	for _, name := range []string{"empty", "none", "away"} {
		if a, err := c.Look(t.Context(), "tcp4", name, Ports()); err == nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if _, err := c.Look(t.Context(), "tcp4", "often", Ports()); !errors.Is(err, ErrTooOften) {
		t.Errorf("%v", err)
	}
}

// Client and checker over a real connection understand each other.
func TestTogether(t *testing.T) {
	t.Parallel()
	e := newEye(t)
	e.Allow = netip.Addr.IsLoopback
	e.home(t, 25, func(c net.Conn) { io.WriteString(c, "554 go away\r\n") })
	server := httptest.NewServer(e.Handler())
	t.Cleanup(server.Close)
	a, err := Client{Address: server.Listener.Addr().String()}.Look(t.Context(), "tcp4", "mail.example.org", []int{25, 443})
	if err != nil || a.Address.String() != "127.0.0.1" || a.Find(25).Greeting != "554 go away" || a.Find(443).State != Closed {
		t.Errorf("%+v %v", a, err)
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte(`{"address":"198.51.100.7","ports":[{"port":25,"state":"open","greeting":"220 hi","tls":{"names":["a"],"until":"2027-01-01T00:00:00Z"}}]}`))
	f.Add([]byte(`{"address":"::ffff:198.51.100.7","ports":[{"port":25,"state":"closed"},{"port":25,"state":"open"}]}`))
	f.Add([]byte(`{"address":"","ports":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := ParseAnswer(text)
		if err != nil {
			return
		}
		if !a.Address.IsValid() || a.Address.Is4In6() || len(a.Ports) > len(Ports()) {
			t.Errorf("%+v", a)
		}
		again, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseAnswer(again); err != nil {
			t.Errorf("%s: %v", again, err)
		}
		for _, p := range a.Ports {
			if strings.ContainsFunc(p.Greeting, func(c rune) bool { return c < ' ' || c > '~' }) {
				t.Errorf("%q", p.Greeting)
			}
		}
	})
}

// FuzzTalk is whatever a server may say before TLS.
func FuzzTalk(f *testing.F) {
	f.Add([]byte("220 hi\r\n250-a\r\n250 b\r\n220 go\r\n"))
	f.Add([]byte("220 hi\r\n250"))
	f.Add([]byte(strings.Repeat("2", 5000)))
	f.Fuzz(func(t *testing.T, talk []byte) {
		here, there := net.Pipe()
		go io.Copy(io.Discard, there)
		go func() { there.Write(talk); there.Close() }()
		defer here.Close()
		here.SetDeadline(time.Now().Add(5 * time.Second))
		s := &Server{Now: time.Now}
		greeting, shown := s.startTLS(t.Context(), here, "mail.example.org")
		if len(greeting) > maxLine || shown != nil {
			t.Errorf("%q %+v", greeting, shown)
		}
	})
}
