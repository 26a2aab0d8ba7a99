// Package dnstest serves a dns.Map on loopback, over UDP and TCP, so that the
// real resolver, and other programs under test, are asked by the real protocol.
package dnstest

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	wire "github.com/miekg/dns"

	"buzon/internal/dns"
)

// Server answers from a Map until Close.
type Server struct {
	Map  *dns.Map
	Addr string // IP:port, of both networks

	mu      sync.Mutex
	tamper  Tamper
	servers []*wire.Server
	ended   sync.WaitGroup
}

// Tamper sends what it likes in place of an answer; network is "udp" or "tcp",
// answer nil where the Map is silent. Each send is one packet or one framed
// message.
type Tamper func(network string, query, answer *wire.Msg, send func(packet []byte))

// Start serves m at a free port of 127.0.0.1 until the test ends.
func Start(t testing.TB, m *dns.Map) *Server {
	t.Helper()
	s, err := Listen("127.0.0.1:0", m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// tries to find a port that both networks have free.
const tries = 20

// Listen serves m at an address. Port 0 is a free one.
func Listen(address string, m *dns.Map) (*Server, error) {
	var last error
	for range tries {
		stream, err := net.Listen("tcp", address)
		if err != nil {
			return nil, fmt.Errorf("listen for DNS: %w", err)
		}
		packets, err := net.ListenPacket("udp", stream.Addr().String())
		if err == nil {
			return serve(m, stream, packets), nil
		}
		last = errors.Join(err, stream.Close())
	}
	return nil, fmt.Errorf("listen for DNS: %w", last)
}

func serve(m *dns.Map, stream net.Listener, packets net.PacketConn) *Server {
	s := &Server{Map: m, Addr: stream.Addr().String()}
	s.run(&wire.Server{Listener: stream, Handler: s.handler("tcp")})
	s.run(&wire.Server{PacketConn: packets, Handler: s.handler("udp")})
	return s
}

func (s *Server) run(server *wire.Server) {
	started := make(chan struct{})
	server.NotifyStartedFunc = func() { close(started) }
	server.ReadTimeout = time.Minute // the default cuts off slow tests under -race
	s.servers = append(s.servers, server)
	s.ended.Go(func() { _ = server.ActivateAndServe() }) // ends with Close
	<-started
}

// Tamper puts f between the Map and the network; nil takes it away.
func (s *Server) Tamper(f Tamper) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tamper = f
}

// Close stops both networks.
func (s *Server) Close() {
	for _, server := range s.servers {
		_ = server.Shutdown() // an error says that it was stopped already
	}
	s.ended.Wait()
}

func (s *Server) handler(network string) wire.HandlerFunc {
	return func(w wire.ResponseWriter, query *wire.Msg) {
		answer := s.Map.Reply(query)
		if opt := query.IsEdns0(); answer != nil && !query.AuthenticatedData && (opt == nil || !opt.Do()) {
			answer.AuthenticatedData = false // RFC 6840 §5.7: told to those alone who ask
		}
		s.mu.Lock()
		tamper := s.tamper
		s.mu.Unlock()
		send := func(packet []byte) { _, _ = w.Write(packet) } // who asked may be gone
		if tamper != nil {
			tamper(network, query, answer, send)
			return
		}
		if answer != nil {
			send(Pack(network, query, answer))
		}
	}
}

// Pack is the answer as it goes over the network, cut short with the TC bit
// where a UDP packet would be larger than the question allows (RFC 6891 §6.2.5).
func Pack(network string, query, answer *wire.Msg) []byte {
	answer.Compress = true
	if network == "udp" {
		size := wire.MinMsgSize
		if opt := query.IsEdns0(); opt != nil {
			size = max(size, int(opt.UDPSize()))
		}
		answer.Truncate(size)
	}
	b, err := answer.Pack()
	if err != nil {
		panic(fmt.Sprintf("dnstest: %v", err)) // the text of the Map cannot be sent
	}
	return b
}
