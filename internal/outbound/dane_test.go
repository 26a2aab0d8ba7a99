package outbound

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"buzon/internal/dns"
)

func sum256(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
func sum512(b []byte) []byte { s := sha512.Sum512(b); return s[:] }

func rr(usage, selector, matching uint8, data []byte) dns.TLSA {
	return dns.TLSA{Usage: usage, Selector: selector, Matching: matching, Data: data}
}

func TestVerifyDANE(t *testing.T) {
	a := newAuthority(t, "Own CA")
	chain := func(c tls.Certificate) []*x509.Certificate { return []*x509.Certificate{c.Leaf, a.cert} }
	good, old := a.issue(epoch.AddDate(1, 0, 0), "mx.example"), a.issue(epoch.Add(-time.Hour), "mx.example")
	other := a.issue(epoch.AddDate(1, 0, 0), "other.example")
	alone := func(c tls.Certificate) []*x509.Certificate { return []*x509.Certificate{c.Leaf} }
	for _, test := range []struct {
		about     string
		records   []dns.TLSA
		presented []*x509.Certificate
		ok        bool
	}{
		// Usage 3: the certificate or its key, whole or by digest. Names and dates do not count (RFC 7672 §3.1.1).
		{"3 0 0", []dns.TLSA{rr(3, 0, 0, good.Leaf.Raw)}, alone(good), true},
		{"3 0 1", []dns.TLSA{rr(3, 0, 1, sum256(good.Leaf.Raw))}, alone(good), true},
		{"3 0 2", []dns.TLSA{rr(3, 0, 2, sum512(good.Leaf.Raw))}, alone(good), true},
		{"3 1 0", []dns.TLSA{rr(3, 1, 0, good.Leaf.RawSubjectPublicKeyInfo)}, alone(good), true},
		{"3 1 1", []dns.TLSA{rr(3, 1, 1, sum256(good.Leaf.RawSubjectPublicKeyInfo))}, alone(good), true},
		{"3 1 2", []dns.TLSA{rr(3, 1, 2, sum512(good.Leaf.RawSubjectPublicKeyInfo))}, alone(good), true},
		{"3 expired", []dns.TLSA{rr(3, 1, 1, sum256(old.Leaf.RawSubjectPublicKeyInfo))}, alone(old), true},
		{"3 other name", []dns.TLSA{rr(3, 1, 1, sum256(other.Leaf.RawSubjectPublicKeyInfo))}, alone(other), true},
		{"3 other key", []dns.TLSA{rr(3, 1, 1, sum256(old.Leaf.RawSubjectPublicKeyInfo))}, alone(good), false},
		{"3 is never an anchor", []dns.TLSA{rr(3, 1, 1, sum256(a.cert.RawSubjectPublicKeyInfo))}, chain(good), false},
		{"one of two, as at a change of keys", []dns.TLSA{rr(3, 1, 1, sum256(old.Leaf.RawSubjectPublicKeyInfo)),
			rr(3, 1, 1, sum256(good.Leaf.RawSubjectPublicKeyInfo))}, alone(good), true},
		// Usage 2: the chain must lead there, and names and dates count (§3.1.2, §3.2.3).
		{"2 0 1", []dns.TLSA{rr(2, 0, 1, sum256(a.cert.Raw))}, chain(good), true},
		{"2 1 1", []dns.TLSA{rr(2, 1, 1, sum256(a.cert.RawSubjectPublicKeyInfo))}, chain(good), true},
		{"2 0 0 brings the anchor", []dns.TLSA{rr(2, 0, 0, a.cert.Raw)}, alone(good), true},
		{"2 without the anchor", []dns.TLSA{rr(2, 0, 1, sum256(a.cert.Raw))}, alone(good), false},
		{"2 expired", []dns.TLSA{rr(2, 0, 1, sum256(a.cert.Raw))}, chain(old), false},
		{"2 other name", []dns.TLSA{rr(2, 0, 1, sum256(a.cert.Raw))}, chain(other), false},
		{"2 stranger with the anchor beside", []dns.TLSA{rr(2, 0, 1, sum256(a.cert.Raw))},
			[]*x509.Certificate{newAuthority(t, "X").good("mx.example").Leaf, a.cert}, false},
		{"nothing presented", []dns.TLSA{rr(3, 0, 0, good.Leaf.Raw)}, nil, false},
	} {
		usable := usableTLSA(test.records)
		if len(usable) != len(test.records) {
			t.Errorf("%s: unusable", test.about)
		}
		if err := verifyDANE(usable, test.presented, []string{"mx.example"}, epoch); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.about, err)
		}
	}
}

