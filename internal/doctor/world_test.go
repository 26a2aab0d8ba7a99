package doctor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"buzon/internal/dns"
	"buzon/internal/finding"
	"buzon/internal/keyring"
	"buzon/internal/sending"
	"buzon/internal/store"
	"buzon/internal/text"
	"buzon/internal/zone"
)

var epoch = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// ourAddress and its friends are of the world of these tests. They are public ones by the rules, of ranges that we never
// reach: every connection is made by the world.
var (
	ourAddress = netip.MustParseAddr("198.51.100.7")
	theHost    = "mail.example.org"
)

// world is a box, the DNS and the servers that it can reach.
type world struct {
	t     *testing.T
	zone  *dns.Map
	store *store.Store
	d     *Doctor
	roots *x509.CertPool
	cert  tls.Certificate
	pages map[string]string // "host/path" that the site serves

	mu    sync.Mutex
	ports map[string]string // address in the world, or ":25" of ours, to the one on loopback
	now   time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, zone: dns.NewMap(""), ports: map[string]string{}, now: epoch, pages: map[string]string{}}
	file := filepath.Join(t.TempDir(), "home.db")
	w.must(os.WriteFile(file, template(), 0o600))
	st, err := store.Open(t.Context(), file, store.Options{Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	w.store = st
	w.cert, w.roots = newCert(t)
	s, err := sending.New(t.Context(), sending.Options{
		Store: st, Name: func() string { return theHost }, Log: slog.New(slog.DiscardHandler), Now: w.clock, Dir: t.TempDir(),
		Resolver: w.zone, Dial: w.dial, Roots: w.roots, Here: func(netip.Addr) bool { return false }, Probes: []string{"probe.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.d = New(Options{
		Store: st, Sending: s, Name: func() string { return theHost }, Folder: t.TempDir(), Now: w.clock,
		Resolver: func() dns.Resolver { return w.zone }, Dial: w.dial, Here: w.here, Roots: w.roots,
		Addresses: func() []netip.Addr { return []netip.Addr{ourAddress} },
		Router:    func(context.Context) (netip.Addr, error) { return netip.Addr{}, errors.New("silent") },
		Whole:     20 * time.Second,
	})
	return w
}

// template is the file of a box with a domain and its keys, which take a while to make.
var template = sync.OnceValue(func() []byte {
	folder, err := os.MkdirTemp("", "buzon-doctor-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	ctx, path := context.Background(), filepath.Join(folder, "home.db")
	now := func() time.Time { return epoch }
	st, err := store.Open(ctx, path, store.Options{Now: now})
	if err == nil {
		err = errors.Join(st.AddDomain(ctx, "example.org"), st.Set(ctx, "server.name", theHost),
			keyring.Ring{Store: st, Now: now}.EnsureKeys(ctx, "example.org"), st.Backup(ctx, path+".copy"), st.Close())
	}
	content, errRead := os.ReadFile(path + ".copy")
	if err = errors.Join(err, errRead); err != nil {
		panic(err)
	}
	return content
})

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) clock() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) set(key, value string) { w.t.Helper(); w.must(w.store.Set(w.t.Context(), key, value)) }

func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	to, ok := w.ports[address]
	w.mu.Unlock()
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("refused in this world: " + address)}
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", to)
}

// here leads to our own services.
func (w *world) here(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return w.dial(ctx, network, ":"+port)
}

// listen puts a server at an address of the world; ":25" is ours.
func (w *world) listen(address string, serve func(net.Conn)) {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	w.t.Cleanup(func() { l.Close() })
	w.mu.Lock()
	w.ports[address] = l.Addr().String()
	w.mu.Unlock()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(10 * time.Second))
				serve(conn)
			}()
		}
	}()
}

// publish adds all the records of the domain to DNS, and the addresses and names that a host has for mail.
func (w *world) publish() {
	w.t.Helper()
	e, err := w.d.newExam(w.t.Context())
	w.must(err)
	facts, err := e.facts["example.org"]()
	w.must(err)
	list, err := zone.Records(facts)
	w.must(err)
	for _, r := range list {
		value := r.Value
		if r.Type == "TXT" {
			value = quoted(value)
		}
		w.zone.Add(r.Name + ". " + r.Type + " " + value)
	}
	w.zone.Add("7.100.51.198.in-addr.arpa. PTR mail.example.org.")
}

// quoted is a text in the strings of at most 255 octets that a zone has.
func quoted(s string) string {
	var b strings.Builder
	for len(s) > 200 {
		b.WriteString(`"` + s[:200] + `" `)
		s = s[200:]
	}
	b.WriteString(`"` + s + `"`)
	return b.String()
}

