package dns

import (
	"context"
	"errors"
	"net"
	"net/netip"
)

// Standard is a Resolver in the manner of net.Resolver, for libraries: names
// end in a dot and every error is a bare *net.DNSError, whose IsNotFound and
// Temporary they look at. It suits the DNSResolver of blitiri.com.ar/go/spf.
type Standard struct{ Resolver Resolver }

// LookupTXT gives the texts of a name.
func (s Standard) LookupTXT(ctx context.Context, name string) ([]string, error) {
	a, err := s.Resolver.TXT(ctx, name)
	return a.Records, standardError(name, err)
}

// LookupMX gives the mail exchangers by preference.
func (s Standard) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	a, err := s.Resolver.MX(ctx, name)
	var all []*net.MX
	for _, mx := range a.Records {
		all = append(all, &net.MX{Host: mx.Host + ".", Pref: mx.Preference})
	}
	return all, standardError(name, err)
}

// LookupIPAddr gives the addresses of both families, or an error when one did
// not answer: to judge a sender by half of the truth would fail an honest one
// (RFC 7208 §5).
func (s Standard) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	a, err := s.Resolver.Addresses(ctx, host)
	if err == nil && a.Partial {
		err = ErrTemporary
	}
	if err != nil {
		return nil, standardError(host, err)
	}
	var all []net.IPAddr
	for _, addr := range a.Records {
		all = append(all, net.IPAddr{IP: addr.AsSlice()})
	}
	return all, nil
}

// LookupAddr gives the names that an address claims.
func (s Standard) LookupAddr(ctx context.Context, address string) ([]string, error) {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return nil, standardError(address, ErrName)
	}
	a, err := s.Resolver.PTR(ctx, addr)
	var all []string
	for _, name := range a.Records {
		all = append(all, name+".")
	}
	return all, standardError(address, err)
}

// standardError tells a name that cannot exist as one that does not (RFC 7208 §4.3).
func standardError(name string, err error) error {
	if err == nil {
		return nil
	}
	missing := errors.Is(err, ErrNotFound) || errors.Is(err, ErrName)
	return &net.DNSError{Err: err.Error(), Name: name, IsNotFound: missing, IsTemporary: !missing}
}
