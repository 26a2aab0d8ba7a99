package line

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"buzon/internal/dns"
	"buzon/internal/finding"
)

// hairpinTime is for one connection to ourselves, out and in again.
const hairpinTime = 6 * time.Second

// Hairpin tells whether our own public name leads to us from inside the home, which most routers do not do.
func (l *Line) Hairpin(ctx context.Context) finding.Finding {
	if l.Host == "" {
		return finding.NotKnown(say("line_hairpin_no_name"), say("line_cure_name"))
	}
	answer, err := l.Resolver.Addresses(ctx, l.Host)
	switch {
	case errors.Is(err, dns.ErrNotFound):
		return finding.NotKnown(say("line_hairpin_no_address", "host", l.Host), say("line_cure_address", "host", l.Host))
	case err != nil:
		return finding.NotKnown(say("line_dns_silent", "name", l.Host), say("line_cure_network"))
	}
	for _, a := range answer.Records {
		if slices.Contains(l.Machine, a) {
			return finding.Passed(say("line_hairpin_here", "host", l.Host))
		}
	}
	ours, ok := l.own(ctx)
	if !ok {
		return finding.NotKnown(say("line_hairpin_not_running"), say("line_cure_serve"))
	}
	return l.around(ctx, answer.Records, ours)
}

// around goes out to the addresses of our name and looks who answers.
func (l *Line) around(ctx context.Context, addrs []netip.Addr, ours [32]byte) finding.Finding {
	other := false
	for _, a := range addrs {
		shown, err := l.shown(ctx, func(ctx context.Context) (net.Conn, error) {
			return l.Dial(ctx, "tcp", netip.AddrPortFrom(a, 443).String())
		})
		if err == nil && shown == ours {
			return finding.Passed(say("line_hairpin_works", "host", l.Host))
		}
		other = other || err == nil
	}
	if other {
		return finding.Warned(say("line_hairpin_other", "host", l.Host), say("line_cure_other"))
	}
	return finding.Warned(say("line_hairpin_missing", "host", l.Host), say("line_cure_hairpin"))
}

// Hairpins tells whether an address of the world leads here: the same certificate is shown at both ends.
func (l *Line) Hairpins(ctx context.Context, a netip.Addr) bool {
	ours, ok := l.own(ctx)
	if !ok {
		return false
	}
	shown, err := l.shown(ctx, func(ctx context.Context) (net.Conn, error) {
		return l.Dial(ctx, "tcp", netip.AddrPortFrom(a, 443).String())
	})
	return err == nil && shown == ours
}

// own is the print of the certificate that our own server shows.
func (l *Line) own(ctx context.Context) (print [32]byte, ok bool) {
	print, err := l.shown(ctx, func(ctx context.Context) (net.Conn, error) { return l.Here(ctx, 443) })
	return print, err == nil
}

// shown is the print of the certificate at the other end.
func (l *Line) shown(ctx context.Context, dial func(context.Context) (net.Conn, error)) ([32]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, hairpinTime)
	defer cancel()
	conn, err := dial(ctx)
	if err != nil {
		return [32]byte{}, err
	}
	defer conn.Close()
	// It is compared with our own and nothing else is said or heard, so it need not be believed.
	client := tls.Client(conn, &tls.Config{ServerName: l.Host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	if err := client.HandshakeContext(ctx); err != nil {
		return [32]byte{}, err
	}
	chain := client.ConnectionState().PeerCertificates
	if len(chain) == 0 {
		return [32]byte{}, errors.New("no certificate")
	}
	return sha256.Sum256(chain[0].Raw), nil
}
