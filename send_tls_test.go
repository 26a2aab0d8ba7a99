package main

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"net/mail"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"buzon/internal/store"
)

// authority is one that the world trusts. The certificates of a test are valid whatever its clock says.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{}
	a.cert, a.key = a.sign(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// sign makes a certificate, which is its own authority where there is none yet.
func (a *authority) sign(t testing.TB, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template.SerialNumber = must[*big.Int](t)(rand.Int(rand.Reader, big.NewInt(1<<62)))
	template.NotBefore, template.NotAfter = time.Unix(0, 0), time.Unix(1<<33, 0)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer))
	return must[*x509.Certificate](t)(x509.ParseCertificate(der)), key
}

// names makes a server's certificate.
func (a *authority) names(t testing.TB, names ...string) *tls.Certificate {
	t.Helper()
	leaf, key := a.sign(t, &x509.Certificate{DNSNames: names, KeyUsage: x509.KeyUsageDigitalSignature})
	return &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// withPolicy publishes an MTA-STS policy of a domain.
func (w world) withPolicy(domain, mode, mx string) world {
	w.Zone += fmt.Sprintf("\n_mta-sts.%s TXT \"v=STSv1; id=1\"", domain)
	policies := map[string]string{
		"https://mta-sts." + domain + "/.well-known/mta-sts.txt": "version: STSv1\nmode: " + mode + "\nmx: " + mx + "\nmax_age: 604800\n",
	}
	for url, text := range w.STS {
		policies[url] = text
	}
	w.STS = policies
	return w
}

// withTLSA publishes the digest of a server's key (RFC 7672 §3.1.1), for mail to the domain.
func (w world) withTLSA(host string, cert *tls.Certificate) world {
	digest := sha256.Sum256(cert.Leaf.RawSubjectPublicKeyInfo)
	w.Zone += fmt.Sprintf("\n_25._tcp.%s TLSA 3 1 1 %x", host, digest)
	return w
}

// TestSendTLS is about servers as safe as they are, and as safe as their domain says.
func TestSendTLS(t *testing.T) {
	t.Parallel()
	trusted, stranger := newAuthority(t), newAuthority(t)
	good := func(domain string) *tls.Certificate { return trusted.names(t, "mx."+domain) }
	wrong := func(string) *tls.Certificate { return trusted.names(t, "mx.other.test") }
	unknown := func(domain string) *tls.Certificate { return stranger.names(t, "mx."+domain) }
	cases := []struct {
		domain  string
		cert    func(domain string) *tls.Certificate // nil: no STARTTLS
		publish func(w world, cert *tls.Certificate) world
		tls     string // in the history; "" in the clear
		waits   string // else: the reason why it waits
		result  string // counted for the domain's report
	}{
		// No policy: whatever there is.
		{domain: "plain.test", result: "starttls-not-supported"},
		{domain: "good.test", cert: good, tls: "TLS 1.3, verified"},
		{domain: "unknown.test", cert: unknown, tls: "TLS 1.3, unverified"},
		// RFC 8461.
		{domain: "sts-good.test", cert: good, tls: "TLS 1.3, MTA-STS", publish: func(w world, _ *tls.Certificate) world {
			return w.withPolicy("sts-good.test", "enforce", "*.sts-good.test")
		}},
		{domain: "sts-name.test", cert: wrong, waits: "mx.other.test", result: "certificate-host-mismatch",
			publish: func(w world, _ *tls.Certificate) world {
				return w.withPolicy("sts-name.test", "enforce", "mx.sts-name.test")
			}},
		{domain: "sts-unknown.test", cert: unknown, waits: "unknown authority", result: "certificate-not-trusted",
			publish: func(w world, _ *tls.Certificate) world {
				return w.withPolicy("sts-unknown.test", "enforce", "mx.sts-unknown.test")
			}},
		{domain: "sts-plain.test", waits: "does not offer STARTTLS", result: "starttls-not-supported",
			publish: func(w world, _ *tls.Certificate) world {
				return w.withPolicy("sts-plain.test", "enforce", "mx.sts-plain.test")
			}},
		{domain: "sts-mx.test", cert: good, waits: "does not name this server", result: "validation-failure",
			publish: func(w world, _ *tls.Certificate) world {
				return w.withPolicy("sts-mx.test", "enforce", "mx.somewhere.test")
			}},
		{domain: "sts-try.test", cert: wrong, tls: "TLS 1.3, unverified", result: "certificate-host-mismatch",
			publish: func(w world, _ *tls.Certificate) world {
				return w.withPolicy("sts-try.test", "testing", "mx.sts-try.test")
			}},
		{domain: "sts-try-plain.test", result: "starttls-not-supported",
			publish: func(w world, _ *tls.Certificate) world {
				return w.withPolicy("sts-try-plain.test", "testing", "mx.sts-try-plain.test")
			}},
		// RFC 7672. A certificate that DANE vouches for needs no authority.
		{domain: "dane.test", cert: unknown, tls: "TLS 1.3, DANE", publish: func(w world, cert *tls.Certificate) world {
			w.Secure = append(w.Secure, "dane.test")
			return w.withTLSA("mx.dane.test", cert)
		}},
		{domain: "dane-other.test", cert: good, waits: "no TLSA record matches", result: "validation-failure",
			publish: func(w world, _ *tls.Certificate) world {
				w.Secure = append(w.Secure, "dane-other.test")
				return w.withTLSA("mx.dane-other.test", good("dane-other.test")) // of another key
			}},
		{domain: "dane-plain.test", waits: "does not offer STARTTLS", result: "starttls-not-supported",
			publish: func(w world, _ *tls.Certificate) world {
				w.Secure = append(w.Secure, "dane-plain.test")
				return w.withTLSA("mx.dane-plain.test", good("dane-plain.test"))
			}},
		{domain: "dane-unsigned.test", cert: unknown, tls: "TLS 1.3, unverified", publish: func(w world, _ *tls.Certificate) world {
			return w.withTLSA("mx.dane-unsigned.test", good("dane-unsigned.test")) // anybody may have written that
		}},
		// RFC 8461 §2: DANE goes first, and what it refuses a policy does not allow.
		{domain: "both.test", cert: good, waits: "no TLSA record matches", result: "validation-failure",
			publish: func(w world, _ *tls.Certificate) world {
				w.Secure = append(w.Secure, "both.test")
				return w.withPolicy("both.test", "testing", "mx.both.test").withTLSA("mx.both.test", good("both.test"))
			}},
	}
	w := world{Roots: trusted.pem()}
	peers := map[string]*peer{}
	for _, c := range cases {
		var cert *tls.Certificate
		if c.cert != nil {
			cert = c.cert(c.domain)
		}
		peers[c.domain] = startPeer(t, func(p *peer) { p.cert = cert })
		w = w.withMX(c.domain, "mx."+c.domain, 10, peers[c.domain].addr)
		if c.publish != nil {
			w = c.publish(w, cert)
		}
	}
	a := startWithAna(t, inWorld(w))
	client := sender(t, a)
	for _, c := range cases {
		if err := submitMail(client, nil, plainly("luis@"+c.domain), letter("luis", c.domain)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range cases {
		to := "luis@" + c.domain
		until(t, to+" was tried", func() bool { return len(fates(t, a, to)) > 0 })
		fate := fates(t, a, to)[0]
		switch mails := peers[c.domain].all(); {
		case c.waits != "":
			if fate.Fate != store.Deferred || fate.Reply.Enhanced != [3]int{4, 7, 5} || !strings.Contains(fate.Reply.Text, c.waits) {
				t.Errorf("%s: %v, %q", c.domain, fate.Fate, fate.Reply.String())
			}
			if said := peers[c.domain].commands(); said != "" || len(mails) > 0 {
				t.Errorf("%s was told %q", c.domain, said)
			}
		case len(mails) != 1 || mails[0].tls != (c.tls != "") || fate.TLS != c.tls:
			t.Errorf("%s: %d messages, by %q", c.domain, len(mails), fate.TLS)
		}
		checkCounted(t, a, c.domain, c.result)
	}
	if conns, _, _ := peers["sts-mx.test"].counts(); conns != 0 {
		t.Errorf("a server that the policy does not name had %d connections", conns)
	}
}

// checkCounted looks what will be reported to the domain.
func checkCounted(t *testing.T, a *testAppliance, domain, result string) {
	t.Helper()
	counted := must[[]store.TLSResult](t)(a.store.TLSResults(t.Context(), time.Now().UTC().Format(time.DateOnly)))
	for _, r := range counted {
		if r.Domain == domain {
			if r.Result != result || r.Sessions != 1 {
				t.Errorf("%s: counted %q, %d times", domain, r.Result, r.Sessions)
			}
			return
		}
	}
	t.Errorf("%s: nothing was counted", domain)
}

// A domain that had TLS and offers none any more waits for three days: somebody may sit on the line.
func TestSendDowngrade(t *testing.T) {
	t.Parallel()
	p := startPeer(t, func(p *peer) { p.cert = newAuthority(t).names(t, "mx") })
	var c clock
	a := startWithAna(t, inWorld(world{}.with("was.test", p.addr)), c.rules)
	client := sender(t, a)
	if err := submitMail(client, nil, plainly("luis@was.test"), letter("luis", "first")); err != nil {
		t.Fatal(err)
	}
	if got := p.await(t, 1)[0]; !got.tls {
		t.Error("the first was sent in the clear")
	}
	emptied(t, a)
	p.mu.Lock()
	for range 100 {
		p.talks = append(p.talks, trouble{"offers": "SIZE"})
	}
	p.mu.Unlock()
	c.pass(a, time.Hour)
	if err := submitMail(client, nil, plainly("eva@was.test"), letter("eva", "second")); err != nil {
		t.Fatal(err)
	}
	until(t, "it waits", func() bool { return waiting(t, a)["eva@was.test"].Reply.Code != 0 })
	if job := waiting(t, a)["eva@was.test"]; job.Reply.Enhanced != [3]int{4, 7, 5} || !strings.Contains(job.Reply.Text, "no encryption today") {
		t.Errorf("it waits because of %q", job.Reply.String())
	}
	c.pass(a, 48*time.Hour)
	until(t, "it was tried again", func() bool { conns, open, _ := p.counts(); return conns >= 3 && open == 0 })
	if n := len(p.all()); n != 1 {
		t.Errorf("%d messages after two days", n)
	}
	c.passUntil(t, a, 26*time.Hour, "it went in the clear", func() bool { return len(p.all()) == 2 })
	if got := p.all()[1]; got.tls || !strings.Contains(got.data, "second") {
		t.Errorf("%+v", got)
	}
}

// REQUIRETLS (RFC 8689): only to a server that is known and promises the same; else it comes back.
func TestSendRequireTLS(t *testing.T) {
	t.Parallel()
	trusted := newAuthority(t)
	plain := startSink(t, nil)
	without := startSink(t, trusted.names(t, "mx.without.test"), func(s *smtp.Server) { s.EnableREQUIRETLS = false })
	unsure := startSink(t, newAuthority(t).names(t, "mx.unsure.test"))
	safe := startSink(t, trusted.names(t, "mx.safe.test"))
	w := world{Roots: trusted.pem()}
	for domain, s := range map[string]*sink{"plain.test": plain, "without.test": without, "unsure.test": unsure, "safe.test": safe} {
		w = w.withMX(domain, "mx."+domain, 10, s.addr)
	}
	a := startWithAna(t, inWorld(w))
	client := sender(t, a)
	for i, domain := range []string{"plain.test", "without.test", "unsure.test"} {
		if err := submitMail(client, &smtp.MailOptions{RequireTLS: true}, plainly("luis@"+domain), letter("luis", domain)); err != nil {
			t.Fatal(err)
		}
		if report := inbox(t, a, int64(i+1)); !strings.Contains(report, "Status: 5.7.30\r\n") || !strings.Contains(report, "luis@"+domain) {
			t.Errorf("%s:\n%s", domain, report)
		}
	}
	if err := submitMail(client, &smtp.MailOptions{RequireTLS: true}, plainly("luis@safe.test"), letter("luis", "safe")); err != nil {
		t.Fatal(err)
	}
	if got := safe.await(t, 1)[0]; !got.tls || !got.options.RequireTLS {
		t.Errorf("%+v", got.options)
	}
	for _, s := range []*sink{plain, without, unsure} {
		if n := len(s.all()); n > 0 {
			t.Errorf("%d messages went where they must not", n)
		}
	}
}

// A day later the domain is told what became of TLS (RFC 8460), signed, in a packed file.
func TestSendTLSReport(t *testing.T) {
	t.Parallel()
	trusted := newAuthority(t)
	good, wrong := startSink(t, trusted.names(t, "mx.good.test")), startSink(t, trusted.names(t, "mx.other.test"))
	reports := startSink(t, nil)
	w := world{Roots: trusted.pem()}.withMX("good.test", "mx.good.test", 10, good.addr).
		withMX("wrong.test", "mx.wrong.test", 10, wrong.addr).with("reports.test", reports.addr).
		withPolicy("wrong.test", "testing", "mx.wrong.test")
	w.Zone += `
		_smtp._tls.wrong.test TXT "v=TLSRPTv1; rua=mailto:tls@reports.test"`
	data := filepath.Join(t.TempDir(), "home.db")
	var c clock
	c.ahead.Store(int64(untilNoon())) // so that all is on one day
	day := c.now().UTC().Format(time.DateOnly)
	t.Run("today", func(t *testing.T) {
		a := startWithAna(t, inWorld(w), c.rules, func(o *options) { o.data = data })
		client := sender(t, a)
		for i, to := range []string{"luis@good.test", "luis@wrong.test", "eva@wrong.test"} {
			if err := submitMail(client, nil, plainly(to), letter(to, fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
			emptied(t, a) // so that each has a connection of its own
		}
		good.await(t, 1)
		wrong.await(t, 2)
	})
	c.ahead.Add(int64(24 * time.Hour))
	a := startTest(t, inWorld(w), c.rules, func(o *options) { o.data = data })
	got := reports.await(t, 1)[0]
	if got.from != "" || strings.Join(got.to, " ") != "tls@reports.test" {
		t.Errorf("from %q to %q", got.from, got.to)
	}
	checkSignatures(t, a, got.data)
	for _, want := range []string{"TLS-Report-Domain: wrong.test\r\n", "TLS-Report-Submitter: example.test\r\n", "Subject: Report Domain: wrong.test\r\n"} {
		if !strings.Contains(got.data, want) {
			t.Errorf("no %q in\n%s", want, got.data)
		}
	}
	checkTLSReport(t, unpackTLSReport(t, got.data), day)
	emptied(t, a)
	until(t, "the day is forgotten", func() bool {
		return len(must[[]store.TLSResult](t)(a.store.TLSResults(t.Context(), day))) == 0
	})
}

// untilNoon is how long it is to the next noon of UTC.
func untilNoon() time.Duration {
	now := time.Now().UTC()
	noon := now.Truncate(24 * time.Hour).Add(12 * time.Hour)
	if noon.Before(now) {
		noon = noon.Add(24 * time.Hour)
	}
	return noon.Sub(now)
}

// tlsReport is what a receiver reads (RFC 8460 §4.4).
type tlsReport struct {
	Organization string            `json:"organization-name"`
	Range        map[string]string `json:"date-range"`
	Contact      string            `json:"contact-info"`
	ID           string            `json:"report-id"`
	Policies     []struct {
		Policy struct {
			Type    string   `json:"policy-type"`
			Strings []string `json:"policy-string"`
			Domain  string   `json:"policy-domain"`
			MX      []string `json:"mx-host"`
		} `json:"policy"`
		Summary  map[string]int64 `json:"summary"`
		Failures []map[string]any `json:"failure-details"`
	} `json:"policies"`
}

func unpackTLSReport(t *testing.T, text string) (r tlsReport) {
	t.Helper()
	m := must[*mail.Message](t)(mail.ReadMessage(strings.NewReader(text)))
	kind, words, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || words["report-type"] != "tlsrpt" {
		t.Fatalf("%s %v: %v", kind, words, err)
	}
	parts := multipart.NewReader(m.Body, words["boundary"])
	must[*multipart.Part](t)(parts.NextPart()) // for people
	part := must[*multipart.Part](t)(parts.NextPart())
	if kind := part.Header.Get("Content-Type"); kind != "application/tlsrpt+gzip" {
		t.Errorf("the second part is %s", kind)
	}
	packed := must[[]byte](t)(io.ReadAll(base64.NewDecoder(base64.StdEncoding, part)))
	if err := json.NewDecoder(must[*gzip.Reader](t)(gzip.NewReader(bytes.NewReader(packed)))).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

func checkTLSReport(t *testing.T, r tlsReport, day string) {
	t.Helper()
	if r.Organization != "example.test" || r.Range["start-datetime"] != day+"T00:00:00Z" || r.Range["end-datetime"] != day+"T23:59:59Z" ||
		!strings.Contains(r.Contact, "@example.test") || r.ID == "" {
		t.Errorf("%+v", r)
	}
	if len(r.Policies) != 1 {
		t.Fatalf("%d policies", len(r.Policies))
	}
	p := r.Policies[0]
	if p.Policy.Type != "sts" || p.Policy.Domain != "wrong.test" || strings.Join(p.Policy.MX, " ") != "mx.wrong.test" ||
		!strings.Contains(strings.Join(p.Policy.Strings, "\n"), "mode: testing") {
		t.Errorf("%+v", p.Policy)
	}
	if p.Summary["total-successful-session-count"] != 0 || p.Summary["total-failure-session-count"] != 2 || len(p.Failures) != 1 {
		t.Fatalf("%+v, %d kinds of failures", p.Summary, len(p.Failures))
	}
	f := p.Failures[0]
	if f["result-type"] != "certificate-host-mismatch" || f["receiving-mx-hostname"] != "mx.wrong.test" || f["failed-session-count"] != 2.0 {
		t.Errorf("%+v", f)
	}
}
