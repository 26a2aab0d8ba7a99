// Package trust puts together what makes programs believe that it is us: the certificates that are shown (certs), the
// manager that gets them (acme), the clock by which they are judged (clock), and the ways to write DNS records (dnsupdate),
// all over the one file. None of these knows another but acme its tools; they meet here.
//
// The life of a certificate: a domain is added, the store's bell rings, acme looks which of its names lead here, tries,
// asks the authority, answers its challenge on port 80, on port 443 or in DNS, keeps what it gets in the file, and certs
// shows it to whoever connects next.
package trust

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"buzon/internal/acme"
	"buzon/internal/certs"
	"buzon/internal/dns"
	"buzon/internal/dnsupdate"
	"buzon/internal/store"
)

// Options say what it works with. The last part is for tests.
type Options struct {
	Store *store.Store
	Clock *Clock        // nil: Now is right
	Name  func() string // this server's name
	Now   func() time.Time
	Log   *slog.Logger
	Shown func() // called when Run shows another certificate; may be nil

	Off      bool                // never ask an authority, whatever the settings say: there is no world outside
	HTTP     *http.Client        // to the authority and DNS providers; nil: one with the system's roots
	Resolver func() dns.Resolver // nil: what the settings and the system say
	Seen     dnsupdate.Seen      // nil: asks the servers of the domain
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	APIs     APIs
}

// Trust is the certificates of a running appliance.
type Trust struct {
	Options
	Source  *certs.Source
	Answers acme.Answers // on port 80
	manager *acme.Manager
	bell    *store.Watch
	seen    [32]byte // what selfSignedChanged saw
}

// New reads what is in the file, and makes a self-signed certificate if there is none. Nobody is asked before Run.
func New(ctx context.Context, o Options) (*Trust, error) {
	t := &Trust{Options: o}
	if t.HTTP == nil {
		t.HTTP = t.newClient()
	}
	if t.Dial == nil {
		t.Dial = (&net.Dialer{}).DialContext
	}
	if err := t.raiseClock(ctx); err != nil {
		return nil, err
	}
	house, err := t.houseCert(ctx)
	if err != nil {
		return nil, err
	}
	t.Source, err = certs.New(certs.Options{
		CertFile: func() string { return o.Store.Settings().CertFile },
		KeyFile: func() string { // without one of its own it is in the certificate's file
			s := o.Store.Settings()
			return or(s.KeyFile, s.CertFile)
		},
		SelfSigned: house,
		Challenge:  t.Answers.Certificate,
		Log:        o.Log,
		Now:        o.Now,
	})
	if err != nil {
		return nil, err
	}
	t.manager = acme.New(t.managerOptions())
	return t, t.load(ctx)
}

// load shows what is in the file.
func (t *Trust) load(ctx context.Context) error {
	issued, err := acme.Kept(ctx, t.manager.Cache)
	if err != nil {
		t.Log.Error("cannot read a certificate that was kept", "err", err)
	}
	t.Source.SetIssued(issued)
	if err := t.freshenSelfSigned(ctx); err != nil {
		return err
	}
	if shown := t.Source.Usual().Leaf; shown.Issuer.String() == shown.Subject.String() {
		t.Log.Info("showing a self-signed certificate until there is a better one", "names", shown.DNSNames, "fingerprint", certs.Fingerprint(shown))
	}
	return nil
}

func (t *Trust) managerOptions() acme.Options {
	seen := t.Seen
	if seen == nil {
		seen = (&dnsupdate.Look{Resolver: t.dnsServers, Dial: t.Dial}).Seen
	}
	t.bell = t.Store.WatchHouse()
	return acme.Options{
		Cache:    Cache(t.Store),
		Settings: t.settings,
		Names:    t.namesNow,
		Here:     addresses,
		Resolver: t.resolver,
		Seen:     seen,
		Answers:  &t.Answers,
		Show:     t.show,
		Ready:    t.ready,
		HTTP:     t.HTTP,
		Dial:     t.Dial,
		Bell:     t.bell.C,
		Now:      t.Now,
		Random:   rand.Float64,
		Log:      t.Log,
	}
}

// show is what the manager does with what it got.
func (t *Trust) show(issued []*tls.Certificate) {
	t.Source.SetIssued(issued)
	if t.Shown != nil {
		t.Shown()
	}
}

// Run gets certificates and keeps them fresh until ctx is over.
func (t *Trust) Run(ctx context.Context) {
	defer t.bell.Stop()
	t.manager.Run(ctx)
}

// Care does what is to be done once a day: self-signed certificates that are about to end are made anew, and the time is
// kept for a start without a clock.
func (t *Trust) Care(ctx context.Context) error {
	if err := t.keepTime(ctx); err != nil {
		return err
	}
	return t.freshenSelfSigned(ctx)
}
