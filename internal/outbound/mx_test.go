package outbound

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"buzon/internal/dns"
)

const hosts = `
	a.mx.example   A    192.0.2.1
	b.mx.example   A    192.0.2.2
	c.mx.example   A    192.0.2.3
	far.example    MX   10 a.mx.example.
`

func TestWhereMailGoes(t *testing.T) {
	for _, test := range []struct {
		about, zone string
		want        string // the host reached; "" a refusal
		refusal     string
	}{
		// RFC 5321 §5.1: preference, fall-back, implicit MX.
		{about: "preference", zone: "d.example MX 20 b.mx.example.\nd.example MX 10 a.mx.example.", want: "a.mx.example"},
		{about: "fall-back", zone: "d.example MX 10 c.mx.example.\nd.example MX 20 b.mx.example.", want: "b.mx.example"},
		{about: "implicit", zone: "d.example A 192.0.2.1", want: "d.example"},
		{about: "a host without address is passed over", zone: "d.example MX 1 gone.example.\nd.example MX 2 a.mx.example.", want: "a.mx.example"},
		// Our own name: it and all that is not nearer is dropped.
		{about: "we are the backup", zone: "d.example MX 10 a.mx.example.\nd.example MX 20 mail.home.example.\nd.example MX 30 b.mx.example.",
			want: "a.mx.example"},
		{about: "we are the best", zone: "d.example MX 10 mail.home.example.\nd.example MX 20 a.mx.example.", refusal: "554 5.4.6"},
		{about: "as near as we are", zone: "d.example MX 10 a.mx.example.\nd.example MX 10 mail.home.example.", refusal: "554 5.4.6"},
		// Addresses that lead back.
		{about: "loopback", zone: "d.example A 127.0.0.1", refusal: "554 5.4.6"},
		// RFC 7505.
		{about: "null MX", zone: "d.example MX 0 .", refusal: "556 5.1.10"},
		{about: "null MX is one alone", zone: "d.example MX 0 .\nd.example MX 10 a.mx.example.", want: "a.mx.example"},
		// What is not there.
		{about: "no domain", zone: "e.example A 192.0.2.1", refusal: "550 5.1.2"},
		{about: "no server", zone: "d.example TXT hello", refusal: "550 5.1.2"},
		{about: "no host at all", zone: "d.example MX 10 gone.example.", refusal: "550 5.4.4"},
		{about: "nobody answers", zone: "d.example MX 10 c.mx.example.", refusal: "451 4.4.1"},
	} {
		t.Run(test.about, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, hosts+test.zone)
			w.serve("192.0.2.1:25", (&peer{}).serve)
			w.serve("192.0.2.2:25", (&peer{}).serve)
			if test.want == "" {
				w.refuse("d.example", test.refusal)
			} else if x := w.open("d.example"); x.Host() != test.want {
				t.Errorf("reached %s, want %s", x.Host(), test.want)
			}
		})
	}
}

func TestDNSTroubleIsTemporary(t *testing.T) {
	for _, kind := range []string{"MX", "A"} {
		w := newWorld(t, hosts)
		w.dns.Fail("far.example", kind, dns.ServFail)
		w.dns.Fail("a.mx.example", kind, dns.ServFail)
		w.dns.Fail("a.mx.example", "AAAA", dns.ServFail)
		w.refuse("far.example", "451 4.4.3")
	}
}

