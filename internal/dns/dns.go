// Package dns asks the Domain Name System what sending and judging mail need
// to know: who takes mail for a domain, at which addresses, which texts and
// certificates it publishes, and what an address is called.
//
// It is a stub resolver (RFC 1034 §5.3.1): another server follows delegations
// and checks DNSSEC, so an answer is no truer than that server and the way to
// it. Therefore Answer.Authentic is only ever true when that server sits on
// this machine or the settings trust it (RFC 4035 §4.9.3, RFC 7672 §2.2.1).
//
// What comes back is bounded however hostile: records of one answer, links of
// one chain of aliases, octets of all texts together, octets of the cache.
//
// RFC 1034 and 1035, 2181 (TTL), 2308 (no), 4035 §4.9 and 6840 §5.7 (AD), 5452
// (forged answers), 6761 and 7686 (names never asked for), 6891 (EDNS),
// 7766 (TCP).
package dns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Resolver looks things up: Client in the appliance, Map in tests. Names are
// given with or without a final dot, in A-labels or U-labels, and are always
// complete: no search list is appended. Aliases (CNAME) are followed, except by
// CNAME itself.
//
// Every error wraps one of ErrNotFound, ErrTemporary and ErrName. With
// ErrNotFound the answer has no records, but its other fields are true of the
// denial: an Authentic one proves that there is nothing.
type Resolver interface {
	// MX gives the mail exchangers of a domain, by preference, those of equal
	// preference in the order of the answer. A null MX (RFC 7505) has Host "".
	MX(ctx context.Context, domain string) (Answer[MX], error)
	// Addresses asks for A and AAAA side by side, IPv6 first. One family is
	// enough: an error of the other is told only when neither has an address.
	Addresses(ctx context.Context, host string) (Answer[netip.Addr], error)
	// IPv4 asks for A alone: the answers of block lists are nothing else (RFC 5782 §2.1).
	IPv4(ctx context.Context, name string) (Answer[netip.Addr], error)
	// TXT gives the text records of a name, the strings of each put together.
	TXT(ctx context.Context, name string) (Answer[string], error)
	// TLSA gives the records at a whole name such as _25._tcp.mx.example.org.
	TLSA(ctx context.Context, name string) (Answer[TLSA], error)
	// SRV gives where a service is, at a whole name such as _imaps._tcp.example.org,
	// the lowest priority first (RFC 2782). Host "" says decidedly that there is none.
	SRV(ctx context.Context, name string) (Answer[SRV], error)
	// CNAME gives the one name that the name itself is an alias of (RFC 7672 §2.1.3).
	CNAME(ctx context.Context, name string) (Answer[string], error)
	// PTR gives the names that an address claims. Confirm looks whether they are true.
	PTR(ctx context.Context, addr netip.Addr) (Answer[string], error)
}

// Answer is what one question found.
type Answer[T any] struct {
	Name      string        // the name that owns the records: the one asked for, or the end of its aliases; A-labels, lower case, no final dot
	Records   []T           // at least one unless the error is ErrNotFound
	Authentic bool          // every record on the way was authenticated (DNSSEC) by a resolver that is believed
	Partial   bool          // of Addresses: one family did not answer, there may be more
	TTL       time.Duration // how much longer this may be believed; the shortest of all records on the way
}

// MX is a mail exchanger (RFC 5321 §5.1). The lowest preference goes first.
type MX struct {
	Host       string // A-labels, lower case, no final dot; "" is the root: no mail is taken (RFC 7505)
	Preference uint16
}

// SRV is where a service is (RFC 2782).
type SRV struct {
	Host             string // A-labels, lower case, no final dot; "" is the root: the service is decidedly not available
	Port             uint16
	Priority, Weight uint16
}

// TLSA says which certificate to expect (RFC 6698 §2.1).
type TLSA struct {
	Usage, Selector, Matching uint8
	Data                      []byte
}

// The three kinds of errors, and one finer distinction.
var (
	ErrNotFound  = errors.New("no such record in DNS")                  // the name has no record of that type
	ErrNoDomain  = fmt.Errorf("no such name in DNS: %w", ErrNotFound)   // and no record of any type (NXDOMAIN)
	ErrTemporary = errors.New("DNS did not answer")                     // no answer, SERVFAIL (a broken signature too), or an unusable one
	ErrName      = errors.New("not a name that DNS can be asked about") // too long, or an empty label
)

// Error is what went wrong with one question.
type Error struct {
	Name   string // as asked
	Type   string // "MX", "A", …
	Err    error  // ErrNotFound, ErrNoDomain, ErrTemporary or ErrName
	Detail string // what a server said or did; may be ""
}

func (e *Error) Error() string {
	text := e.Type + " of " + e.Name + ": " + e.Err.Error()
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	return text
}

// Unwrap gives the kind.
func (e *Error) Unwrap() error { return e.Err }