// serve puts up all our services, which do as ours do.
func (w *world) serve() {
	for _, port := range []string{":25", ":587"} {
		w.listen(port, func(c net.Conn) { mailServer(c, func(string) string { return "550 5.7.1 not for strangers" }) })
	}
	site := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		page, ok := w.pages[r.Host+r.URL.Path]
		w.mu.Unlock()
		if !ok {
			http.NotFound(rw, r)
			return
		}
		io.WriteString(rw, page)
	})
	for _, port := range []string{":443", ":465", ":993"} {
		w.listen(port, func(c net.Conn) { w.tlsServer(c, site) })
	}
	w.listen(":80", func(net.Conn) {})
	w.page("mta-sts.example.org/.well-known/mta-sts.txt", zone.Policy(theHost, false))
	w.page("autoconfig.example.org/mail/config-v1.1.xml", "<hostname>mail.example.org</hostname>")
}

// page puts one on our site.
func (w *world) page(address, text string) { w.mu.Lock(); defer w.mu.Unlock(); w.pages[address] = text }

func (w *world) tlsServer(c net.Conn, site http.Handler) {
	w.mu.Lock()
	cert := w.cert
	w.mu.Unlock()
	server := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
	if server.Handshake() != nil {
		return
	}
	one := &oneConn{conn: server, closed: make(chan struct{})}
	http.Serve(one, site)
}

// oneConn is a listener that has one connection.
type oneConn struct {
	conn   net.Conn
	once   sync.Once
	given  bool
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if !l.given {
		l.given = true
		return &closing{l.conn, func() { l.once.Do(func() { close(l.closed) }) }}, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}
func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return l.conn.LocalAddr() }

type closing struct {
	net.Conn
	tell func()
}

func (c *closing) Close() error { c.tell(); return c.Conn.Close() }

// mailServer answers recipients as told, and everything else with yes.
func mailServer(c net.Conn, recipient func(line string) string) {
	io.WriteString(c, "220 mail.example.org ESMTP\r\n")
	buffer := make([]byte, 1024)
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		line := strings.TrimSpace(string(buffer[:n]))
		reply := "250 ok"
		switch {
		case strings.HasPrefix(line, "RCPT"):
			reply = recipient(line)
		case strings.HasPrefix(line, "QUIT"):
			io.WriteString(c, "221 bye\r\n")
			return
		}
		if _, err := io.WriteString(c, reply+"\r\n"); err != nil {
			return
		}
	}
}

// newCert makes a certificate for all our names by an authority of its own.
func newCert(t *testing.T, names ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: theHost}, NotBefore: epoch.Add(-time.Hour), NotAfter: epoch.AddDate(0, 3, 0),
		DNSNames: append(names, theHost, "mta-sts.example.org", "autoconfig.example.org", "autodiscover.example.org"),
		IsCA:     true, BasicConstraintsValid: true,
	}
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
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: parsed}, pool
}

// look makes one check of the table.
func (w *world) look(name string) Finding {
	w.t.Helper()
	e, err := w.d.newExam(w.t.Context())
	w.must(err)
	for _, t := range e.tasks(checks()) {
		if t.name == name {
			f := e.make(w.t.Context(), t)
			checkWords(w.t, f)
			return f
		}
	}
	w.t.Fatalf("there is no check %q", name)
	return Finding{}
}

// checkWords: whatever is found is a whole sentence in each language, and what is not well has a cure.
func checkWords(t *testing.T, f Finding) {
	t.Helper()
	for _, lang := range text.Languages() {
		words := text.Load(lang)
		for _, p := range []Phrase{f.Reason, f.Cure} {
			if said := p.In(words); strings.ContainsAny(said, "{}") || said == p.Key && p.Key != "" {
				t.Errorf("%s: %q of %+v", lang, said, p)
			}
		}
	}
	if f.Reason.Key == "" || (f.Cure.Key == "") != (f.Verdict == finding.Pass) {
		t.Errorf("%+v: a reason, and a cure where there is something to cure", f)
	}
}

// expect is a step of a table: a world is changed, and a check says something else.
type expect struct {
	name    string
	change  func(w *world)
	check   string
	verdict Verdict
	reason  string // key
}

// run makes each step in a world of its own in which everything is well before.
func run(t *testing.T, table []expect) {
	for _, x := range table {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.serve()
			w.publish()
			if x.change != nil {
				x.change(w)
			}
			if f := w.look(x.check); f.Verdict != x.verdict || f.Reason.Key != x.reason {
				t.Errorf("%s: got %s %s %v, want %s %s", x.check, f.Verdict, f.Reason.Key, f.Reason.Args, x.verdict, x.reason)
			}
		})
	}
}
