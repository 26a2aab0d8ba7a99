package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"

	"buzon/internal/acme"
	"buzon/internal/acme/acmetest"
	"buzon/internal/dns"
	"buzon/internal/message"
	"buzon/internal/store"
	"buzon/internal/trust"
)

// certWorld is an authority beside an appliance, which is at 192.0.2.10 in the DNS of both.
type certWorld struct {
	*testAppliance
	clock   clock
	service *acmetest.Service
	zone    *dns.Map
}

// startCert starts both. The appliance has no domain yet, and the authority looks at its ports.
func startCert(t *testing.T) *certWorld {
	t.Helper()
	w := &certWorld{zone: dns.NewMap("")}
	w.testAppliance = startTest(t, w.clock.rules, func(o *options) {
		o.authority = func(all *trust.Options) {
			all.Off = false
			all.HTTP = &http.Client{Transport: (*lateTransport)(w)}
			all.Resolver = func() dns.Resolver { return w.zone }
			all.Dial = w.dialSelf
		}
	})
	w.service = acmetest.Start(t, acmetest.Options{HTTPPort: w.portOf("http"), TLSPort: w.portOf("https"), Reuse: 100})
	for _, s := range [][2]string{{"cert.directory", w.service.Directory}, {"cert.staging", w.service.Directory}, {"cert.profile", "default"}} {
		if err := w.store.Set(t.Context(), s[0], s[1]); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// lateTransport is the authority's client, which is known only once the authority runs.
type lateTransport certWorld

func (w *lateTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return w.service.Client.Transport.RoundTrip(r)
}

// dialSelf leads from inside to our own ports.
func (w *certWorld) dialSelf(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return (&net.Dialer{}).DialContext(ctx, network, w.addr(map[string]string{"80": "http", "443": "https"}[port]))
}

func (w *certWorld) portOf(service string) int {
	w.t.Helper()
	_, port, err := net.SplitHostPort(w.addr(service))
	n, err2 := strconv.Atoi(port)
	if err != nil || err2 != nil {
		w.t.Fatal(err, err2)
	}
	return n
}

// issued waits for a certificate other than the one before, and gives it.
func (w *certWorld) issued(before *x509.Certificate) *x509.Certificate {
	w.t.Helper()
	leaf := func() *x509.Certificate { return w.certs.Usual().Leaf }
	until(w.t, "there is a certificate of the authority", func() bool {
		return strings.Contains(leaf().Issuer.CommonName, "Pebble") && (before == nil || leaf().SerialNumber.Cmp(before.SerialNumber) != 0)
	})
	return leaf()
}

// trusting is a client that knows the authority and nobody else.
func (w *certWorld) trusting() *tls.Config {
	return &tls.Config{RootCAs: w.service.Roots(), ServerName: "mail.example.test"}
}

// A box with a name that leads to it has its certificate without a word from its owner, and shows it on every port.
func TestCertificateByItself(t *testing.T) {
	t.Parallel()
	w := startCert(t)
	w.zone.Add("mail.example.test A 192.0.2.10\nautoconfig.example.test A 192.0.2.10\nmta-sts.example.test A 192.0.2.99")
	if err := w.store.AddDomain(t.Context(), "example.test"); err != nil {
		t.Fatal(err)
	}
	leaf := w.issued(nil)
	if got := strings.Join(leaf.DNSNames, " "); got != "autoconfig.example.test mail.example.test" && got != "mail.example.test autoconfig.example.test" {
		t.Errorf("it is for %s", got)
	}
	for _, service := range []string{"smtps", "pop3s", "imaps", "https"} {
		conn, err := tls.Dial("tcp", w.addr(service), w.trusting())
		if err != nil {
			t.Errorf("%s: %v", service, err)
			continue
		}
		conn.Close()
	}
	for service, dialog := range map[string][2]string{
		"smtp": {"EHLO x\r\n", "STARTTLS\r\n"}, "submission": {"EHLO x\r\n", "STARTTLS\r\n"}, "pop3": {"", "STLS\r\n"}, "imap": {"", "a STARTTLS\r\n"},
	} {
		if err := w.upgrade(service, dialog); err != nil {
			t.Errorf("%s: %v", service, err)
		}
	}
	s, err := trust.Read(t.Context(), w.store)
	if err != nil || s.Origin != trust.FromAuthority {
		t.Errorf("status %+v, %v", s, err)
	}
	until(t, "the state tells who is left out", func() bool {
		s, err := trust.Read(t.Context(), w.store)
		return err == nil && len(s.State.Names) == 5 && s.State.Names[3].Problem != nil && s.State.Names[3].Problem.Code == acme.Elsewhere
	})
}

// upgrade is STARTTLS by hand: two lines and whatever is answered to them.
func (w *certWorld) upgrade(service string, dialog [2]string) error {
	conn, err := net.Dial("tcp", w.addr(service))
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 4096)
	for _, line := range dialog {
		if line == "" {
			continue
		}
		if _, err := conn.Read(b); err != nil { // the greeting, or the answer to the line before
			return err
		}
		if _, err := io.WriteString(conn, line); err != nil {
			return err
		}
	}
	if _, err := conn.Read(b); err != nil {
		return err
	}
	return tls.Client(conn, w.trusting()).Handshake()
}

// Renewal under load: sessions in IDLE stay and hear of mail, those that begin see the new certificate at once, and no
// handshake waits, not even while the authority says nothing.
func TestRenewalUnderLoad(t *testing.T) {
	t.Parallel()
	w := startCert(t)
	w.zone.Add("mail.example.test A 192.0.2.10")
	addAna(t, w.testAppliance)
	first := w.issued(nil)
	heard := make(chan bool, 100)
	for range 10 {
		c := imapClient(t, w.testAppliance, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
			Mailbox: func(*imapclient.UnilateralDataMailbox) { heard <- true },
		}})
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			t.Fatal(err)
		}
		idle, err := c.Idle()
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
	}
	load := w.shakeHands()
	w.service.Stop() // for a while it is silent
	w.clock.ahead.Store(int64(61 * 24 * time.Hour))
	if err := trust.Renew(t.Context(), w.store, w.now()); err != nil {
		t.Fatal(err)
	}
	until(t, "the authority was missed", func() bool {
		s, err := trust.Read(t.Context(), w.store)
		return err == nil && s.State.Problem != nil && s.State.Problem.Code == acme.ServiceDown
	})
	w.service.Resume()
	if err := trust.Renew(t.Context(), w.store, w.now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	second := w.issued(first)
	load.end(t)
	conn, err := tls.Dial("tcp", w.addr("imaps"), w.trusting())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if conn.ConnectionState().PeerCertificates[0].SerialNumber.Cmp(second.SerialNumber) != 0 {
		t.Error("a new connection sees the old certificate")
	}
	deliverToAna(t, w.testAppliance)
	for range 10 {
		select {
		case <-heard:
		case <-time.After(20 * time.Second):
			t.Fatal("a session in IDLE did not hear of the mail")
		}
	}
}

