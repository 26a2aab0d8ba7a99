package mdns

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// kinds are sets of what we can tell. Each is told whole: a cache that hears a part with the flush bit forgets the rest (RFC
// 6762 §10.2).
type kinds uint8

const (
	address4   kinds = 1 << iota // A of the host
	address6                     // AAAA
	place                        // SRV of the page
	words                        // TXT of the page
	member                       // PTR: the page is one of all pages; such records are shared by all who have pages
	browse                       // PTR: there are pages; shared
	noMore                       // NSEC of the host
	noMorePage                   // NSEC of the page

	everyKind = 8
	shared    = member | browse
	claimed   = address4 | address6 | place | words // what is ours alone, and is probed for
	announced = claimed | shared
)

// Times to live, in seconds (RFC 6762 §10).
const (
	hostTTL   = 120
	otherTTL  = 4500
	legacyTTL = 10 // RFC 6762 §6.7: who asks like that does not hear of changes
)

const (
	flushBit = 1 << 15 // of a record's class: what else is known under this name and type is old (RFC 6762 §10.2)
	quickBit = 1 << 15 // of a question's class: the answer may come to the asker alone (RFC 6762 §5.4)

	pages   = "_http._tcp.local."
	browser = "_services._dns-sd._udp.local." // RFC 6763 §9
)

// names are those that we have while the label is ours.
type names struct {
	host string // "buzon.local."
	page string // "buzon._http._tcp.local."
}

func namesOf(label string) names {
	return names{host: label + ".local.", page: label + "." + pages}
}

// records makes those of some kinds, as they are on a link.
func (n names) records(k kinds, told []netip.Addr, port int) (list []dns.RR) {
	head := func(name string, kind uint16, ttl uint32) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
	}
	for _, a := range told {
		switch ip := net.IP(a.AsSlice()); {
		case a.Is4() && k&address4 != 0:
			list = append(list, &dns.A{Hdr: head(n.host, dns.TypeA, hostTTL), A: ip})
		case a.Is6() && k&address6 != 0:
			list = append(list, &dns.AAAA{Hdr: head(n.host, dns.TypeAAAA, hostTTL), AAAA: ip})
		}
	}
	for _, r := range []struct {
		kind   kinds
		record dns.RR
	}{
		{place, &dns.SRV{Hdr: head(n.page, dns.TypeSRV, hostTTL), Port: uint16(port), Target: n.host}},
		{words, &dns.TXT{Hdr: head(n.page, dns.TypeTXT, otherTTL), Txt: []string{"path=/"}}},
		{member, &dns.PTR{Hdr: head(pages, dns.TypePTR, otherTTL), Ptr: n.page}},
		{browse, &dns.PTR{Hdr: head(browser, dns.TypePTR, otherTTL), Ptr: pages}},
		// RFC 6762 §6.1: the types that there are; its next name is its own.
		{noMore, &dns.NSEC{Hdr: head(n.host, dns.TypeNSEC, hostTTL), NextDomain: n.host, TypeBitMap: hostTypes(told)}},
		{noMorePage, &dns.NSEC{Hdr: head(n.page, dns.TypeNSEC, otherTTL), NextDomain: n.page, TypeBitMap: []uint16{dns.TypeTXT, dns.TypeSRV}}},
	} {
		if k&r.kind != 0 {
			list = append(list, r.record)
		}
	}
	return list
}

// hostTypes are the types of the host's addresses.
func hostTypes(told []netip.Addr) (types []uint16) {
	if slices.ContainsFunc(told, netip.Addr.Is4) {
		types = append(types, dns.TypeA)
	}
	if slices.ContainsFunc(told, netip.Addr.Is6) {
		types = append(types, dns.TypeAAAA)
	}
	return types
}

// has takes out of k what there is nothing of on a link.
func has(k kinds, told []netip.Addr) kinds {
	if !slices.ContainsFunc(told, netip.Addr.Is4) {
		k &^= address4
	}
	if !slices.ContainsFunc(told, netip.Addr.Is6) {
		k &^= address6
	}
	return k
}

// asked is what a question wants to hear.
func (n names) asked(q dns.Question, told []netip.Addr) kinds {
	if class := q.Qclass &^ quickBit; class != dns.ClassINET && class != dns.ClassANY {
		return 0
	}
	kindsOf := func(types map[uint16]kinds, every, none kinds) kinds {
		if q.Qtype == dns.TypeANY {
			return has(every, told)
		}
		if k := has(types[q.Qtype], told); k != 0 {
			return k
		}
		return none // RFC 6762 §6.1: that there is none of this type is ours to say
	}
	switch {
	case strings.EqualFold(q.Name, n.host):
		return kindsOf(map[uint16]kinds{dns.TypeA: address4, dns.TypeAAAA: address6}, address4|address6, noMore)
	case strings.EqualFold(q.Name, n.page):
		return kindsOf(map[uint16]kinds{dns.TypeSRV: place, dns.TypeTXT: words}, place|words, noMorePage)
	case strings.EqualFold(q.Name, pages):
		return kindsOf(map[uint16]kinds{dns.TypePTR: member}, member, 0)
	case strings.EqualFold(q.Name, browser):
		return kindsOf(map[uint16]kinds{dns.TypePTR: browse}, browse, 0)
	}
	return 0
}

// next is what is asked for after an answer (RFC 6762 §6.2, RFC 6763 §12).
func (k kinds) next(told []netip.Addr) (also kinds) {
	if k&member != 0 {
		also |= place | words
	}
	if k&(member|place|address4|address6) != 0 {
		also |= address4 | address6
	}
	return has(also, told) &^ k
}

// data is what a record says, without its name: two that are equal in it do not contradict each other.
func data(r dns.RR) []byte {
	c := dns.Copy(r)
	c.Header().Name = "."
	buf := make([]byte, dns.Len(c)+1)
	end, err := dns.PackRR(c, buf, 0, nil, false)
	if err != nil {
		return nil
	}
	const head = 1 + 10 // the name of the root, type, class, TTL and length (RFC 1035 §3.2.1)
	return buf[head:end]
}
