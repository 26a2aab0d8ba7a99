package trust

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"time"

	"buzon/internal/acme"
	"buzon/internal/certs"
	"buzon/internal/store"
)

// Names in the file. oldSecret is where versions before kept what keyHouse has now.
const (
	keyHouse  = "self-signed"
	keyPhones = "self-signed-phones"
	oldSecret = "tls.self-signed"
)

// houseCert is the certificate for names and addresses that only this house uses. It is made once, so that mail apps have
// to accept it once only.
func (t *Trust) houseCert(ctx context.Context) (*tls.Certificate, error) {
	cert, err := readSelfSigned(ctx, t.Store, keyHouse)
	if err != nil {
		return nil, err
	}
	if cert != nil {
		return cert, nil
	}
	both, err := t.Store.Secret(ctx, oldSecret, t.makeHouse)
	if err != nil {
		return nil, err
	}
	return certs.Parse(both)
}

func readSelfSigned(ctx context.Context, st *store.Store, key string) (*tls.Certificate, error) {
	both, _, found, err := st.ACME(ctx, key)
	if err != nil || !found {
		return nil, err
	}
	return certs.Parse(both)
}

func (t *Trust) makeHouse() ([]byte, error) {
	loopback := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
	names := []string{"localhost"}
	if host, err := os.Hostname(); err == nil && host != "" {
		names = append(names, host, host+".local")
	}
	return certs.SelfSigned(t.Name(), names, append(loopback, addresses()...), certs.HouseLife, t.Now())
}

// freshenSelfSigned makes anew what is about to end, and the one for phones where it lacks a name.
func (t *Trust) freshenSelfSigned(ctx context.Context) error {
	house, err := t.houseCert(ctx)
	if err != nil {
		return err
	}
	if t.ending(house) {
		if house, err = t.renewSelfSigned(ctx, keyHouse, t.makeHouse); err != nil {
			return err
		}
	}
	phones, err := t.phonesCert(ctx)
	if err != nil {
		return err
	}
	t.Source.SetSelfSigned(house, phones)
	return nil
}

// selfSignedChanged tells whether the command line put others into the file. Only the manager's goroutine asks.
func (t *Trust) selfSignedChanged(ctx context.Context) (bool, error) {
	seen := sha256.New()
	for _, key := range []string{keyHouse, keyPhones} {
		both, _, _, err := t.Store.ACME(ctx, key)
		if err != nil {
			return false, err
		}
		fmt.Fprintf(seen, "%d ", len(both))
		seen.Write(both)
	}
	sum := [sha256.Size]byte(seen.Sum(nil))
	changed := t.seen != sum
	t.seen = sum
	return changed, nil
}

func (t *Trust) ending(cert *tls.Certificate) bool {
	return t.Now().After(cert.Leaf.NotAfter.Add(-certs.RenewBefore))
}

// phonesCert is the certificate for public names, which is shown while no authority gave a better one; nil where there
// is no domain yet.
func (t *Trust) phonesCert(ctx context.Context) (*tls.Certificate, error) {
	cert, err := readSelfSigned(ctx, t.Store, keyPhones)
	if err != nil {
		return nil, err
	}
	names, err := t.names(ctx)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	if cert != nil && !t.ending(cert) && hasAll(cert.Leaf, names) {
		return cert, nil
	}
	return t.renewSelfSigned(ctx, keyPhones, func() ([]byte, error) {
		return certs.SelfSigned(names[0].Name, list(names[1:]), nil, certs.PhoneLife, t.Now())
	})
}

func hasAll(leaf *x509.Certificate, names []acme.Name) bool {
	return !slices.ContainsFunc(names, func(n acme.Name) bool { return leaf.VerifyHostname(n.Name) != nil })
}

func (t *Trust) renewSelfSigned(ctx context.Context, key string, make func() ([]byte, error)) (*tls.Certificate, error) {
	both, err := make()
	if err != nil {
		return nil, err
	}
	if err := t.Store.KeepACME(ctx, key, both); err != nil {
		return nil, err
	}
	cert, err := certs.Parse(both)
	if err == nil {
		t.Log.Info("made a self-signed certificate", "names", cert.Leaf.DNSNames, "until", cert.Leaf.NotAfter, "fingerprint", certs.Fingerprint(cert.Leaf))
	}
	return cert, err
}

// MakeSelfSigned makes both self-signed certificates anew for the owner of st, whose server is called name; a running
// server shows them within moments. Whoever accepted the ones before has to accept these.
func MakeSelfSigned(ctx context.Context, st *store.Store, name string, now func() time.Time, log *slog.Logger) ([]Cert, error) {
	t := &Trust{Options: Options{Store: st, Name: func() string { return name }, Now: now, Log: log}}
	if _, err := t.renewSelfSigned(ctx, keyHouse, t.makeHouse); err != nil {
		return nil, err
	}
	if err := st.DropACME(ctx, keyPhones); err != nil {
		return nil, err
	}
	if _, err := t.phonesCert(ctx); err != nil {
		return nil, err
	}
	return selfSigned(ctx, st)
}
