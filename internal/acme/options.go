package acme

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"buzon/internal/dns"
	"buzon/internal/dnsupdate"
)

// Way is how it is shown to the authority that a name is ours.
type Way string

// The ways. Auto and Off are for Settings alone.
const (
	HTTP    Way = "http"     // HTTP-01, on port 80
	TLSALPN Way = "tls-alpn" // TLS-ALPN-01, on port 443
	DNS     Way = "dns"      // DNS-01, a record
	Auto    Way = "auto"     // whichever works
	Off     Way = "off"      // none: ask nobody
)

// Settings are what the owner chose. They are read anew for every attempt.
type Settings struct {
	Way       Way
	Email     string           // where the authority may write to; "" is nowhere
	Directory string           // the authority's; "" is LetsEncrypt
	Staging   string           // its directory for trying; "" is Let's Encrypt's with Let's Encrypt, none with another
	Profile   string           // kind of certificate, of those the authority offers; "" is its own choice
	RSA       bool             // a second certificate with an RSA key, for programs that know no other
	Provider  string           // who takes our records, for status; "" is nobody
	Stamp     string           // another one with every change to what Write was made of
	Write     dnsupdate.Writer // nil: nobody takes our records
	Manual    bool             // a person writes the records: they are told in State.Todo
}

// Let's Encrypt, and where it lets one try.
const (
	LetsEncrypt        = "https://acme-v02.api.letsencrypt.org/directory"
	LetsEncryptStaging = "https://acme-staging-v02.api.letsencrypt.org/directory"
)

// directories are the real one and the one for trying, "" where there is none.
func (s Settings) directories() (real, staging string) {
	if s.Directory == "" {
		return LetsEncrypt, LetsEncryptStaging
	}
	return s.Directory, s.Staging
}

// Name is one that a certificate may carry.
type Name struct {
	Name string // A-labels, lower case, no final dot
	Main bool   // by which mail programs connect; where it leads is where we are
}

// Options is what a Manager is made of. All of it is needed unless said otherwise.
type Options struct {
	Cache    autocert.Cache // durable: Put returns once it is on disk
	Settings func() Settings
	Names    func(ctx context.Context) ([]Name, error) // those that the house would like, the most important first
	Here     func() []netip.Addr                       // of this machine
	Resolver func() dns.Resolver                       // one without memory: it must not remember that a name did not exist
	Seen     dnsupdate.Seen                            // whether the world sees a record
	Answers  *Answers
	Show     func([]*tls.Certificate)                                             // what to show from now on; called by Run alone
	Ready    func(context.Context) error                                          // waits until the time of day is known
	HTTP     *http.Client                                                         // to the authority
	Dial     func(ctx context.Context, network, address string) (net.Conn, error) // to ourselves, as the world would
	Bell     <-chan struct{}                                                      // rings when settings, names or requests may have changed; may be nil
	Now      func() time.Time
	Random   func() float64 // in [0, 1)
	Log      *slog.Logger
}
