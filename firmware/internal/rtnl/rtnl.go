// Package rtnl tells the kernel about links, addresses and routes, and hears from it (rtnetlink(7)): the few messages that
// a machine with an Ethernet port needs.
//
// Invariants: every request waits for the kernel's answer, and an error of it is an error here. What the kernel sends is
// parsed with its lengths checked, and what is not understood is passed over.
package rtnl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Link is a network interface.
type Link struct {
	Index    int
	Name     string
	Ethernet bool // it is a card, or looks like one; the loopback is none
	Up       bool // it was switched on
	Carrier  bool // there is a cable, and somebody at its other end
}

// Address is one of an interface's.
type Address struct {
	Index  int // of its Link
	Prefix netip.Prefix
	Usable bool // not tentative, nor found to be somebody else's
}

// Route is the one to everything that has no other.
type Route struct {
	Index  int // of the link
	Via    netip.Addr
	Metric int // the lowest one is taken
}

// Conn asks the kernel. It is safe for concurrent use.
type Conn struct {
	mu       sync.Mutex // held from a request to its last answer
	fd       int
	sequence uint32
}

// Open makes one.
func Open() (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, os.NewSyscallError("netlink socket", err)
	}
	return &Conn{fd: fd}, nil
}

// Close ends it.
func (c *Conn) Close() error { return unix.Close(c.fd) }

// call sends a request and hands the answers on, until the kernel says that it is done.
func (c *Conn) call(kind, flags int, body []byte, hear func(syscall.NetlinkMessage)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	b := make([]byte, unix.NLMSG_HDRLEN, unix.NLMSG_HDRLEN+len(body))
	b = append(b, body...)
	ne := binary.NativeEndian
	ne.PutUint32(b, uint32(len(b)))
	ne.PutUint16(b[4:], uint16(kind))
	ne.PutUint16(b[6:], uint16(flags|unix.NLM_F_REQUEST))
	ne.PutUint32(b[8:], c.sequence)
	if err := unix.Sendto(c.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return os.NewSyscallError("netlink send", err)
	}
	return c.answers(hear)
}

func (c *Conn) answers(hear func(syscall.NetlinkMessage)) error {
	b := make([]byte, 32<<10) // the kernel fills no more than this at once
	for {
		n, _, err := unix.Recvfrom(c.fd, b, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return os.NewSyscallError("netlink receive", err)
		}
		messages, err := syscall.ParseNetlinkMessage(b[:n])
		if err != nil {
			return fmt.Errorf("netlink: %w", err)
		}
		for _, m := range messages {
			if m.Header.Seq != c.sequence {
				continue // of a request that was given up
			}
			if done, err := end(m); done {
				return err
			}
			if hear != nil {
				hear(m)
			}
		}
	}
}

// end tells whether a message is the last one, and with which error.
func end(m syscall.NetlinkMessage) (done bool, err error) {
	switch m.Header.Type {
	case unix.NLMSG_DONE:
		return true, nil
	case unix.NLMSG_ERROR: // number 0 is no error
		if len(m.Data) < 4 {
			return true, errors.New("netlink: an answer is cut short")
		}
		if n := int32(binary.NativeEndian.Uint32(m.Data)); n != 0 {
			return true, syscall.Errno(-n)
		}
		return true, nil
	}
	return false, nil
}

// Links are all of them.
func (c *Conn) Links() ([]Link, error) {
	var links []Link
	err := c.call(unix.RTM_GETLINK, unix.NLM_F_DUMP, make([]byte, unix.SizeofIfInfomsg), func(m syscall.NetlinkMessage) {
		if l, ok := parseLink(m); ok {
			links = append(links, l)
		}
	})
	return links, wrap("list links", err)
}

// Addresses are those of all links.
func (c *Conn) Addresses() ([]Address, error) {
	var all []Address
	err := c.call(unix.RTM_GETADDR, unix.NLM_F_DUMP, make([]byte, unix.SizeofIfAddrmsg), func(m syscall.NetlinkMessage) {
		if a, ok := parseAddress(m); ok {
			all = append(all, a)
		}
	})
	return all, wrap("list addresses", err)
}

// SetUp switches a link on.
func (c *Conn) SetUp(index int) error {
	b := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(b[4:], uint32(index))
	binary.NativeEndian.PutUint32(b[8:], unix.IFF_UP)
	binary.NativeEndian.PutUint32(b[12:], unix.IFF_UP) // what of it changes
	return wrap("switch a link on", c.call(unix.RTM_NEWLINK, unix.NLM_F_ACK, b, nil))
}

// AddAddress gives a link an address, or does nothing if it has it.
func (c *Conn) AddAddress(index int, p netip.Prefix) error {
	flags := unix.NLM_F_ACK | unix.NLM_F_CREATE | unix.NLM_F_REPLACE
	return wrap("add "+p.String(), c.call(unix.RTM_NEWADDR, flags, addressBody(index, p), nil))
}

// RemoveAddress takes it away; that it is not there is no error.
func (c *Conn) RemoveAddress(index int, p netip.Prefix) error {
	err := c.call(unix.RTM_DELADDR, unix.NLM_F_ACK, addressBody(index, p), nil)
	if errors.Is(err, unix.EADDRNOTAVAIL) {
		return nil
	}
	return wrap("remove "+p.String(), err)
}

// SetDefault makes r the default route of its metric, in place of another.
func (c *Conn) SetDefault(r Route) error {
	flags := unix.NLM_F_ACK | unix.NLM_F_CREATE | unix.NLM_F_REPLACE
	return wrap("route by "+r.Via.String(), c.call(unix.RTM_NEWROUTE, flags, routeBody(r), nil))
}

// RemoveDefault takes it away; that it is not there is no error.
func (c *Conn) RemoveDefault(r Route) error {
	err := c.call(unix.RTM_DELROUTE, unix.NLM_F_ACK, routeBody(r), nil)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return wrap("remove the route by "+r.Via.String(), err)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
