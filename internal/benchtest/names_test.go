package benchtest

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// names is a name server.
type names struct {
	addr    string
	lookups atomic.Int64   // of mail servers
	first   chan time.Time // when the first of them came
}

func startNames(b *testing.B) *names {
	b.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	n := &names{addr: conn.LocalAddr().String(), first: make(chan time.Time, 1)}
	server := &dns.Server{PacketConn: conn, Handler: n}
	ended := make(chan struct{})
	go func() { defer close(ended); server.ActivateAndServe() }()
	b.Cleanup(func() { conn.Close(); <-ended })
	return n
}

// ServeDNS names a mail server, of which it gives no address. Nobody may remember the name: so each attempt asks for it.
func (n *names) ServeDNS(w dns.ResponseWriter, question *dns.Msg) {
	answer := new(dns.Msg).SetRcode(question, dns.RcodeServerFailure)
	if q := question.Question[0]; q.Qtype == dns.TypeMX {
		if n.lookups.Add(1) == 1 {
			n.first <- time.Now()
		}
		answer = new(dns.Msg).SetReply(question)
		answer.RecursionAvailable = true
		answer.Answer = []dns.RR{&dns.MX{Hdr: dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: q.Qclass}, Mx: "mx." + q.Name}}
	}
	w.WriteMsg(answer)
}

// askNames makes a file send to the servers of each domain.
func askNames(b *testing.B, data, addr string) {
	b.Helper()
	err := commands(data, []string{"settings", "set", "send.way", "direct"}, []string{"settings", "set", "dns.resolver", addr})
	if err != nil {
		b.Fatal(err)
	}
}
