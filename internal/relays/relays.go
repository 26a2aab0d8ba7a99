// Package relays turns what a person says about a relay (a smarthost) into one that the store can keep, and finds the relays
// that a mail takes. The command line and the page ask here, so that both mean the same.
//
// What is known of providers is completed (package outbound); a password in clear over the Internet is refused unless the
// person insists. RFC 8314 §7.3 and 6409 §3.1 for the ports.
package relays

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"buzon/internal/message"
	"buzon/internal/outbound"
	"buzon/internal/store"
	"buzon/internal/text"
)

// What can be wrong with a Wish.
var (
	ErrHost  = errors.New("not a relay's name")
	ErrTLS   = errors.New("not a way to protect a connection")
	ErrFor   = errors.New("not a domain")
	ErrUser  = errors.New("this relay wants a user name")
	ErrPlain = errors.New("a connection in clear that leaves this machine")
)

// Wish is what a person says.
type Wish struct {
	Relay string // a provider's name, HOST, HOST:PORT, an IP address, or one in brackets with a port
	TLS   string // one of Ways; "" is as is usual
	User  string // "" where the provider has one for everybody, or none is needed
	For   string // domain of the recipients; "" is all
	OAuth bool
	Force bool // also in clear
}

// Ways are how a connection may be protected.
func Ways() []string { return []string{outbound.TLSImplicit, outbound.TLSStart, outbound.TLSNone} }

// Complete is the relay that a person means, and what is known of its provider; the password is left out. The errors above.
func Complete(w Wish) (r store.Relay, preset outbound.Preset, err error) {
	if w.TLS != "" && !slices.Contains(Ways(), w.TLS) {
		return r, preset, ErrTLS
	}
	r = store.Relay{TLS: w.TLS, User: w.User, OAuth: w.OAuth}
	if r.Host, r.Port, err = Address(w.Relay); err != nil {
		return r, preset, err
	}
	if w.For != "" {
		a, err := message.ParseAddress("postmaster@" + w.For)
		if err != nil {
			return r, preset, ErrFor
		}
		r.For = a.Domain
	}
	preset, known := outbound.FindPreset(r.Host)
	if known {
		applyPreset(&r, preset)
	}
	applyUsual(&r)
	switch {
	case r.User == "" && (known || r.OAuth):
		return r, preset, ErrUser
	case r.TLS == outbound.TLSNone && !loopback(r.Host) && !w.Force:
		return r, preset, ErrPlain
	}
	return r, preset, nil
}

// applyPreset fills in what was not said.
func applyPreset(r *store.Relay, p outbound.Preset) {
	r.Host = p.Host
	if r.Port == 0 && (r.TLS == "" || r.TLS == p.TLS) {
		r.Port = p.Port
	}
	if r.TLS == "" && r.Port == p.Port {
		r.TLS = p.TLS
	}
	if r.User == "" {
		r.User = p.User
	}
	r.OAuth = r.OAuth || p.OAuth
}

// Ports of submission (RFC 8314 §7.3, RFC 6409 §3.1) and of plain SMTP.
const (
	portImplicit = 465
	portStart    = 587
	portPlain    = 25
)

// applyUsual takes port and TLS for one another, as is usual. In this machine nobody listens in between.
func applyUsual(r *store.Relay) {
	switch {
	case r.TLS != "":
	case r.Port == portImplicit:
		r.TLS = outbound.TLSImplicit
	case loopback(r.Host):
		r.TLS = outbound.TLSNone
	default:
		r.TLS = outbound.TLSStart
	}
	if r.Port == 0 {
		r.Port = map[string]int{outbound.TLSImplicit: portImplicit, outbound.TLSStart: portStart, outbound.TLSNone: portPlain}[r.TLS]
	}
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || strings.EqualFold(host, "localhost")
}

// Address reads where a relay is: HOST, HOST:PORT, an IP address, or one in brackets with a port; port is 0 where there is none. ErrHost.
func Address(s string) (host string, port int, err error) {
	host = strings.TrimSpace(s)
	if h, p, err := net.SplitHostPort(host); err == nil {
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return "", 0, ErrHost
		}
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().String(), port, nil
	}
	a, err := message.ParseAddress("postmaster@" + strings.TrimSuffix(host, "."))
	if err != nil || strings.HasPrefix(a.Domain, "[") {
		return "", 0, ErrHost
	}
	return a.Domain, port, nil
}

// To are the relays for mail to a domain in the order in which they are tried: its own, else those for all.
func To(ctx context.Context, st *store.Store, domain string) ([]outbound.Relay, error) {
	all, err := st.Relays(ctx)
	if err != nil {
		return nil, err
	}
	var own, others []outbound.Relay
	for _, r := range all {
		switch r.For {
		case domain:
			own = append(own, outbound.Relay(r))
		case "":
			others = append(others, outbound.Relay(r))
		}
	}
	if len(own) > 0 {
		return own, nil
	}
	return others, nil
}

// TestMail is a short mail in a person's language, by which they see whether mail leaves.
func TestMail(c *text.Catalogue, from, to message.Address, now time.Time) *io.SectionReader {
	b, _ := message.Letter(from, "", to, c.Say("relay_test_subject"), c.Say("relay_test_text"), now)
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

// Why is an error of a test in a relay's own words, where it had any.
func Why(err error) string {
	var reply *message.Reply
	switch {
	case err == nil:
		return ""
	case errors.As(err, &reply):
		return reply.Error()
	}
	return err.Error()
}