// load is clients that begin sessions, one after the other, until told to end.
type load struct {
	stop    chan struct{}
	running sync.WaitGroup
	slowest atomic.Int64
	failed  atomic.Pointer[error]
	count   atomic.Int64
}

// handshakeTime is what a handshake may take on a busy machine with the race detector on. One that waited for the
// authority would wait for minutes.
const handshakeTime = 5 * time.Second

func (w *certWorld) shakeHands() *load {
	l := &load{stop: make(chan struct{})}
	for range 4 {
		l.running.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				begun := time.Now()
				conn, err := tls.Dial("tcp", w.addr("imaps"), &tls.Config{InsecureSkipVerify: true, ServerName: "mail.example.test"})
				if err != nil {
					l.failed.Store(&err)
					return
				}
				conn.Close()
				l.count.Add(1)
				l.slowest.Store(max(l.slowest.Load(), int64(time.Since(begun))))
			}
		})
	}
	return l
}

func (l *load) end(t *testing.T) {
	t.Helper()
	close(l.stop)
	l.running.Wait()
	if err := l.failed.Load(); err != nil {
		t.Errorf("a handshake failed: %v", *err)
	}
	if slow := time.Duration(l.slowest.Load()); slow > handshakeTime {
		t.Errorf("a handshake took %v", slow)
	}
	t.Logf("%d handshakes, the slowest took %v", l.count.Load(), time.Duration(l.slowest.Load()))
}

// addAna gives a running appliance its domain and a person.
func addAna(t *testing.T, a *testAppliance) {
	t.Helper()
	if err := a.store.AddDomain(t.Context(), "example.test"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.store.AddAccount(t.Context(), message.Address{Local: "ana", Domain: "example.test"}, "secret"); err != nil {
		t.Fatal(err)
	}
}

func deliverToAna(t *testing.T, a *testAppliance) {
	t.Helper()
	ana, err := a.store.Account(t.Context(), message.Address{Local: "ana", Domain: "example.test"})
	if err != nil {
		t.Fatal(err)
	}
	const text = "From: luis@example.test\r\nSubject: hola\r\n\r\nhola\r\n"
	body := io.NewSectionReader(strings.NewReader(text), 0, int64(len(text)))
	if err := a.store.Accept(t.Context(), store.Incoming{Body: body, Deliver: []store.Delivery{{Account: ana.ID}}}); err != nil {
		t.Fatal(err)
	}
}
