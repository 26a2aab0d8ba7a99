package dns

import (
	"context"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"sync"

	wire "github.com/miekg/dns"
)

// lookups are the questions of Resolver over something that answers one.
type lookups struct{ asker asker }

func (l lookups) MX(ctx context.Context, domain string) (Answer[MX], error) {
	a, err := lookup(ctx, l.asker, domain, wire.TypeMX, func(rr *wire.MX) (MX, bool) {
		return MX{Host: plain(rr.Mx), Preference: rr.Preference}, true
	})
	slices.SortStableFunc(a.Records, func(x, y MX) int { return int(x.Preference) - int(y.Preference) })
	return a, err
}

func (l lookups) TXT(ctx context.Context, name string) (Answer[string], error) {
	return lookup(ctx, l.asker, name, wire.TypeTXT, func(rr *wire.TXT) (string, bool) {
		return text(rr.Txt), true
	})
}

func (l lookups) TLSA(ctx context.Context, name string) (Answer[TLSA], error) {
	return lookup(ctx, l.asker, name, wire.TypeTLSA, func(rr *wire.TLSA) (TLSA, bool) {
		data, err := hex.DecodeString(rr.Certificate)
		return TLSA{Usage: rr.Usage, Selector: rr.Selector, Matching: rr.MatchingType, Data: data}, err == nil
	})
}

func (l lookups) SRV(ctx context.Context, name string) (Answer[SRV], error) {
	a, err := lookup(ctx, l.asker, name, wire.TypeSRV, func(rr *wire.SRV) (SRV, bool) {
		return SRV{Host: plain(rr.Target), Port: rr.Port, Priority: rr.Priority, Weight: rr.Weight}, true
	})
	slices.SortStableFunc(a.Records, func(x, y SRV) int { return int(x.Priority) - int(y.Priority) })
	return a, err
}

func (l lookups) CNAME(ctx context.Context, name string) (Answer[string], error) {
	return lookup(ctx, l.asker, name, wire.TypeCNAME, func(rr *wire.CNAME) (string, bool) {
		return plain(rr.Target), true
	})
}

// PTR leaves out what cannot be the name of a host: it would only be written into headers.
func (l lookups) PTR(ctx context.Context, addr netip.Addr) (Answer[string], error) {
	name, err := reverseName(addr)
	if err != nil {
		return Answer[string]{}, err
	}
	return lookup(ctx, l.asker, name, wire.TypePTR, func(rr *wire.PTR) (string, bool) {
		host := plain(rr.Ptr)
		return host, isHost(host)
	})
}

func (l lookups) Addresses(ctx context.Context, host string) (Answer[netip.Addr], error) {
	if isLocalhost(host) {
		return loopback(host), nil
	}
	var six, four Answer[netip.Addr]
	var errSix, errFour error
	var both sync.WaitGroup
	both.Go(func() {
		six, errSix = lookup(ctx, l.asker, host, wire.TypeAAAA, func(rr *wire.AAAA) (netip.Addr, bool) {
			return address(rr.AAAA)
		})
	})
	four, errFour = l.IPv4(ctx, host)
	both.Wait()
	return merge(six, four, errSix, errFour)
}

func (l lookups) IPv4(ctx context.Context, name string) (Answer[netip.Addr], error) {
	return lookup(ctx, l.asker, name, wire.TypeA, func(rr *wire.A) (netip.Addr, bool) {
		return address(rr.A)
	})
}

// merge puts the two families together. What failed says nothing about what
// did not; without any address the error that may pass outweighs a denial.
func merge(six, four Answer[netip.Addr], errSix, errFour error) (Answer[netip.Addr], error) {
	switch {
	case errSix == nil && errFour == nil:
		six.Records = append(six.Records, four.Records...)
		return join(six, four), nil
	case errSix == nil:
		six.Partial = isTemporary(errFour)
		return six, nil
	case errFour == nil:
		four.Partial = isTemporary(errSix)
		return four, nil
	case isTemporary(errSix):
		return Answer[netip.Addr]{}, errSix
	case isTemporary(errFour):
		return Answer[netip.Addr]{}, errFour
	}
	return join(four, six), errFour
}

// join is a with the doubts of b.
func join(a, b Answer[netip.Addr]) Answer[netip.Addr] {
	a.Authentic = a.Authentic && b.Authentic
	a.TTL = min(a.TTL, b.TTL)
	return a
}

// address is as the connection will have it: one written as IPv4 in IPv6 is IPv4.
func address(ip []byte) (netip.Addr, bool) {
	a, ok := netip.AddrFromSlice(ip)
	return a.Unmap(), ok
}

// text puts the strings of a TXT record together (RFC 7208 §3.3, RFC 6376 §3.6.2.2).
// The library gives them as zone files write them.
func text(pieces []string) string {
	return unescape(strings.Join(pieces, ""))
}

// unescape undoes \DDD and \X (RFC 1035 §5.1).
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		if i+3 < len(s) && isDigits(s[i+1:i+4]) {
			b = append(b, (s[i+1]-'0')*100+(s[i+2]-'0')*10+s[i+3]-'0')
			i += 3
			continue
		}
		i++
		b = append(b, s[i])
	}
	return string(b)
}

func isDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// lookup asks for one type and turns its records into T, leaving out those that are none.
func lookup[R wire.RR, T any](ctx context.Context, a asker, name string, kind uint16, convert func(R) (T, bool)) (Answer[T], error) {
	q, err := ask(name, kind)
	if err != nil {
		return Answer[T]{}, err
	}
	if isNowhere(q.name) {
		return Answer[T]{Name: plain(q.name)}, &Error{Name: name, Type: kindName(kind), Err: ErrNoDomain}
	}
	f, err := find(ctx, a, q)
	if err != nil {
		return Answer[T]{}, err
	}
	answer := Answer[T]{Name: plain(f.name), Authentic: f.authentic, TTL: f.ttl}
	for _, rr := range f.records {
		if r, ok := rr.(R); ok {
			if t, ok := convert(r); ok {
				answer.Records = append(answer.Records, t)
			}
		}
	}
	if len(answer.Records) > 0 {
		return answer, nil
	}
	return answer, notFound(name, kind, f.code)
}

// notFound tells the two kinds of nothing apart.
func notFound(name string, kind uint16, code int) error {
	if code == wire.RcodeNameError {
		return &Error{Name: name, Type: kindName(kind), Err: ErrNoDomain}
	}
	return &Error{Name: name, Type: kindName(kind), Err: ErrNotFound}
}
