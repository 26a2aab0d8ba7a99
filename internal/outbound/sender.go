package outbound

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"buzon/internal/dns"
	"buzon/internal/smtpclient"
)

// Sender opens connections to wherever mail goes. Its exported fields are set before first use and not changed; it serves
// any number of goroutines.
type Sender struct {
	Resolver dns.Resolver
	// Dial is how every connection is made, so that tests may lead it elsewhere. Nil is the network itself, from
	// Options.Source. The address is numeric, with a port.
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Roots    *x509.CertPool                                        // nil: those of the system
	Hello    func(ctx context.Context) string                      // our name in EHLO; nil or "": the system's host name
	Settings func() Options                                        // read for each connection; nil: the zero value
	Relays   func(ctx context.Context) ([]Relay, error)            // in fall-back order; nil: none
	Fetch    func(ctx context.Context, url string) ([]byte, error) // of an MTA-STS policy; nil: fetchHTTPS
	Here     func(addr netip.Addr) bool                            // is it this machine, so that mail would loop? nil: isHere
	Report   func(ctx context.Context, r TLSResult)                // what became of TLS, for the daily reports; nil: not wanted
	Chosen   func(ctx context.Context, c Choice)                   // told when WayAuto chose anew by itself; nil: not wanted
	Shuffle  func(n int, swap func(i, j int))                      // nil: math/rand/v2
	Now      func() time.Time                                      // nil: time.Now
	Log      *slog.Logger                                          // nil: none

	Policies Policies
	Levels   Levels

	// Probes are domains whose mail exchangers are asked whether port 25 is open; nil: WellKnown.
	Probes   []string
	Timeouts Timeouts
	SMTP     smtpclient.Timeouts
	Dir      string // for temporary files of smtpclient; "" is the system's folder

	lost    times // since when a domain that had TLS has none, where Levels does not remember it
	unfetch times // when the policy of a domain could last not be fetched
	line    line  // what WayAuto knows of the line
}

// Options are the settings that sending follows.
type Options struct {
	Way              Way
	PerDomain        int        // connections to one domain at a time; 0 is 1
	RelayConnections int        // connections to one relay at a time; 0 is 4
	Source           netip.Addr // local address to send from; invalid: any
}

// Way is how mail leaves.
type Way string

// The ways out. WayNone is only ever a Choice: nothing leads out.
const (
	WayAuto   Way = "auto" // also ""
	WayDirect Way = "direct"
	WayRelay  Way = "relay"
	WayNone   Way = "none"
)

// Relay is a smarthost.
type Relay struct {
	ID             int64
	Host           string
	Port           int
	TLS            string // TLSImplicit, TLSStart or TLSNone
	User, Password string // User "": no login
	For            string // the recipients' domain that it is for; "" all
	OAuth          bool   // Password is a token (RFC 7628)
}

// Timeouts of what happens before SMTP does. Zero fields have the values named.
type Timeouts struct {
	Connect time.Duration // to one address: 15 s. RFC 5321 says nothing; a dead address must not hold up the next one.
	Open    time.Duration // all of Open, over every host: 5 min
	Fetch   time.Duration // an MTA-STS policy: 30 s (RFC 8461 §3.3 suggests a minute)
	Probe   time.Duration // one probe of port 25: 10 s
}

// Policies keeps MTA-STS policies between attempts (RFC 8461 §3.3). A nil Get finds none, a nil Keep keeps nothing.
type Policies struct {
	Get  func(ctx context.Context, domain string) (p STSPolicy, found bool, err error)
	Keep func(ctx context.Context, p STSPolicy) error
}

// Levels remembers how safe the way to a domain has been, and since when it is less so.
type Levels struct {
	Get  func(ctx context.Context, domain string) (TLSLevel, time.Time, error) // when it was last seen so
	Keep func(ctx context.Context, domain string, level TLSLevel) error
	// Lost and KeepLost remember since when a domain that had TLS offers none; nil: only as long as the program runs.
	Lost     func(ctx context.Context, domain string) (since time.Time, found bool, err error)
	KeepLost func(ctx context.Context, domain string, since time.Time) error
}

// Route is who shares a limit of connections and the fate of being unreachable.
type Route struct {
	Key         string // the domain, or "relay:HOST:PORT", with " for DOMAIN" for a relay of one domain
	Relay       bool
	Connections int // at a time
}

func (s *Sender) settings() Options {
	if s.Settings == nil {
		return Options{}
	}
	return s.Settings()
}

func (s *Sender) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s *Sender) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// or is d, or the usual value where it is not set.
func or(d, usual time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return usual
}
