package dnstest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	wire "github.com/miekg/dns"

	"buzon/internal/dns"
)

// stranger is the resolver of the standard library, which knows nothing of ours.
func stranger(s *Server) *net.Resolver {
	return &net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Addr)
	}}
}

func TestServerToStrangers(t *testing.T) {
	m := dns.NewMap("example.org MX 10 mx.example.org.\nmx.example.org A 192.0.2.1")
	for i := range 100 { // more than a packet holds
		m.Add(fmt.Sprintf(`many.example TXT "text number %d"`, i))
	}
	s := Start(t, m)
	r, ctx := stranger(s), t.Context()
	if mx, err := r.LookupMX(ctx, "example.org."); err != nil || len(mx) != 1 || mx[0].Host != "mx.example.org." {
		t.Errorf("%v %v", mx, err)
	}
	if hosts, err := r.LookupHost(ctx, "mx.example.org."); err != nil || len(hosts) != 1 || hosts[0] != "192.0.2.1" {
		t.Errorf("%v %v", hosts, err)
	}
	if texts, err := r.LookupTXT(ctx, "many.example."); err != nil || len(texts) != 100 {
		t.Errorf("%d texts: %v", len(texts), err)
	}
	var missing *net.DNSError
	if _, err := r.LookupMX(ctx, "nobody.example."); !errors.As(err, &missing) || !missing.IsNotFound {
		t.Error(err)
	}
}

// AD is for those who ask (RFC 6840 §5.7).
func TestServerTellsAD(t *testing.T) {
	m := dns.NewMap("example.org MX 10 mx.example.org.")
	m.Secure("example.org")
	s := Start(t, m)
	for _, c := range []struct{ ad, do, want bool }{{false, false, false}, {true, false, true}, {false, true, true}} {
		q := new(wire.Msg).SetQuestion("example.org.", wire.TypeMX)
		q.AuthenticatedData = c.ad
		if c.do {
			q.SetEdns0(1232, true)
		}
		answer, err := wire.ExchangeContext(t.Context(), q, s.Addr)
		if err != nil || answer.AuthenticatedData != c.want {
			t.Errorf("%+v: %v %v", c, answer, err)
		}
	}
}

func TestListenWhereOneIs(t *testing.T) {
	m := dns.NewMap("example.org MX 10 mx.example.org.")
	s := Start(t, m)
	if other, err := Listen(s.Addr, m); err == nil {
		other.Close()
		t.Error("two servers at one address")
	}
	s.Close() // and again when the test ends
	again, err := Listen(s.Addr, m)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}
