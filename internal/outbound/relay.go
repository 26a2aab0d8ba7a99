package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"buzon/internal/dns"
	"buzon/internal/smtpclient"
)

// key names the relay as a route.
func (r Relay) key() string {
	key := "relay:" + r.address()
	if r.For != "" { // it may have another login: its sessions are no others'
		key += " for " + r.For
	}
	return key
}

// address is HOST:PORT.
func (r Relay) address() string { return net.JoinHostPort(r.Host, strconv.Itoa(r.Port)) }

// relaysFor are the relays that serve the domain: those for it alone first, then those for all. own tells that there are
// some of the former.
func (s *Sender) relaysFor(ctx context.Context, domain string) (relays []Relay, own bool, err error) {
	if s.Relays == nil {
		return nil, false, nil
	}
	all, err := s.Relays(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("relays: %w", err)
	}
	var general []Relay
	for _, r := range all {
		switch {
		case r.For == "":
			general = append(general, r)
		case sameDomain(r.For, domain):
			relays = append(relays, r)
		}
	}
	return append(relays, general...), len(relays) > 0, nil
}

// sameDomain compares U-labels and A-labels in any case.
func sameDomain(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	x, errX := asciiName(a)
	y, errY := asciiName(b)
	return errX == nil && errY == nil && x == y
}

// openRelays tries relays in order until one takes us in.
func (s *Sender) openRelays(ctx context.Context, relays []Relay) (*Session, error) {
	var failed *Error
	for _, r := range relays {
		x, err := s.openRelay(ctx, r)
		if err == nil {
			return x, nil
		}
		told := relayFailed(r, err)
		s.log().Warn("relay not usable", "relay", r.address(), "err", told)
		if failed == nil {
			failed = told // the first is the one that the owner means to use
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// openRelay connects to one relay, checks who it is and logs in.
func (s *Sender) openRelay(ctx context.Context, r Relay) (*Session, error) {
	t, err := s.findRelay(ctx, r)
	if err != nil {
		return nil, err
	}
	var failed *Error
	for _, addr := range t.addrs {
		x, err := s.openRelayAt(ctx, r, addr)
		if err == nil {
			return x, nil
		}
		failed = moreTelling(failed, failure(r.Host, err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// findRelay finds its addresses. RFC 6761 §6.3: localhost is never asked of the DNS.
func (s *Sender) findRelay(ctx context.Context, r Relay) (target, error) {
	t := target{host: r.Host}
	if addr, err := netip.ParseAddr(strings.Trim(r.Host, "[]")); err == nil {
		t.addrs = []netip.Addr{addr.Unmap()}
		return t, nil
	}
	if strings.EqualFold(r.Host, "localhost") {
		t.addrs = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
		return t, nil
	}
	answer, err := s.Resolver.Addresses(ctx, r.Host)
	switch {
	case errors.Is(err, dns.ErrNotFound), errors.Is(err, dns.ErrName):
		return t, explain(errRelayName, err)
	case err != nil:
		return t, explain(errDNS, err)
	}
	t.addrs = spread(answer.Records, maxAddresses)
	return t, nil
}

func (s *Sender) openRelayAt(ctx context.Context, r Relay, addr netip.Addr) (*Session, error) {
	client, err := s.greetRelay(ctx, r, addr)
	if err != nil {
		return nil, err
	}
	x := &Session{client: client, host: r.Host}
	if err = s.secureRelay(ctx, x, r, addr); err == nil {
		err = logIn(ctx, x, r)
	}
	if err != nil {
		x.Close()
		return nil, err
	}
	return x, nil
}

// greetRelay connects. With implicit TLS the handshake comes first (RFC 8314 §3.3).
func (s *Sender) greetRelay(ctx context.Context, r Relay, addr netip.Addr) (*smtpclient.Client, error) {
	conn, err := s.connect(ctx, addr, strconv.Itoa(r.Port))
	if err != nil {
		return nil, unreachable(r.Host, err)
	}
	if r.TLS == TLSImplicit {
		conn = tls.Client(conn, s.relayTLS(r, addr))
	}
	client, err := smtpclient.New(ctx, conn, r.Host, s.clientOptions(ctx))
	if err != nil {
		return nil, relaySpoken(r, err)
	}
	return client, nil
}

// secureRelay is STARTTLS where it is set; it never falls back.
func (s *Sender) secureRelay(ctx context.Context, x *Session, r Relay, addr netip.Addr) error {
	if r.TLS == TLSStart {
		if err := x.client.StartTLS(ctx, s.relayTLS(r, addr)); err != nil {
			return relaySpoken(r, err)
		}
	}
	if x.client.TLS() != nil {
		x.level, x.safe = Verified, true
		if addr.IsLoopback() { // safe all the same: nothing leaves the machine
			x.level = Unverified
		}
	}
	return nil
}

func logIn(ctx context.Context, x *Session, r Relay) error {
	if r.User == "" {
		return nil
	}
	login := smtpclient.Login{User: r.User, Password: r.Password, OAuth: r.OAuth, Plaintext: r.TLS == TLSNone}
	if err := x.client.Auth(ctx, login); err != nil {
		return relaySpoken(r, err)
	}
	return nil
}

// relayTLS wants the web's authorities to vouch for the relay's name, as RFC 8314 §3 says. On loopback there is nobody in
// between, and the programs that listen there (Proton's bridge, for one) have certificates of their own making.
func (s *Sender) relayTLS(r Relay, addr netip.Addr) *tls.Config {
	name := r.Host
	if ascii, err := asciiName(name); err == nil {
		name = ascii
	}
	return &tls.Config{ServerName: name, RootCAs: s.Roots, MinVersion: tls.VersionTLS12, Time: s.Now, InsecureSkipVerify: addr.IsLoopback()}
}

// general are the relays for all domains.
func general(relays []Relay) []Relay {
	return slices.DeleteFunc(slices.Clone(relays), func(r Relay) bool { return r.For != "" })
}
