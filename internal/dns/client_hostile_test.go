package dns_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	wire "github.com/miekg/dns"

	"buzon/internal/dns"
	"buzon/internal/dns/dnstest"
)

func TestClientTruncated(t *testing.T) {
	m := dns.NewMap(zone)
	for i := range 150 {
		m.Add(fmt.Sprintf("many.example MX %d mx%d.%s.example.", i, i, strings.Repeat("a", 40)))
	}
	for range 100 {
		m.Add("huge.example TXT" + strings.Repeat(` "`+strings.Repeat("x", 250)+`"`, 2))
	}
	for i := range 300 {
		m.Add(fmt.Sprintf("crowd.example A 192.0.2.%d", i%256))
		m.Add(fmt.Sprintf("crowd.example A 198.51.100.%d", i%256))
	}
	s := dnstest.Start(t, m)
	c := client(s.Addr, nil)
	if a := expect(t, c, "many.example", nil); len(a.Records) != 150 || a.Records[149].Preference != 149 {
		t.Errorf("%d records", len(a.Records))
	}
	if n := m.Asked("many.example", "MX"); n != 2 {
		t.Errorf("%d questions: once over each network", n)
	}
	if a, err := c.Addresses(t.Context(), "crowd.example"); err != nil || len(a.Records) != 200 {
		t.Errorf("%d records of an answer kept: %v", len(a.Records), err)
	}
	// More than is read at all.
	if _, err := c.TXT(t.Context(), "huge.example"); !errors.Is(err, dns.ErrTemporary) || !strings.Contains(err.Error(), "octets") {
		t.Error(err)
	}
}

// What is no answer to the question is as if it had not come.
func TestClientForged(t *testing.T) {
	m := dns.NewMap(zone)
	forged := map[string]func(answer *wire.Msg){
		"number":   func(a *wire.Msg) { a.Id++ },
		"name":     func(a *wire.Msg) { a.Question[0].Name = "example.com." },
		"type":     func(a *wire.Msg) { a.Question[0].Qtype = wire.TypeA },
		"class":    func(a *wire.Msg) { a.Question[0].Qclass = wire.ClassCHAOS },
		"question": func(a *wire.Msg) { a.Question = nil },
		"two":      func(a *wire.Msg) { a.Question = append(a.Question, a.Question[0]) },
		"no reply": func(a *wire.Msg) { a.Response = false },
		"opcode":   func(a *wire.Msg) { a.Opcode = wire.OpcodeNotify },
	}
	for name, forge := range forged {
		t.Run(name, func(t *testing.T) {
			s := dnstest.Start(t, m)
			s.Tamper(func(network string, query, answer *wire.Msg, send func([]byte)) {
				bad := answer.Copy()
				forge(bad)
				bad.Answer = []wire.RR{&wire.MX{Hdr: *answer.Answer[0].Header(), Mx: "evil.example."}}
				send(dnstest.Pack("tcp", query, bad))
				send([]byte("short"))
				send(dnstest.Pack(network, query, answer))
			})
			a := expect(t, client(s.Addr, nil), "example.org", nil)
			if len(a.Records) != 1 || a.Records[0].Host != "mx.example.org" {
				t.Errorf("%+v", a)
			}
		})
	}
}

// Whoever floods the port only moves the question to TCP, where the same are refused.
func TestClientFlooded(t *testing.T) {
	m := dns.NewMap(zone)
	s := dnstest.Start(t, m)
	var overTCP atomic.Bool
	s.Tamper(func(network string, query, answer *wire.Msg, send func([]byte)) {
		if network == "tcp" {
			overTCP.Store(true)
			send(dnstest.Pack(network, query, answer))
			return
		}
		answer.Id++
		for range 40 {
			send(dnstest.Pack(network, query, answer))
		}
	})
	if expect(t, client(s.Addr, nil), "example.org", nil); !overTCP.Load() {
		t.Error("TCP was not asked")
	}
	s.Tamper(func(network string, query, answer *wire.Msg, send func([]byte)) {
		answer.Id++
		for range 40 {
			send(dnstest.Pack(network, query, answer))
		}
	})
	expect(t, client(s.Addr, nil), "example.org", dns.ErrTemporary)
}

