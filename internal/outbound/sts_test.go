package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"buzon/internal/dns"
)

func TestParseSTSPolicy(t *testing.T) {
	for _, test := range []struct {
		about, text string
		want        STSPolicy
		bad         bool
	}{
		// RFC 8461 §3.2, its own example, with both kinds of line ends.
		{about: "example", text: "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n",
			want: STSPolicy{Mode: STSEnforce, MX: []string{"mail.example.com", "*.example.net"}, MaxAge: 604800 * time.Second}},
		{about: "CRLF, no last line end", text: "version: STSv1\r\nmode: testing\r\nmx:a.example\r\nmax_age:86400",
			want: STSPolicy{Mode: STSTesting, MX: []string{"a.example"}, MaxAge: 24 * time.Hour}},
		{about: "unknown keys, upper case host, none", text: "version: STSv1\nmode: none\nmax_age: 1\nx-future.1: yes: no\nmx: A.EXAMPLE\n",
			want: STSPolicy{Mode: STSNone, MX: []string{"a.example"}, MaxAge: time.Second}},
		{about: "the first of two counts", text: "version: STSv1\nmode: none\nmode: enforce\nmax_age: 5\nmax_age: 6\n",
			want: STSPolicy{Mode: STSNone, MaxAge: 5 * time.Second}},
		{about: "a year at most", text: "version: STSv1\nmode: none\nmax_age: 9999999999\n",
			want: STSPolicy{Mode: STSNone, MaxAge: maxSTSAge}},
		// What is not a policy.
		{about: "empty", bad: true},
		{about: "no version", text: "mode: none\nmax_age: 1\n", bad: true},
		{about: "other version", text: "version: STSv2\nmode: none\nmax_age: 1\n", bad: true},
		{about: "no mode", text: "version: STSv1\nmax_age: 1\nmx: a.example\n", bad: true},
		{about: "other mode", text: "version: STSv1\nmode: on\nmax_age: 1\nmx: a.example\n", bad: true},
		{about: "no age", text: "version: STSv1\nmode: enforce\nmx: a.example\n", bad: true},
		{about: "negative age", text: "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1\n", bad: true},
		{about: "enforce without mx", text: "version: STSv1\nmode: enforce\nmax_age: 1\n", bad: true},
		{about: "mx not a host", text: "version: STSv1\nmode: enforce\nmax_age: 1\nmx: a b\n", bad: true},
		{about: "mx not UTF-8", text: "version:STSv1\nmode:enforce\nmx:0\x95\nmax_age:0", bad: true},
		{about: "star inside", text: "version: STSv1\nmode: enforce\nmax_age: 1\nmx: a.*.example\n", bad: true},
		{about: "a web page", text: "<html>\n<p>version: STSv1\n", bad: true},
		{about: "too long", text: "version: STSv1\nmode: none\nmax_age: 1\n" + strings.Repeat("x: y\n", 20000), bad: true},
	} {
		got, err := ParseSTSPolicy([]byte(test.text))
		if test.bad != errors.Is(err, ErrSTS) {
			t.Errorf("%s: %v", test.about, err)
		}
		if !test.bad && fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: %v, want %v", test.about, got, test.want)
		}
	}
}

func FuzzParseSTSPolicy(f *testing.F) {
	f.Add([]byte("version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n"))
	f.Add([]byte("version: STSv1\r\nmode: none\r\nmax_age: 1\r\nmx: xn--bcher-kva.example"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParseSTSPolicy(text)
		if err != nil {
			return
		}
		again, err := ParseSTSPolicy([]byte(strings.Join(stsStrings(p), "\n")))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(p) {
			t.Errorf("%q: %v, then %v, %v", text, p, again, err)
		}
		p.Allows("mail.example.com")
	})
}

