package acme

import (
	"context"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	wire "golang.org/x/crypto/acme"
)

// What an authority says, in our words.
func TestExplain(t *testing.T) {
	urn := "urn:ietf:params:acme:error:"
	for _, c := range []struct {
		err  error
		code Code
	}{
		{&wire.Error{StatusCode: 400, ProblemType: urn + "connection"}, Unreachable},
		{&wire.Error{StatusCode: 400, ProblemType: urn + "dns"}, NotInDNS},
		{&wire.Error{StatusCode: 403, ProblemType: urn + "unauthorized"}, WrongAnswer},
		{&wire.Error{StatusCode: 403, ProblemType: urn + "caa"}, Forbidden},
		{&wire.Error{StatusCode: 429, ProblemType: urn + "rateLimited"}, RateLimited},
		{&wire.Error{StatusCode: 400, ProblemType: urn + "rejectedIdentifier"}, Refused},
		{&wire.Error{StatusCode: 400, ProblemType: urn + "accountDoesNotExist"}, Account},
		{&wire.Error{StatusCode: 503, ProblemType: "about:blank"}, ServiceDown},
		{&wire.Error{StatusCode: 400, ProblemType: urn + "malformed"}, Other},
		{&wire.AuthorizationError{Errors: []error{&wire.Error{ProblemType: urn + "connection"}}}, Unreachable},
		{&wire.OrderError{Problem: &wire.Error{ProblemType: urn + "caa"}}, Forbidden},
		{&wire.OrderError{}, Other},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, ServiceDown},
		{context.DeadlineExceeded, ServiceDown},
		{problem(Provider, "no"), Provider},
		{errors.New("disk full"), Other},
	} {
		if p := explain(c.err); p.Code != c.code {
			t.Errorf("%v is %s, want %s", c.err, p.Code, c.code)
		}
	}
}

// The limits that people must not run into because of us: no more than 5 failed validations of a name an hour with the
// real service, no more than a few orders a day.
func TestPause(t *testing.T) {
	tries := func(p *Problem, within time.Duration) (n int) {
		for at := time.Duration(0); at < within; at += p.pause(n) {
			n++
		}
		return n
	}
	for _, c := range []struct {
		name   string
		p      *Problem
		within time.Duration
		most   int
		least  int
	}{
		{"a closed port, really", &Problem{Code: Unreachable, Way: HTTP}, time.Hour, 3, 1},
		{"a closed port, really, in a week", &Problem{Code: Unreachable, Way: HTTP}, 7 * 24 * time.Hour, 14, 7},
		{"a closed port, in the trial", &Problem{Code: Unreachable, Way: HTTP, Trial: true}, time.Hour, 7, 5},
		{"not in DNS yet", &Problem{Code: NotInDNS}, time.Hour, 9, 5},
		{"not in DNS, says the authority", &Problem{Code: NotInDNS, Way: HTTP}, time.Hour, 3, 1},
		{"the service is down", &Problem{Code: ServiceDown}, time.Hour, 7, 5},
		{"too often", &Problem{Code: RateLimited}, 24 * time.Hour, 6, 2},
		{"too often, and told when", &Problem{Code: RateLimited, retryIn: 100 * time.Hour}, 99 * time.Hour, 1, 1},
		{"a person is to do it", &Problem{Code: Waiting}, time.Hour, 121, 60},
	} {
		if n := tries(c.p, c.within); n > c.most || n < c.least {
			t.Errorf("%s: %d tries in %v", c.name, n, c.within)
		}
	}
}

// The example of RFC 9773 §4.1.
func TestRenewalID(t *testing.T) {
	leaf := &x509.Certificate{
		SerialNumber:   big.NewInt(0x87654321),
		AuthorityKeyId: []byte{0x69, 0x88, 0x5B, 0x6B, 0x87, 0x46, 0x40, 0x41, 0xE1, 0xB3, 0x7B, 0x84, 0x7B, 0xA0, 0xAE, 0x2C, 0xDE, 0x01, 0xC8, 0xD4},
	}
	if id, err := renewalID(leaf); err != nil || id != "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE" {
		t.Errorf("%s, %v", id, err)
	}
	if _, err := renewalID(&x509.Certificate{SerialNumber: big.NewInt(1)}); err == nil {
		t.Error("one without an authority's key has a name")
	}
}

// A third of the life, half of a short one, and a little chance.
func TestByLifetime(t *testing.T) {
	begin := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ life, left int }{{90, 30}, {64, 21}, {45, 15}, {6, 3}} {
		leaf := &x509.Certificate{NotBefore: begin, NotAfter: begin.AddDate(0, 0, c.life)}
		latest, earliest := byLifetime(leaf, 0), byLifetime(leaf, 0.999)
		if left := int(leaf.NotAfter.Sub(latest).Hours() / 24); left != c.left {
			t.Errorf("of %d days %d are left", c.life, left)
		}
		if spread := latest.Sub(earliest); spread <= 0 || spread > time.Duration(c.life)*24*time.Hour/49 {
			t.Errorf("of %d days the chance is %v", c.life, spread)
		}
	}
}

// For names that are nobody's, nobody is asked.
func TestPublic(t *testing.T) {
	for name, want := range map[string]bool{
		"mail.example.com": false, "mail.example.org": false, "mail.house.test": false, "mail.local": false, "box.lan": false,
		"mail.casa.home.arpa": false, "mail": false, "x.onion": false, "mail.corp.internal": false, "localhost": false,
		"mail.example.com.mx": true, "mail.notexample.com": true, "mail.xn--muoz-hqa.es": true, "test.de": true,
	} {
		if Public(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// Port 80 says nothing that it is not asked by the one who may.
func TestPages(t *testing.T) {
	a := &Answers{}
	get := func(method, path string) (int, string) {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequest(method, "http://mail.example.org"+path, nil))
		return w.Code, w.Body.String()
	}
	remove := a.put(challengePath+"token", "answer")
	for _, c := range []struct {
		method, path string
		code         int
		body         string
	}{
		{"GET", challengePath + "token", http.StatusOK, "answer"},
		{"POST", challengePath + "token", http.StatusNotFound, ""},
		{"GET", challengePath, http.StatusNotFound, ""},
		{"GET", challengePath + "../token", http.StatusNotFound, ""},
		{"GET", "/", http.StatusNotFound, ""},
		{"GET", "/token", http.StatusNotFound, ""},
	} {
		if code, body := get(c.method, c.path); code != c.code || c.body != "" && body != c.body {
			t.Errorf("%s %s: %d %q", c.method, c.path, code, body)
		}
	}
	remove()
	if code, _ := get("GET", challengePath+"token"); code != http.StatusNotFound {
		t.Errorf("still there: %d", code)
	}
}
