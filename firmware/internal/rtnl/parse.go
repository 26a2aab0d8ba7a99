package rtnl

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func parseLink(m syscall.NetlinkMessage) (Link, bool) {
	if m.Header.Type != unix.RTM_NEWLINK || len(m.Data) < unix.SizeofIfInfomsg {
		return Link{}, false
	}
	ne := binary.NativeEndian
	kind, flags := ne.Uint16(m.Data[2:]), ne.Uint32(m.Data[8:])
	l := Link{
		Index:    int(int32(ne.Uint32(m.Data[4:]))),
		Ethernet: kind == unix.ARPHRD_ETHER,
		Up:       flags&unix.IFF_UP != 0,
		Carrier:  flags&unix.IFF_LOWER_UP != 0,
	}
	for kind, value := range attributes(m.Data[unix.SizeofIfInfomsg:]) {
		if kind == unix.IFLA_IFNAME {
			l.Name = string(bytes.TrimRight(value, "\x00"))
		}
	}
	return l, l.Name != ""
}

func parseAddress(m syscall.NetlinkMessage) (Address, bool) {
	if m.Header.Type != unix.RTM_NEWADDR || len(m.Data) < unix.SizeofIfAddrmsg {
		return Address{}, false
	}
	bits, flags := int(m.Data[1]), uint32(m.Data[2])
	a := Address{Index: int(int32(binary.NativeEndian.Uint32(m.Data[4:])))}
	var own, any netip.Addr
	for kind, value := range attributes(m.Data[unix.SizeofIfAddrmsg:]) {
		switch kind {
		case unix.IFA_LOCAL: // IPv4; IFA_ADDRESS may be the other end there
			own, _ = netip.AddrFromSlice(value)
		case unix.IFA_ADDRESS:
			any, _ = netip.AddrFromSlice(value)
		case unix.IFA_FLAGS:
			if len(value) >= 4 {
				flags = binary.NativeEndian.Uint32(value)
			}
		}
	}
	if !own.IsValid() {
		own = any
	}
	a.Prefix = netip.PrefixFrom(own, bits)
	a.Usable = flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) == 0
	return a, a.Prefix.IsValid()
}

// attributes goes through a message's attributes, as far as their lengths are right.
func attributes(b []byte) func(yield func(kind uint16, value []byte) bool) {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= unix.SizeofRtAttr {
			length := int(binary.NativeEndian.Uint16(b))
			if length < unix.SizeofRtAttr || length > len(b) {
				return
			}
			kind := binary.NativeEndian.Uint16(b[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
			if !yield(kind, b[unix.SizeofRtAttr:length]) {
				return
			}
			b = b[min(len(b), (length+3)&^3):]
		}
	}
}

// Resolvers are name servers that a router told of.
type Resolvers struct {
	Index int // of the link
	Addrs []netip.Addr
	Valid time.Duration // 0: they are to be forgotten
}

const (
	routerAdvertisement = 134 // RFC 4861 §4.2
	recursiveDNS        = 25  // RFC 8106 §5.1
	optionUnit          = 8   // octets of an option's length
	userOptionHead      = 16  // octets of struct nduseroptmsg
)

// parseResolvers reads what the kernel hands on of router advertisements.
func parseResolvers(m syscall.NetlinkMessage) (Resolvers, bool) {
	if m.Header.Type != unix.RTM_NEWNDUSEROPT || len(m.Data) < userOptionHead {
		return Resolvers{}, false
	}
	ne := binary.NativeEndian
	length := int(ne.Uint16(m.Data[2:]))
	options := m.Data[userOptionHead:]
	if m.Data[0] != unix.AF_INET6 || m.Data[8] != routerAdvertisement || length > len(options) {
		return Resolvers{}, false
	}
	r := Resolvers{Index: int(int32(ne.Uint32(m.Data[4:])))}
	options = options[:length]
	for len(options) >= optionUnit {
		size := int(options[1]) * optionUnit
		if size == 0 || size > len(options) {
			break
		}
		if options[0] == recursiveDNS {
			r.add(options[:size])
		}
		options = options[size:]
	}
	return r, len(r.Addrs) > 0
}

func (r *Resolvers) add(option []byte) {
	const most = 4
	r.Valid = time.Duration(binary.BigEndian.Uint32(option[4:])) * time.Second
	for b := option[8:]; len(b) >= 16 && len(r.Addrs) < most; b = b[16:] {
		a := netip.AddrFrom16([16]byte(b))
		if a.IsLinkLocalUnicast() { // is found on its own link alone
			continue
		}
		r.Addrs = append(r.Addrs, a)
	}
}
