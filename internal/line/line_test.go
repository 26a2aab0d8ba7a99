package line

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"buzon/internal/dns"
	"buzon/internal/finding"
	"buzon/internal/outside"
	"buzon/internal/text"
)

var epoch = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// want looks at a finding: its verdict and its reason, and that both languages say it.
func want(t *testing.T, name string, f finding.Finding, v finding.Verdict, reason string) {
	t.Helper()
	if f.Verdict != v || f.Reason.Key != reason {
		t.Errorf("%s: got %s %s %v, want %s %s", name, f.Verdict, f.Reason.Key, f.Reason.Args, v, reason)
	}
	for _, lang := range text.Languages() {
		for _, p := range []finding.Phrase{f.Reason, f.Cure} {
			if said := p.In(text.Load(lang)); p.Key != "" && (said == p.Key || strings.ContainsAny(said, "{}")) {
				t.Errorf("%s: %s: %q", name, lang, said)
			}
		}
	}
	if (f.Cure.Key == "") != (f.Verdict == finding.Pass) {
		t.Errorf("%s: a cure where there is something to cure: %+v", name, f)
	}
}

func TestOutboundAndRelay(t *testing.T) {
	t.Parallel()
	works := Relay{"smtp.example.net:465", func(context.Context) (bool, string) { return true, "" }}
	fails := Relay{"smtp.example.com:465", func(context.Context) (bool, string) { return false, "535 no" }}
	for _, c := range []struct {
		name        string
		open, known bool
		way         string
		relays      []Relay
		outbound    finding.Verdict
		outReason   string
		relay       finding.Verdict
		relayReason string
	}{
		{"open", true, true, "auto", nil, finding.Pass, "line_outbound_open", finding.Pass, "line_relay_not_needed"},
		{"shut", false, true, "auto", nil, finding.Fail, "line_outbound_shut", finding.Fail, "line_relay_needed"},
		{"no network", false, false, "auto", nil, finding.Unknown, "line_outbound_unknown", finding.Unknown, "line_relay_unknown"},
		{"shut with a relay", false, true, "auto", []Relay{works}, finding.Pass, "line_outbound_shut_relay", finding.Pass, "line_relay_works"},
		{"a relay that does not work", false, true, "auto", []Relay{fails}, finding.Pass, "line_outbound_shut_relay", finding.Fail, "line_relay_failed"},
		{"one of two", false, true, "auto", []Relay{fails, works}, finding.Pass, "line_outbound_shut_relay", finding.Warn, "line_relay_one_failed"},
		{"a relay is wanted, and there is none", true, true, "relay", nil, finding.Pass, "line_outbound_open", finding.Fail, "line_relay_missing"},
		{"direct is wanted", true, true, "direct", []Relay{fails}, finding.Pass, "line_outbound_open", finding.Pass, "line_relay_direct"},
		{"direct is wanted, and shut", false, true, "direct", []Relay{works}, finding.Fail, "line_outbound_shut", finding.Pass, "line_relay_direct"},
	} {
		l := &Line{Way: c.way, Relays: c.relays, Port25: func(context.Context) (bool, bool) { return c.open, c.known }}
		want(t, c.name, l.Outbound(t.Context()), c.outbound, c.outReason)
		want(t, c.name, l.Relay(t.Context()), c.relay, c.relayReason)
	}
}

// answer is what an eye saw: all ports open but those named.
func answer(a string, closed ...int) outside.Answer {
	answer := outside.Answer{Address: addr(a)}
	for _, p := range outside.Ports() {
		state := outside.Open
		if slices.Contains(closed, p) {
			state = outside.Closed
		}
		answer.Ports = append(answer.Ports, outside.Port{Port: p, State: state})
	}
	return answer
}

func TestInbound(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for _, c := range []struct {
		name    string
		where   Where
		witness Witness
		verdict finding.Verdict
		reason  string
	}{
		{"nobody knows", Where{}, Witness{}, finding.Unknown, "line_inbound_unknown"},
		// The eye knows best.
		{"all open", Where{Eye: []outside.Answer{answer("198.51.100.7")}}, Witness{Unreachable: epoch}, finding.Pass, "line_inbound_open"},
		{"25 shut", Where{Eye: []outside.Answer{answer("198.51.100.7", 25, 80)}}, Witness{}, finding.Fail, "line_inbound_mail_shut"},
		{"80 shut", Where{Eye: []outside.Answer{answer("198.51.100.7", 80)}}, Witness{}, finding.Warn, "line_inbound_some_shut"},
		{"25 shut over IPv6", Where{Eye: []outside.Answer{answer("198.51.100.7"), answer("2001:db8::7", 25)}}, Witness{}, finding.Fail, "line_inbound_mail_shut"},
		{"the eye is silent", Where{EyeError: errors.New("refused")}, Witness{}, finding.Unknown, "line_inbound_eye_silent"},
		// Without it others tell, as long as it is not too long ago.
		{"the line is shared", Where{Router: addr("100.64.1.2")}, Witness{}, finding.Fail, "line_inbound_shared"},
		{"mail came", Where{}, Witness{Mail: epoch.Add(-day)}, finding.Pass, "line_inbound_mail"},
		{"mail came long ago", Where{}, Witness{Mail: epoch.Add(-60 * day)}, finding.Unknown, "line_inbound_unknown"},
		{"the authority came", Where{}, Witness{Authority: epoch.Add(-day), Port: 80}, finding.Unknown, "line_inbound_authority"},
		{"the authority asked DNS alone", Where{}, Witness{Authority: epoch.Add(-day)}, finding.Unknown, "line_inbound_unknown"},
		{"the authority did not get through", Where{}, Witness{Unreachable: epoch.Add(-day)}, finding.Fail, "line_inbound_unreachable"},
		{"not then, but later", Where{}, Witness{Unreachable: epoch.Add(-2 * day), Authority: epoch.Add(-day), Port: 443}, finding.Unknown, "line_inbound_authority"},
	} {
		l := &Line{Witness: c.witness, Now: func() time.Time { return epoch }}
		want(t, c.name, l.Inbound(t.Context(), c.where), c.verdict, c.reason)
	}
}