func TestUsableTLSA(t *testing.T) {
	d256, d512 := sum256(nil), sum512(nil)
	for _, test := range []struct {
		about   string
		records []dns.TLSA
		want    int
	}{
		{"PKIX usages are not for mail", []dns.TLSA{rr(0, 0, 1, d256), rr(1, 1, 1, d256)}, 0},
		{"unknown numbers", []dns.TLSA{rr(4, 1, 1, d256), rr(3, 2, 1, d256), rr(3, 1, 3, d256), rr(255, 255, 255, nil)}, 0},
		{"wrong lengths", []dns.TLSA{rr(3, 1, 1, d512), rr(3, 1, 2, d256), rr(3, 1, 1, nil)}, 0},
		{"not a certificate, not a key", []dns.TLSA{rr(3, 0, 0, d256), rr(3, 1, 0, d256)}, 0},
		{"the stronger digest alone", []dns.TLSA{rr(3, 1, 1, d256), rr(3, 1, 2, d512)}, 1},
		{"of the same kind only", []dns.TLSA{rr(2, 1, 1, d256), rr(3, 1, 2, d512), rr(3, 0, 1, d256)}, 3},
	} {
		if got := usableTLSA(test.records); len(got) != test.want {
			t.Errorf("%s: %v", test.about, got)
		}
	}
}

func FuzzTLSA(f *testing.F) {
	a := newAuthority(&testing.T{}, "CA")
	f.Add(uint8(3), uint8(1), uint8(1), sum256(a.cert.RawSubjectPublicKeyInfo))
	f.Add(uint8(2), uint8(0), uint8(0), a.cert.Raw)
	stranger := newAuthority(&testing.T{}, "X").good("mx.example").Leaf
	f.Fuzz(func(t *testing.T, usage, selector, matching uint8, data []byte) {
		usable := usableTLSA([]dns.TLSA{{Usage: usage, Selector: selector, Matching: matching, Data: data}})
		if verifyDANE(usable, []*x509.Certificate{stranger}, []string{"mx.example"}, epoch) == nil {
			t.Error("a stranger passes")
		}
	})
}

const secureZone = "far.example MX 10 a.mx.example.\na.mx.example A 192.0.2.1\n"