// Records that do not belong to the question are nobody's business.
func TestClientPoison(t *testing.T) {
	m := dns.NewMap(zone)
	s := dnstest.Start(t, m)
	s.Tamper(func(network string, query, answer *wire.Msg, send func([]byte)) {
		evil, err := wire.NewRR("example.com. 300 IN MX 1 evil.example.")
		if err != nil {
			t.Error(err)
		}
		answer.Answer = append([]wire.RR{evil}, answer.Answer...)
		answer.Extra = append(answer.Extra, evil)
		send(dnstest.Pack(network, query, answer))
	})
	c := client(s.Addr, nil)
	if a := expect(t, c, "example.org", nil); len(a.Records) != 1 || a.Records[0].Host != "mx.example.org" {
		t.Errorf("%+v", a)
	}
	s.Tamper(nil)
	expect(t, c, "example.com", dns.ErrNoDomain)
}

// Some servers give an alias and leave the rest to us; a chain without end is given up.
func TestClientFollows(t *testing.T) {
	m := dns.NewMap(zone)
	s := dnstest.Start(t, m)
	s.Tamper(func(network string, query, answer *wire.Msg, send func([]byte)) {
		if len(answer.Answer) > 1 {
			answer.Answer = answer.Answer[:1]
		}
		var n int
		if _, err := fmt.Sscanf(query.Question[0].Name, "chain%d.", &n); err == nil {
			answer.Rcode, answer.Ns = wire.RcodeSuccess, nil
			answer.Answer = []wire.RR{&wire.CNAME{
				Hdr:    wire.RR_Header{Name: query.Question[0].Name, Rrtype: wire.TypeCNAME, Class: wire.ClassINET, Ttl: 9},
				Target: fmt.Sprintf("chain%d.example.", n+1),
			}}
		}
		send(dnstest.Pack(network, query, answer))
	})
	c := client(s.Addr, nil)
	if a, err := c.Addresses(t.Context(), "alias.example"); err != nil || len(a.Records) != 1 || a.Name != "mx.example.org" || a.TTL != 120*time.Second {
		t.Errorf("%+v %v", a, err)
	}
	m.Forget()
	expect(t, c, "chain1.example", dns.ErrTemporary)
	if n := len(m.Questions()); n > 9 {
		t.Errorf("%d questions for a chain without end", n)
	}
}

// A server that is not for us, or answers with what cannot be read.
func TestClientUnusable(t *testing.T) {
	s := dnstest.Start(t, dns.NewMap(zone))
	for name, spoil := range map[string]func(query, answer *wire.Msg) []byte{
		"not for us": func(query, answer *wire.Msg) []byte {
			answer.Answer, answer.RecursionAvailable = nil, false
			return dnstest.Pack("tcp", query, answer)
		},
		"cut off": func(query, answer *wire.Msg) []byte {
			b := dnstest.Pack("tcp", query, answer)
			return b[:len(b)-len(answer.Extra)*11-3]
		},
		"a record that lies about its length": func(query, answer *wire.Msg) []byte {
			answer.Extra = nil
			b := dnstest.Pack("tcp", query, answer)
			at := 12 + len(wire.Fqdn("example.org")) + 1 + 4 + 2 + 8
			b[at+1]--
			return b[:len(b)-1]
		},
	} {
		s.Tamper(func(_ string, query, answer *wire.Msg, send func([]byte)) { send(spoil(query, answer)) })
		if _, err := client(s.Addr, nil).MX(t.Context(), "example.org"); !errors.Is(err, dns.ErrTemporary) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