func TestCGNAT(t *testing.T) {
	t.Parallel()
	home := []netip.Addr{addr("192.168.1.2"), addr("2001:db8::2")}
	eye := []outside.Answer{answer("198.51.100.7")}
	for _, c := range []struct {
		name    string
		machine []netip.Addr
		where   Where
		verdict finding.Verdict
		reason  string
	}{
		{"a rented machine", []netip.Addr{addr("198.51.100.7")}, Where{}, finding.Pass, "line_cgnat_own"},
		{"a router that does not tell", home, Where{}, finding.Unknown, "line_cgnat_unknown"},
		{"its own", home, Where{Router: addr("198.51.100.7")}, finding.Pass, "line_cgnat_none"},
		{"its own, and the eye sees the same", home, Where{Router: addr("198.51.100.7"), Eye: eye}, finding.Pass, "line_cgnat_none"},
		{"another than the eye sees", home, Where{Router: addr("203.0.113.9"), Eye: eye}, finding.Warn, "line_cgnat_differs"},
		{"shared", home, Where{Router: addr("100.127.255.1")}, finding.Warn, "line_cgnat_shared"},
		{"two routers", home, Where{Router: addr("192.168.178.20")}, finding.Warn, "line_cgnat_double"},
		{"shared, without a router", []netip.Addr{addr("100.64.0.5")}, Where{}, finding.Warn, "line_cgnat_machine"},
	} {
		l := &Line{Machine: c.machine}
		want(t, c.name, l.CGNAT(t.Context(), c.where), c.verdict, c.reason)
	}
}

func TestIPv6(t *testing.T) {
	t.Parallel()
	const host = "mail.example.org"
	six := Where{HasIPv6: true, Public: []netip.Addr{addr("2001:db8::7")}}
	seen := func(w Where, closed ...int) Where {
		w.Eye = []outside.Answer{answer("2001:db8::7", closed...)}
		return w
	}
	for _, c := range []struct {
		name, zone string
		where      Where
		verdict    finding.Verdict
		reason     string
	}{
		{"none", "mail.example.org. A 192.0.2.1", Where{}, finding.Pass, "line_ipv_six_none"},
		{"not told", "mail.example.org. A 192.0.2.1", six, finding.Pass, "line_ipv_six_unused"},
		{"no name", "", six, finding.Pass, "line_ipv_six_unused"},
		{"ours", "mail.example.org. AAAA 2001:db8::7", six, finding.Pass, "line_ipv_six_works"},
		{"ours, and seen", "mail.example.org. AAAA 2001:db8::7", seen(six), finding.Pass, "line_ipv_six_works"},
		{"ours, and shut", "mail.example.org. AAAA 2001:db8::7", seen(six, 993), finding.Fail, "line_ipv_six_shut"},
		{"promised, and there is none", "mail.example.org. AAAA 2001:db8::7", Where{}, finding.Fail, "line_ipv_six_promised"},
		{"of last week", "mail.example.org. AAAA 2001:db8::6", six, finding.Fail, "line_ipv_six_other"},
	} {
		l := &Line{Host: host, Resolver: dns.NewMap(c.zone), Machine: []netip.Addr{addr("192.168.1.2")}}
		want(t, c.name, l.IPv6(t.Context(), c.where), c.verdict, c.reason)
	}
	silent := dns.NewMap("")
	silent.Fail(host, "", dns.Timeout)
	l := &Line{Host: host, Resolver: silent}
	want(t, "silence", l.IPv6(t.Context(), six), finding.Unknown, "line_dns_silent")
}

// tlsServer answers on loopback with a certificate of its own, and gives its address.
func tlsServer(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: epoch.AddDate(9, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: 5 * time.Second}
	t.Cleanup(func() { server.Close() })
	go server.Serve(l)
	return l.Addr().String()
}

