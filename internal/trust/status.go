package trust

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"buzon/internal/acme"
	"buzon/internal/certs"
	"buzon/internal/config"
	"buzon/internal/store"
)

// Origins of a certificate.
const (
	FromFiles     = "files"       // the owner's own
	FromAuthority = "authority"   // one that was got for them
	SelfSigned    = "self-signed" // by ourselves
)

// Status is all that a person may want to know of the certificates, for the command line and the page. It is read from
// the file, whether or not a server runs on it.
type Status struct {
	Origin     string // of what is shown
	Shown      []Cert // several only where they have different kinds of keys
	SelfSigned []Cert // those for the house, and for phones if there is a domain
	Way        acme.Way
	Wanted     []acme.Name
	Real       bool // an authority could give a certificate for one of them
	State      acme.State
	FileError  error // the owner's own files cannot be read
}

// Cert is one certificate in words.
type Cert struct {
	Names       []string // addresses among them
	Issuer      string
	Key         string // "ECDSA" or "RSA"
	From, Until time.Time
	Fingerprint string // SHA-256
}

// Days is how many whole days are left; below zero it has ended.
func (c Cert) Days(now time.Time) int {
	left := c.Until.Sub(now)
	if left < 0 {
		return -1 + int(left/(24*time.Hour))
	}
	return int(left / (24 * time.Hour))
}

// Read makes the Status of st.
func Read(ctx context.Context, st *store.Store) (Status, error) {
	s := Status{Way: acme.Way(st.Settings().CertWay)}
	var err error
	if s.State, err = acme.Load(ctx, Cache(st)); err != nil {
		return s, err
	}
	if s.Wanted, err = Names(ctx, st); err != nil {
		return s, err
	}
	s.Real = st.Settings().CertDirectory != "" || slices.ContainsFunc(s.Wanted, func(n acme.Name) bool { return acme.Public(n.Name) })
	if s.SelfSigned, err = selfSigned(ctx, st); err != nil {
		return s, err
	}
	issued, err := acme.Kept(ctx, Cache(st))
	if err != nil {
		return s, err
	}
	s.Origin, s.Shown = SelfSigned, s.SelfSigned
	if len(issued) > 0 {
		s.Origin, s.Shown = FromAuthority, nil
		for _, c := range issued {
			s.Shown = append(s.Shown, inWords(c.Leaf))
		}
	}
	s.readFiles(st.Settings())
	return s, nil
}

// readFiles looks at the owner's own certificate, which goes before all others.
func (s *Status) readFiles(settings *config.Settings) {
	if settings.CertFile == "" {
		return
	}
	key := or(settings.KeyFile, settings.CertFile)
	cert, err := tls.LoadX509KeyPair(settings.CertFile, key)
	if err != nil {
		s.FileError = err
		return
	}
	s.Origin, s.Shown = FromFiles, []Cert{inWords(cert.Leaf)}
}

// errNone says that there is no self-signed certificate yet.
var errNone = errors.New("none yet")

func selfSigned(ctx context.Context, st *store.Store) ([]Cert, error) {
	var list []Cert
	house, err := readSelfSigned(ctx, st, keyHouse)
	if err == nil && house == nil {
		var old []byte
		// A server makes it at its first start; here nothing is made.
		if old, err = st.Secret(ctx, oldSecret, func() ([]byte, error) { return nil, errNone }); err == nil {
			house, err = certs.Parse(old)
		}
	}
	if house != nil {
		list = append(list, inWords(house.Leaf))
	}
	if err != nil && !errors.Is(err, errNone) {
		return nil, err
	}
	phones, err := readSelfSigned(ctx, st, keyPhones)
	if phones != nil {
		list = append(list, inWords(phones.Leaf))
	}
	return list, err
}

func inWords(leaf *x509.Certificate) Cert {
	c := Cert{
		Names: append([]string{}, leaf.DNSNames...), Issuer: issuer(leaf), Key: leaf.PublicKeyAlgorithm.String(),
		From: leaf.NotBefore, Until: leaf.NotAfter, Fingerprint: certs.Fingerprint(leaf),
	}
	for _, a := range leaf.IPAddresses {
		c.Names = append(c.Names, a.String())
	}
	return c
}

// issuer is the authority's name as people know it.
func issuer(leaf *x509.Certificate) string {
	if len(leaf.Issuer.Organization) > 0 {
		return fmt.Sprintf("%s (%s)", leaf.Issuer.Organization[0], leaf.Issuer.CommonName)
	}
	return leaf.Issuer.CommonName
}

// Renew asks the running server, or the next that starts, to try for a certificate at once.
func Renew(ctx context.Context, st *store.Store, now time.Time) error {
	if err := acme.Request(ctx, Cache(st), now); err != nil {
		return err
	}
	st.RingHouse()
	return nil
}
