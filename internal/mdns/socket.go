package mdns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// maxPacket is the largest packet that there may be (RFC 6762 §17), in octets.
const maxPacket = 9000

// sockets are one for each family of IP; a missing one is nil.
type sockets struct {
	log     *slog.Logger
	four    *ipv4.PacketConn
	six     *ipv6.PacketConn
	joined  map[key]bool
	reading sync.WaitGroup
	stop    context.CancelFunc
}

// open binds the port that all responders of a machine share, and reads it until ctx is over or close.
func open(ctx context.Context, packets chan<- packet, log *slog.Logger) (*sockets, error) {
	ctx, stop := context.WithCancel(ctx)
	s := &sockets{log: log, joined: make(map[key]bool), stop: stop}
	four, err4 := listen(ctx, "udp4", "0.0.0.0")
	if err4 == nil {
		s.four, err4 = prepare4(four)
	}
	six, err6 := listen(ctx, "udp6", "[::]")
	if err6 == nil {
		s.six, err6 = prepare6(six)
	}
	if s.four == nil && s.six == nil {
		stop()
		return nil, fmt.Errorf("%w: %w", errNoSocket, errors.Join(err4, err6))
	}
	if err := errors.Join(err4, err6); err != nil {
		log.Debug("multicast DNS without a family of IP", "err", err)
	}
	if s.four != nil {
		s.reading.Go(func() { read(ctx, s.read4, packets) })
	}
	if s.six != nil {
		s.reading.Go(func() { read(ctx, s.read6, packets) })
	}
	return s, nil
}

// listen binds the port beside others.
func listen(ctx context.Context, network, host string) (net.PacketConn, error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) {
			// RFC 6762 §15.1. The second is for systems where the first is not enough; those that lack it need it not.
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}); e != nil {
			return e
		}
		return err
	}}
	return config.ListenPacket(ctx, network, host+":"+strconv.Itoa(port))
}

// ttl is what all packets have (RFC 6762 §11): old askers take others for packets from outside of the link.
const ttl = 255

func prepare4(c net.PacketConn) (*ipv4.PacketConn, error) {
	p := ipv4.NewPacketConn(c)
	err := errors.Join(p.SetControlMessage(ipv4.FlagInterface|ipv4.FlagDst, true), p.SetMulticastTTL(ttl), p.SetTTL(ttl),
		p.SetMulticastLoopback(true)) // others on this machine ask, too
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return p, nil
}

func prepare6(c net.PacketConn) (*ipv6.PacketConn, error) {
	p := ipv6.NewPacketConn(c)
	err := errors.Join(p.SetControlMessage(ipv6.FlagInterface|ipv6.FlagDst, true), p.SetMulticastHopLimit(ttl), p.SetHopLimit(ttl),
		p.SetMulticastLoopback(true))
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return p, nil
}

func group(six bool) *net.UDPAddr {
	if six {
		return &net.UDPAddr{IP: net.ParseIP("ff02::fb"), Port: port}
	}
	return &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: port}
}

// join hears what is said on a link; false where that cannot be.
func (s *sockets) join(l Link) bool {
	if s.joined[l.key()] {
		return true
	}
	var err error
	on := &net.Interface{Index: l.Index}
	switch {
	case l.Six && s.six != nil:
		err = s.six.JoinGroup(on, group(true))
	case !l.Six && s.four != nil:
		err = s.four.JoinGroup(on, group(false))
	default:
		return false
	}
	if err != nil && !errors.Is(err, syscall.EADDRINUSE) { // which is that we are in it since before it went away and came back
		s.log.Debug("cannot hear a link", "index", l.Index, "six", l.Six, "err", err)
		return false
	}
	s.joined[l.key()] = true
	return true
}

// leaveAllBut forgets links that are gone.
func (s *sockets) leaveAllBut(links []Link) {
	there := make(map[key]bool)
	for _, l := range links {
		there[l.key()] = true
	}
	for k := range s.joined {
		if there[k] {
			continue
		}
		delete(s.joined, k)
		on := &net.Interface{Index: k.index}
		var err error
		if k.six {
			err = s.six.LeaveGroup(on, group(true))
		} else {
			err = s.four.LeaveGroup(on, group(false))
		}
		if err != nil {
			s.log.Debug("leaving a link that is gone", "index", k.index, "err", err)
		}
	}
}

// send sends a packet on its link. What is lost is asked for again.
func (s *sockets) send(p packet) {
	b, err := p.message.Pack()
	if err == nil {
		to := group(p.link.six)
		if p.peer.IsValid() {
			to = net.UDPAddrFromAddrPort(p.peer)
		}
		if p.link.six {
			_, err = s.six.WriteTo(b, &ipv6.ControlMessage{IfIndex: p.link.index}, to)
		} else {
			_, err = s.four.WriteTo(b, &ipv4.ControlMessage{IfIndex: p.link.index}, to)
		}
	}
	if err != nil {
		s.log.Debug("multicast DNS packet not sent", "index", p.link.index, "err", err)
	}
}

// close ends the reading.
func (s *sockets) close() {
	s.stop()
	if s.four != nil {
		s.four.Close()
	}
	if s.six != nil {
		s.six.Close()
	}
	s.reading.Wait()
}