// TestDANEDecides: a chain of answers that are all authentic, or no DANE.
func TestDANEDecides(t *testing.T) {
	const name = "_25._tcp.a.mx.example"
	match := func(c *tls.Certificate) string {
		return tlsaRecord(name, 3, 1, 1, sum256(c.Leaf.RawSubjectPublicKeyInfo))
	}
	stranger := func(*tls.Certificate) string { return tlsaRecord(name, 3, 1, 1, sum256(nil)) }
	unusable := func(*tls.Certificate) string { return tlsaRecord(name, 1, 1, 1, sum256(nil)) }
	none := func(*tls.Certificate) string { return "" }
	all := func(m *dns.Map) { m.Secure("example") }
	for _, test := range []struct {
		about   string
		records func(*tls.Certificate) string
		secure  func(*dns.Map)
		noTLS   bool
		level   TLSLevel
		refusal string
		result  string
	}{
		{"match", match, all, false, DANE, "", ""},
		{"mismatch", stranger, all, false, 0, "451 4.7.5", resultValidation},
		{"no STARTTLS", match, all, true, 0, "451 4.7.5", resultNoSTARTTLS},
		{"unusable: TLS, whoever it is", unusable, all, false, Unverified, "", resultTLSA},
		{"unusable, no STARTTLS", unusable, all, true, 0, "451 4.7.5", resultNoSTARTTLS},
		{"no records", none, all, false, Unverified, "", ""},
		{"no records, no STARTTLS", none, all, true, NoTLS, "", resultNoSTARTTLS},
		// Where a link of the chain is not signed the records are none.
		{"MX not authentic", stranger, func(m *dns.Map) { m.Secure("mx.example") }, false, Unverified, "", ""},
		{"address not authentic", stranger, func(m *dns.Map) { m.Secure("far.example") }, false, Unverified, "", ""},
		{"TLSA not authentic", stranger, func(m *dns.Map) { all(m); m.Insecure(name) }, false, Unverified, "", ""},
		// An answer that does not come may have been kept from us (RFC 7672 §2.1.1).
		{"TLSA not found out", stranger, func(m *dns.Map) { all(m); m.Fail(name, "TLSA", dns.ServFail) }, false, 0, "451 4.7.5", resultDNSSEC},
	} {
		w := newWorld(t, secureZone)
		cert := newAuthority(t, "Own").good("whatever.example")
		w.dns.Add(test.records(cert))
		test.secure(w.dns)
		p := &peer{cert: cert}
		if test.noTLS {
			p.cert = nil
		}
		w.serve("192.0.2.1:25", p.serve)
		if test.refusal != "" {
			w.refuse("far.example", test.refusal)
		} else if x := w.open("far.example"); x.Level() != test.level {
			t.Errorf("%s: level %v, want %v", test.about, x.Level(), test.level)
		}
		if len(w.results) != 1 || w.results[0].Result != test.result {
			t.Errorf("%s: reported %+v, want %q", test.about, w.results, test.result)
		}
	}
}

// TestDANEGoesBeforeSTS: RFC 8461 §2. A certificate that MTA-STS likes does not save one that DANE rejects, and the other
// way round.
func TestDANEGoesBeforeSTS(t *testing.T) {
	for _, match := range []bool{false, true} {
		w, _ := newSTSWorld(t, enforced)
		w.dns.Secure("example")
		sts, dane := w.ca.good("a.mx.example"), newAuthority(t, "Own").good("whatever.example")
		w.dns.Add(tlsaRecord("_25._tcp.a.mx.example", 3, 1, 1, sum256(dane.Leaf.RawSubjectPublicKeyInfo)))
		if match {
			w.serve("192.0.2.1:25", (&peer{cert: dane}).serve)
			if x := w.open("far.example"); x.Level() != DANE {
				t.Errorf("level %v", x.Level())
			}
		} else {
			w.serve("192.0.2.1:25", (&peer{cert: sts}).serve)
			w.refuse("far.example", "451 4.7.5")
		}
	}
}

// TestDANEFollowsAliases: RFC 7672 §2.2.3. The records are looked for at the end of the alias, then at the name.
func TestDANEFollowsAliases(t *testing.T) {
	for _, base := range []string{"real.example", "alias.example"} {
		w := newWorld(t, "far.example MX 10 alias.example.\nalias.example CNAME real.example.\nreal.example A 192.0.2.1")
		w.dns.Secure("example")
		cert := newAuthority(t, "Own").good("whatever.example")
		w.dns.Add(tlsaRecord("_25._tcp."+base, 3, 1, 1, sum256(cert.Leaf.RawSubjectPublicKeyInfo)))
		w.serve("192.0.2.1:25", (&peer{cert: cert}).serve)
		if x := w.open("far.example"); x.Level() != DANE {
			t.Errorf("%s: level %v", base, x.Level())
		}
	}
}

// TestDANEAnchorNames: RFC 7672 §3.2.2, the recipients' domain will do too.
func TestDANEAnchorNames(t *testing.T) {
	for name, want := range map[string]bool{"a.mx.example": true, "far.example": true, "near.example": false} {
		w := newWorld(t, secureZone)
		w.dns.Secure("example")
		own := newAuthority(t, "Own")
		w.dns.Add(tlsaRecord("_25._tcp.a.mx.example", 2, 0, 1, sum256(own.cert.Raw)))
		w.serve("192.0.2.1:25", (&peer{cert: own.good(name)}).serve)
		if want {
			w.open("far.example")
		} else {
			w.refuse("far.example", "451 4.7.5")
		}
	}
}
