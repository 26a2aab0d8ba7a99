package dns_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	wire "github.com/miekg/dns"

	"buzon/internal/dns"
	"buzon/internal/dns/dnstest"
)

func TestClientCache(t *testing.T) {
	m, now := dns.NewMap(zone), newClock()
	s := dnstest.Start(t, m)
	c := client(s.Addr, now.Now)
	asked := func(name string, want int) {
		t.Helper()
		if n := m.Asked(name, "MX"); n != want {
			t.Errorf("%s: %d questions, want %d", name, n, want)
		}
	}
	// Kept for its TTL, which runs.
	expect(t, c, "example.org", nil)
	now.move(299 * time.Second)
	if a := expect(t, c, "EXAMPLE.org.", nil); a.TTL != time.Second {
		t.Error("TTL", a.TTL)
	}
	asked("example.org", 1)
	now.move(time.Second)
	expect(t, c, "example.org", nil)
	asked("example.org", 2)
	// A TTL of 0 is for this once (RFC 1035 §3.2.1).
	expect(t, c, "zero.example", nil)
	expect(t, c, "zero.example", nil)
	asked("zero.example", 2)
	// A denial for as long as its SOA says (RFC 2308 §5).
	expect(t, c, "nobody.example", dns.ErrNoDomain)
	now.move(59 * time.Second)
	if a := expect(t, c, "nobody.example", dns.ErrNoDomain); a.TTL != time.Second {
		t.Error("TTL", a.TTL)
	}
	asked("nobody.example", 1)
	now.move(time.Second)
	expect(t, c, "nobody.example", dns.ErrNoDomain)
	asked("nobody.example", 2)
	// A failure is not kept.
	m.Fail("bad.example", "", dns.ServFail)
	expect(t, c, "bad.example", dns.ErrTemporary)
	m.Fail("bad.example", "", dns.Answered)
	expect(t, c, "bad.example", dns.ErrNotFound)
	// Nor for longer than an hour, whatever is said.
	m.Add("long.example 604800 MX 1 mx.example.org.")
	expect(t, c, "long.example", nil)
	now.move(time.Hour)
	expect(t, c, "long.example", nil)
	asked("long.example", 2)
	// A clock that was set back.
	now.move(-2 * time.Hour)
	expect(t, c, "long.example", nil)
	asked("long.example", 3)
}

func TestClientServers(t *testing.T) {
	m := dns.NewMap(zone)
	good := dnstest.Start(t, m)
	dead, dialled := atomic.Int32{}, atomic.Int32{}
	file := filepath.Join(t.TempDir(), "resolv.conf")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := dns.NewClient(dns.Options{
		File: file,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			dialled.Add(1)
			if address == "192.0.2.1:53" {
				dead.Add(1)
				return nil, errors.New("nobody is there")
			}
			if address != "[2001:db8::53]:53" && address != "127.0.0.1:53" {
				t.Errorf("dialled %s", address)
			}
			return new(net.Dialer).DialContext(ctx, network, good.Addr)
		},
	})
	// No file: the one on this machine, whose word counts.
	if expect(t, c, "example.org", nil); !c.Trusted() {
		t.Error("the server on this machine is not trusted")
	}
	// A dead server costs its time once.
	write("# comment\nsearch example.com\nnameserver 192.0.2.1\nnameserver\nnameserver x.example\nnameserver 2001:db8::53 # two\noptions trust-ad\n")
	expect(t, c, "a.example", dns.ErrNoDomain)
	expect(t, c, "b.example", dns.ErrNoDomain)
	if dead.Load() != 1 || c.Trusted() {
		t.Error("the dead server was asked", dead.Load(), "times")
	}
	// The file was written: its new word counts at once.
	write("nameserver 127.0.0.1\n")
	if expect(t, c, "c.example", dns.ErrNoDomain); dead.Load() != 1 || !c.Trusted() {
		t.Error("the file was not read again")
	}
	// All dead: each was tried twice, and the error says whom.
	write("nameserver 192.0.2.1\n")
	if _, err := c.MX(t.Context(), "d.example"); !errors.Is(err, dns.ErrTemporary) || strings.Count(err.Error(), "192.0.2.1:53") != 1 || dead.Load() != 3 {
		t.Error(err, dead.Load())
	}
	if slices.Contains(m.Questions(), "MX d.example") {
		t.Error("another server was asked")
	}
}

// Servers and boxes on the way that know no EDNS.
func TestClientWithoutEDNS(t *testing.T) {
	old := func(reply func(query *wire.Msg) []byte) *dns.Client {
		s := dnstest.Start(t, dns.NewMap(zone))
		s.Tamper(func(network string, query, answer *wire.Msg, send func([]byte)) {
			if query.IsEdns0() == nil {
				send(dnstest.Pack(network, query, answer))
			} else if b := reply(query); b != nil {
				send(b)
			}
		})
		return dns.NewClient(dns.Options{
			Settings: func() dns.Settings { return dns.Settings{Server: "192.0.2.53:53"} },
			Timeout:  200 * time.Millisecond,
			Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, s.Addr)
			},
		})
	}
	t.Run("refused", func(t *testing.T) {
		c := old(func(query *wire.Msg) []byte {
			b := make([]byte, 12) // a header alone
			binary.BigEndian.PutUint16(b, query.Id)
			b[2], b[3] = 0x80, wire.RcodeFormatError
			return b
		})
		expect(t, c, "example.org", nil)
	})
	t.Run("dropped", func(t *testing.T) {
		expect(t, old(func(*wire.Msg) []byte { return nil }), "example.org", nil)
	})
}

func TestClientGivesUp(t *testing.T) {
	m := dns.NewMap(zone)
	m.Fail("slow.example", "", dns.Timeout)
	m.Fail("bad.example", "", dns.ServFail)
	s := dnstest.Start(t, m)
	c := dns.NewClient(dns.Options{
		Settings: func() dns.Settings { return dns.Settings{Server: s.Addr} }, Timeout: 50 * time.Millisecond,
	})
	if _, err := c.MX(t.Context(), "slow.example"); !errors.Is(err, dns.ErrTemporary) || !strings.Contains(err.Error(), "no answer in time") {
		t.Error(err)
	}
	if n := m.Asked("slow.example", "MX"); n != 2 {
		t.Errorf("%d tries", n)
	}
	if _, err := c.MX(t.Context(), "bad.example"); !errors.Is(err, dns.ErrTemporary) || !strings.Contains(err.Error(), "SERVFAIL") {
		t.Error(err)
	}
	// The caller's patience ends before that of the resolver.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m.Forget()
	if _, err := c.MX(ctx, "slow.example"); !errors.Is(err, dns.ErrTemporary) || len(m.Questions()) > 1 {
		t.Error(err, m.Questions())
	}
}