func TestHairpin(t *testing.T) {
	t.Parallel()
	ours, others := tlsServer(t), tlsServer(t)
	const name = "mail.example.org. A 198.51.100.7"
	dial := func(to string) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, _, address string) (net.Conn, error) {
			if to == "" || address != "198.51.100.7:443" {
				return nil, errors.New("no way to " + address)
			}
			return (&net.Dialer{}).DialContext(ctx, "tcp", to)
		}
	}
	silent := dns.NewMap("")
	silent.Fail("mail.example.org", "", dns.Timeout)
	for _, c := range []struct {
		name, host, out, here string
		zone                  *dns.Map
		machine               string
		verdict               finding.Verdict
		reason                string
	}{
		{"around", "mail.example.org", ours, ours, dns.NewMap(name), "192.168.1.2", finding.Pass, "line_hairpin_works"},
		{"a rented machine", "mail.example.org", "", ours, dns.NewMap(name), "198.51.100.7", finding.Pass, "line_hairpin_here"},
		{"no way", "mail.example.org", "", ours, dns.NewMap(name), "192.168.1.2", finding.Warn, "line_hairpin_missing"},
		{"the router itself", "mail.example.org", others, ours, dns.NewMap(name), "192.168.1.2", finding.Warn, "line_hairpin_other"},
		{"not running", "mail.example.org", ours, "", dns.NewMap(name), "192.168.1.2", finding.Unknown, "line_hairpin_not_running"},
		{"no address", "mail.example.org", ours, ours, dns.NewMap(""), "192.168.1.2", finding.Unknown, "line_hairpin_no_address"},
		{"no name", "", ours, ours, dns.NewMap(""), "192.168.1.2", finding.Unknown, "line_hairpin_no_name"},
		{"silence", "mail.example.org", ours, ours, silent, "192.168.1.2", finding.Unknown, "line_dns_silent"},
	} {
		l := &Line{Host: c.host, Resolver: c.zone, Machine: []netip.Addr{addr(c.machine)}, Dial: dial(c.out)}
		l.Here = func(ctx context.Context, port int) (net.Conn, error) {
			if c.here == "" || port != 443 {
				return nil, errors.New("nobody is there")
			}
			return (&net.Dialer{}).DialContext(ctx, "tcp", c.here)
		}
		want(t, c.name, l.Hairpin(t.Context()), c.verdict, c.reason)
		if round := l.Hairpins(t.Context(), addr("198.51.100.7")); round != (c.out == ours && c.here == ours) {
			t.Errorf("%s: leads round: %v", c.name, round)
		}
	}
}

// Where we are is what the machine, the router and the eye say together.
func TestFind(t *testing.T) {
	t.Parallel()
	// An eye that answers what it is told.
	eye := func(answer string) *outside.Client {
		return &outside.Client{Address: "eye.example:8025", Dial: func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go func() {
				defer there.Close()
				if _, err := there.Read(make([]byte, 4096)); err == nil {
					fmt.Fprintf(there, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
				}
			}()
			return here, nil
		}}
	}
	router := func(a string) func(context.Context) (netip.Addr, error) {
		return func(context.Context) (netip.Addr, error) {
			if a == "" {
				return netip.Addr{}, errors.New("silent")
			}
			return addr(a), nil
		}
	}
	for _, c := range []struct {
		name    string
		machine []string
		router  string
		eye     *outside.Client
		public  []string
		certain bool
	}{
		{"nothing", nil, "", nil, nil, false},
		{"a home", []string{"192.168.1.2"}, "", nil, nil, false},
		{"a router that tells", []string{"192.168.1.2", "2001:db8::2"}, "198.51.100.7", nil, []string{"198.51.100.7", "2001:db8::2"}, true},
		{"a shared line", []string{"192.168.1.2"}, "100.64.0.7", nil, nil, false},
		{"a rented machine does not ask", []string{"198.51.100.7"}, "192.168.9.9", nil, []string{"198.51.100.7"}, true},
		{"an eye", []string{"192.168.1.2"}, "", eye(`{"address":"198.51.100.7","ports":[]}`), []string{"198.51.100.7"}, true},
		{"an eye and a router that says otherwise", []string{"192.168.1.2"}, "203.0.113.9", eye(`{"address":"198.51.100.7"}`), []string{"198.51.100.7"}, true},
		{"an eye that answers nonsense", []string{"192.168.1.2"}, "", eye("nonsense"), nil, false},
	} {
		l := &Line{Router: router(c.router), Eye: c.eye}
		for _, m := range c.machine {
			l.Machine = append(l.Machine, addr(m))
		}
		w := l.Find(t.Context())
		var public []string
		for _, a := range w.Public {
			public = append(public, a.String())
		}
		if !slices.Equal(public, c.public) || w.Certainly != c.certain || (w.EyeError != nil) != strings.Contains(c.name, "nonsense") {
			t.Errorf("%s: %+v", c.name, w)
		}
	}
}
