package mdns

import (
	"context"
	"net"
	"net/netip"

	"github.com/miekg/dns"
)

// maxFailed is after how many failures without a packet between them a socket is of no use any more.
const maxFailed = 1000

// read hands over what comes until ctx is over.
func read(ctx context.Context, next func(buf []byte) (n int, p packet, err error), packets chan<- packet) {
	buf := make([]byte, maxPacket)
	for failed := 0; ctx.Err() == nil && failed < maxFailed; {
		n, p, err := next(buf)
		if err != nil { // such as the news that a packet of ours reached nobody
			failed++
			continue
		}
		if failed = 0; p.link.index == 0 {
			continue
		}
		if p.message, err = parse(buf[:n]); err != nil {
			continue // there are many odd devices in a home
		}
		select {
		case packets <- p:
		case <-ctx.Done():
		}
	}
}

// parse understands a packet; nothing of it refers to b.
func parse(b []byte) (*dns.Msg, error) {
	m := new(dns.Msg)
	return m, m.Unpack(b)
}

func (s *sockets) read4(buf []byte) (n int, p packet, err error) {
	n, cm, from, err := s.four.ReadFrom(buf)
	if err != nil || cm == nil {
		return 0, p, err
	}
	return n, received(key{cm.IfIndex, false}, from, cm.Dst), nil
}

func (s *sockets) read6(buf []byte) (n int, p packet, err error) {
	n, cm, from, err := s.six.ReadFrom(buf)
	if err != nil || cm == nil {
		return 0, p, err
	}
	return n, received(key{cm.IfIndex, true}, from, cm.Dst), nil
}

func received(on key, from net.Addr, to net.IP) packet {
	udp, ok := from.(*net.UDPAddr)
	if !ok {
		return packet{}
	}
	peer := udp.AddrPort()
	return packet{link: on, peer: netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port()), private: !to.IsMulticast()}
}

// addrOf is an address of a record.
func addrOf(ip net.IP) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}