// TestEqualsAreShuffled: RFC 5321 §5.1 spreads the load over hosts of one preference, and only over those.
func TestEqualsAreShuffled(t *testing.T) {
	w := newWorld(t, "")
	w.s.Shuffle = func(n int, swap func(i, j int)) { swap(0, n-1) }
	got, err := w.s.order(t.Context(), []dns.MX{{Host: "a", Preference: 10}, {Host: "b", Preference: 5}, {Host: "c", Preference: 10}})
	if want := []string{"b", "c", "a"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

func TestHostsAreCapped(t *testing.T) {
	w := newWorld(t, "")
	var records []dns.MX
	for i := range 100 {
		records = append(records, dns.MX{Host: string(rune('a'+i%26)) + ".example", Preference: uint16(i)})
	}
	if got, err := w.s.order(t.Context(), records); err != nil || len(got) != maxHosts {
		t.Errorf("%d hosts, %v", len(got), err)
	}
}

// TestIPv6First: and the other family when it does not answer.
func TestIPv6First(t *testing.T) {
	w := newWorld(t, "far.example A 192.0.2.1\nfar.example AAAA 2001:db8::1")
	w.serve("192.0.2.1:25", (&peer{}).serve)
	w.open("far.example")
	if want := []string{"[2001:db8::1]:25", "192.0.2.1:25"}; !slices.Equal(w.dialled, want) {
		t.Errorf("dialled %v, want %v", w.dialled, want)
	}
}

func TestSpread(t *testing.T) {
	six := func(n int) (a []netip.Addr) {
		for i := range n {
			a = append(a, netip.AddrFrom16([16]byte{0x20, 1, 15: byte(i)}))
		}
		return a
	}
	four := func(n int) (a []netip.Addr) {
		for i := range n {
			a = append(a, netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))
		}
		return a
	}
	for _, test := range []struct{ six, four, wantSix, wantFour int }{
		{1, 1, 1, 1}, {0, 9, 0, 6}, {9, 0, 6, 0}, {9, 9, 3, 3}, {9, 1, 5, 1}, {1, 9, 1, 5},
	} {
		got := spread(append(four(test.four), six(test.six)...), 6)
		want := append(six(test.six)[:test.wantSix], four(test.four)[:test.wantFour]...)
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

func TestADeadHostDoesNotHoldUpTheNext(t *testing.T) {
	w := newWorld(t, hosts+"d.example MX 10 c.mx.example.\nd.example MX 20 a.mx.example.")
	w.serve("192.0.2.1:25", (&peer{}).serve)
	dial := w.s.Dial
	w.s.Timeouts.Connect = 20 * time.Millisecond
	held := make(chan struct{})
	w.s.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == "192.0.2.3:25" {
			close(held)
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return dial(context.WithoutCancel(ctx), network, address)
	}
	w.open("d.example")
	<-held
}

// TestLiterals: RFC 5321 §4.1.3, without DNS.
func TestLiterals(t *testing.T) {
	w := newWorld(t, "")
	w.serve("192.0.2.1:25", (&peer{}).serve)
	w.serve("[2001:db8::1]:25", (&peer{}).serve)
	for _, domain := range []string{"[192.0.2.1]", "[IPv6:2001:db8::1]"} {
		if x := w.open(domain); x.Host() != domain {
			t.Errorf("%s: reached %s", domain, x.Host())
		}
	}
	w.refuse("[127.0.0.1]", "554 5.4.6")
	if asked := w.dns.Questions(); len(asked) > 0 {
		t.Errorf("asked %v", asked)
	}
}

func TestInternationalDomain(t *testing.T) {
	w := newWorld(t, "xn--bcher-kva.example MX 10 a.mx.example.\na.mx.example A 192.0.2.1")
	w.serve("192.0.2.1:25", (&peer{}).serve)
	w.open("bücher.example")
	w.refuse("büch er.example", "550 5.1.2")
}

// TestGreetingsThatRefuse: what is said before any mail condemns no message, but for 521 (RFC 7504).
func TestGreetingsThatRefuse(t *testing.T) {
	for greeting, want := range map[string]string{
		"554 5.7.1 go away": "451 4.7.1 Refused at greeting: 554 5.7.1 go away",
		"421 4.3.2 later":   "421 4.3.2",
		"521 5.3.2 never":   "521 5.3.2",
		"220":               "",
		"HTTP/1.0 400 no":   "451 4.4.1",
	} {
		w := newWorld(t, hosts)
		w.serve("192.0.2.1:25", (&peer{greeting: greeting}).serve)
		if want == "" {
			w.open("far.example")
		} else if told := w.refuse("far.example", want); told.Host != "a.mx.example" {
			t.Errorf("%s: host %q", greeting, told.Host)
		}
	}
}

// TestATemporaryFailureWins: mail comes back only when every server is hopeless.
func TestATemporaryFailureWins(t *testing.T) {
	w := newWorld(t, hosts+"d.example MX 10 a.mx.example.\nd.example MX 20 gone.example.\nd.example MX 30 b.mx.example.")
	w.serve("192.0.2.1:25", (&peer{greeting: "521 no"}).serve)
	w.serve("192.0.2.2:25", (&peer{greeting: "421 4.3.2 later"}).serve)
	if told := w.refuse("d.example", "421 4.3.2"); told.Host != "b.mx.example" {
		t.Errorf("host %q", told.Host)
	}
}

func TestSessionTakesManyMessages(t *testing.T) {
	w := newWorld(t, hosts)
	w.serve("192.0.2.1:25", (&peer{extra: "250-DSN\r\n"}).serve)
	x := w.open("far.example")
	for range 3 {
		if replies := w.send(x, false); len(replies) != 1 || replies[0].Code != 250 {
			t.Fatalf("replies %v", replies)
		}
	}
	if !x.Usable() || !x.RelaysDSN() || x.TLS() != "" || x.Host() != "a.mx.example" {
		t.Errorf("usable %v, DSN %v, TLS %q, host %q", x.Usable(), x.RelaysDSN(), x.TLS(), x.Host())
	}
	x.Close()
	if x.Usable() {
		t.Error("usable after Close")
	}
}

func TestSourceAddress(t *testing.T) {
	four, six := netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("::1")
	if d := dialer(four, netip.MustParseAddr("192.0.2.1")); d.LocalAddr == nil || d.LocalAddr.String() != "127.0.0.2:0" {
		t.Errorf("IPv4 to IPv4: %v", d.LocalAddr)
	}
	if d := dialer(four, six); d.LocalAddr != nil {
		t.Errorf("IPv4 to IPv6: %v", d.LocalAddr)
	}
	if d := dialer(netip.Addr{}, six); d.LocalAddr != nil {
		t.Errorf("any: %v", d.LocalAddr)
	}
}

func TestIsHere(t *testing.T) {
	for text, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "0.0.0.0": true, "::": true, "224.0.0.1": true, "ff02::1": true, "169.254.1.1": true,
		"fe80::1": true, "198.51.100.77": false, "2001:db8::77": false,
	} {
		if isHere(netip.MustParseAddr(text)) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}