func TestAllows(t *testing.T) {
	p := STSPolicy{MX: []string{"mail.example.com", "*.example.net"}}
	for host, want := range map[string]bool{
		"mail.example.com": true, "a.example.net": true, "example.net": false, "a.b.example.net": false,
		"other.example.com": false, "net": false, "": false, "xmail.example.com": false,
	} {
		if p.Allows(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
}

func TestSTSID(t *testing.T) {
	for _, test := range []struct {
		texts []string
		want  string
	}{
		{[]string{"v=STSv1; id=20160831085700Z;"}, "20160831085700Z"},
		{[]string{"v=spf1 -all", "v=STSv1;id=a"}, "a"},
		{[]string{"v=STSv1; x=y; id = b ; id=c"}, "b"},
		{[]string{"v=STSv1; id=a", "v=STSv1; id=b"}, ""},
		{[]string{"v=STSv1"}, ""},
		{[]string{"v=STSv1; id="}, ""},
		{[]string{"v=STSv1; id=a-b"}, ""},
		{[]string{"v=STSv11; id=a"}, ""},
		{[]string{"id=a; v=STSv1;"}, ""},
	} {
		if got, ok := STSID(test.texts); ok != (test.want != "") || ok && got != test.want {
			t.Errorf("%q: %q, %v", test.texts, got, ok)
		}
	}
}

func FuzzRecords(f *testing.F) {
	f.Add("v=STSv1; id=20160831085700Z;")
	f.Add("v=TLSRPTv1; rua=mailto:a@b.example,https://c.example/x")
	f.Fuzz(func(t *testing.T, text string) {
		if id, ok := STSID([]string{text}); ok && !isSTSID(id) {
			t.Errorf("id %q", id)
		}
		for _, to := range ParseReportsTo([]string{text}) {
			if (to.HTTPS == "") == (to.Mail.Domain == "") {
				t.Errorf("%+v", to)
			}
		}
	})
}

const enforced = "version: STSv1\nmode: enforce\nmx: *.mx.example\nmax_age: 604800\n"

// newSTSWorld has a domain with a policy, served by Fetch.
func newSTSWorld(t *testing.T, policy string) (w *world, fetched *int) {
	w = newWorld(t, hosts+"_mta-sts.far.example TXT \"v=STSv1; id=1\"")
	fetched = new(int)
	w.s.Fetch = func(_ context.Context, url string) ([]byte, error) {
		*fetched++
		if url != "https://mta-sts.far.example/.well-known/mta-sts.txt" {
			t.Errorf("fetched %s", url)
		}
		if policy == "" {
			return nil, errors.New("no web server")
		}
		return []byte(policy), nil
	}
	return w, fetched
}

func TestSTSDecides(t *testing.T) {
	testing := strings.Replace(enforced, "enforce", "testing", 1)
	other := strings.Replace(enforced, "*.mx.example", "other.example", 1)
	for _, test := range []struct {
		about, policy string
		cert          func(a *authority) *tls.Certificate
		level         TLSLevel
		refusal       string
		result        string // told in the report
	}{
		{"good", enforced, func(a *authority) *tls.Certificate { return a.good("a.mx.example") }, STS, "", ""},
		{"wrong name", enforced, func(a *authority) *tls.Certificate { return a.good("b.mx.example") }, 0, "451 4.7.5", resultName},
		{"expired", enforced, func(a *authority) *tls.Certificate { c := a.issue(epoch.Add(-time.Hour), "a.mx.example"); return &c }, 0,
			"451 4.7.5", resultExpired},
		{"stranger's", enforced, func(a *authority) *tls.Certificate { return newAuthority(a.t, "Other").good("a.mx.example") }, 0,
			"451 4.7.5", resultUntrusted},
		{"no TLS", enforced, func(*authority) *tls.Certificate { return nil }, 0, "451 4.7.5", resultNoSTARTTLS},
		{"MX not named", other, func(a *authority) *tls.Certificate { return a.good("a.mx.example") }, 0, "451 4.7.5", resultValidation},
		{"testing, wrong name", testing, func(a *authority) *tls.Certificate { return a.good("b.mx.example") }, Unverified, "", resultName},
		{"testing, no TLS", testing, func(*authority) *tls.Certificate { return nil }, NoTLS, "", resultNoSTARTTLS},
		{"none", "version: STSv1\nmode: none\nmax_age: 100\n", func(a *authority) *tls.Certificate { return a.good("x.example") },
			Unverified, "", ""},
		{"no policy to be had", "", func(a *authority) *tls.Certificate { return a.good("a.mx.example") }, Verified, "", resultFetch},
		{"not a policy", "<html>", func(a *authority) *tls.Certificate { return a.good("a.mx.example") }, Verified, "", resultPolicy},
	} {
		w, _ := newSTSWorld(t, test.policy)
		w.serve("192.0.2.1:25", (&peer{cert: test.cert(w.ca)}).serve)
		if test.refusal != "" {
			w.refuse("far.example", test.refusal)
		} else if x := w.open("far.example"); x.Level() != test.level {
			t.Errorf("%s: level %v, want %v", test.about, x.Level(), test.level)
		}
		if len(w.results) == 0 || w.results[0].Result != test.result {
			t.Errorf("%s: reported %+v, want %q", test.about, w.results, test.result)
		}
	}
}

// TestSTSFallsBackToTheNextHost: a host that fails is passed over, not the domain.
func TestSTSFallsBackToTheNextHost(t *testing.T) {
	w, _ := newSTSWorld(t, enforced)
	w.dns.Add("far.example MX 20 b.mx.example.")
	w.serve("192.0.2.1:25", (&peer{cert: w.ca.good("wrong.example")}).serve)
	w.serve("192.0.2.2:25", (&peer{cert: w.ca.good("b.mx.example")}).serve)
	if x := w.open("far.example"); x.Host() != "b.mx.example" {
		t.Errorf("reached %s", x.Host())
	}
}

// TestSTSIsKept: RFC 8461 §5.1 and §10.2.
func TestSTSIsKept(t *testing.T) {
	w, fetched := newSTSWorld(t, enforced)
	look := func(want int, about string) {
		t.Helper()
		state, err := w.s.lookupSTS(t.Context(), "far.example")
		if err != nil || !state.found || state.policy.Mode != STSEnforce || *fetched != want {
			t.Fatalf("%s: %+v, %v, fetched %d times, want %d", about, state, err, *fetched, want)
		}
	}
	look(1, "first")
	look(1, "the same id")
	w.pass(25 * time.Hour)
	look(2, "anew after a day")
	w.dns.Remove("_mta-sts.far.example")
	look(2, "a record that is gone does not free from the policy")
	w.dns.Fail("_mta-sts.far.example", "TXT", dns.Timeout)
	look(2, "nor one that is not found out")
	w.dns.Fail("_mta-sts.far.example", "TXT", dns.Answered)
	w.dns.Add(`_mta-sts.far.example TXT "v=STSv1; id=2"`)
	w.s.Fetch = func(context.Context, string) ([]byte, error) { *fetched++; return nil, errors.New("down") }
	look(3, "a new id that is not to be had leaves the old one")
	look(3, "and is not asked for again at once")
	w.pass(11 * time.Minute)
	look(4, "but later")
	w.pass(8 * 24 * time.Hour)
	if state, err := w.s.lookupSTS(t.Context(), "far.example"); err != nil || state.found {
		t.Errorf("run out: %+v, %v", state, err)
	}
}

// serveHTTPS is a web server at 192.0.2.80 for the names of cert.
func (w *world) serveHTTPS(cert *tls.Certificate, h http.HandlerFunc) {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	server := &http.Server{Handler: h, TLSConfig: &tls.Config{Certificates: []tls.Certificate{*cert}}, ReadHeaderTimeout: time.Second,
		ErrorLog: quiet()}
	done := make(chan error, 1)
	go func() { done <- server.ServeTLS(l, "", "") }()
	w.t.Cleanup(func() { server.Close(); <-done })
	w.listeners["192.0.2.80:443"] = l.Addr().String()
}

func TestFetchHTTPS(t *testing.T) {
	plain := func(text string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
			fmt.Fprint(rw, text)
		}
	}
	for _, test := range []struct {
		about, name string
		h           http.HandlerFunc
		failure     string
	}{
		{"good", "mta-sts.far.example", plain(enforced), ""},
		{"wrong name", "www.far.example", plain(enforced), resultWebPKI},
		{"redirect", "mta-sts.far.example", func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/there" {
				plain(enforced)(rw, r)
			} else {
				http.Redirect(rw, r, "/there", http.StatusFound)
			}
		}, resultFetch},
		{"not found", "mta-sts.far.example", http.NotFound, resultFetch},
		{"a web page", "mta-sts.far.example", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/html")
			fmt.Fprint(rw, enforced)
		}, resultFetch},
		{"too long", "mta-sts.far.example", plain(enforced + strings.Repeat("x: y\n", 20000)), resultPolicy},
	} {
		w := newWorld(t, hosts+"_mta-sts.far.example TXT \"v=STSv1; id=1\"\nmta-sts.far.example A 192.0.2.80")
		w.serveHTTPS(w.ca.good(test.name), test.h)
		state, err := w.s.lookupSTS(t.Context(), "far.example")
		if err != nil || state.failure != test.failure || state.found != (test.failure == "") {
			t.Errorf("%s: %+v, %v", test.about, state, err)
		}
		if test.failure == "" && !slices.Equal(w.kept["far.example"].MX, []string{"*.mx.example"}) {
			t.Errorf("%s: kept %+v", test.about, w.kept)
		}
	}
}
