package main

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"buzon/internal/store"
)

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

// A policy that was had once binds for its time, although somebody takes it out of the DNS (RFC 8461 §10.2), and after a
// restart.
func TestSendPolicyIsKept(t *testing.T) {
	t.Parallel()
	trusted := newAuthority(t)
	wrong := startPeer(t, func(p *peer) { p.cert = trusted.names(t, "mx.other.test") })
	w := world{Roots: trusted.pem()}.withMX("sts.test", "mx.sts.test", 10, wrong.addr)
	data := filepath.Join(t.TempDir(), "home.db")
	var c clock
	once := func(w world, to string) func(*testing.T) {
		return func(t *testing.T) {
			a := startWithAna(t, inWorld(w), c.rules, func(o *options) { o.data = data })
			if err := submitMail(sender(t, a), nil, plainly(to), letter(to, "safe")); err != nil {
				t.Fatal(err)
			}
			until(t, to+" was tried", func() bool { return len(fates(t, a, to)) > 0 })
			if fate := fates(t, a, to)[0]; fate.Reply.Enhanced != [3]int{4, 7, 5} {
				t.Errorf("%+v", fate)
			}
		}
	}
	t.Run("published", once(w.withPolicy("sts.test", "enforce", "mx.sts.test"), "luis@sts.test"))
	if t.Failed() {
		return
	}
	c.ahead.Add(int64(3 * 24 * time.Hour))
	a := startTest(t, inWorld(w), c.rules, func(o *options) { o.data = data })
	if err := submitMail(sender(t, a), nil, plainly("eva@sts.test"), letter("eva", "safe too")); err != nil {
		t.Fatal(err)
	}
	until(t, "it was tried", func() bool { return waiting(t, a)["eva@sts.test"].Reply.Code != 0 })
	if said := wrong.commands(); said != "" {
		t.Errorf("the server was told %s", said)
	}
	c.passUntil(t, a, 97*time.Hour, "the policy ran out", func() bool { // max_age is a week
		return slices.ContainsFunc(wrong.all(), func(m sunk) bool { return strings.Join(m.to, " ") == "eva@sts.test" })
	})
}

// TLS that was missing for an hour and came back is no excuse, days later, when it is missing again.
func TestSendDowngradeAgain(t *testing.T) {
	t.Parallel()
	without := trouble{"offers": "SIZE"}
	p := startPeer(t, troubled(nil, without, nil, without, without, without), func(p *peer) { p.cert = newAuthority(t).names(t, "mx") })
	var c clock
	a := startWithAna(t, inWorld(world{}.with("was.test", p.addr)), c.rules)
	client := sender(t, a)
	submit := func(to string) {
		t.Helper()
		if err := submitMail(client, nil, plainly(to), letter(to, "private")); err != nil {
			t.Fatal(err)
		}
	}
	held := func(to string) {
		t.Helper()
		until(t, to+" was tried", func() bool { return waiting(t, a)[to].Reply.Code != 0 || len(waiting(t, a)) == 0 })
		if job := waiting(t, a)[to]; job.Reply.Enhanced != [3]int{4, 7, 5} {
			t.Fatalf("%s is not held back: %q", to, job.Reply.String())
		}
	}
	submit("a@was.test")
	p.await(t, 1)
	emptied(t, a)
	c.pass(a, 2*time.Hour)
	submit("b@was.test")
	held("b@was.test")
	c.passUntil(t, a, time.Hour, "it went with TLS", func() bool { return len(waiting(t, a)) == 0 })
	c.pass(a, 4*24*time.Hour)
	submit("c@was.test")
	held("c@was.test")
	for _, m := range p.all() {
		if !m.tls {
			t.Errorf("%q was sent in the clear", m.to)
		}
	}
}
