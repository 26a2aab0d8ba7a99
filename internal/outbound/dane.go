package outbound

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"buzon/internal/dns"
)

// Usages, selectors and matching types of TLSA records (RFC 6698 §2.1, names of RFC 7218).
const (
	daneTA  = 2 // an anchor that the certificate's chain leads to
	daneEE  = 3 // the server's own certificate
	certAll = 0 // the whole certificate
	certKey = 1 // its SubjectPublicKeyInfo
	exact   = 0
	sha2256 = 1
	sha2512 = 2
)

var errDANE = errors.New("no TLSA record matches the certificate")

// usableTLSA are the records that SMTP may authenticate a server by, the strongest digest of each kind. RFC 7672 §3.1.3:
// usages 0 and 1 are not for mail; what is malformed or unknown is unusable too.
func usableTLSA(records []dns.TLSA) []dns.TLSA {
	usable := slices.DeleteFunc(slices.Clone(records), func(r dns.TLSA) bool { return !isUsable(r) })
	// RFC 7671 §9: among records of one usage and selector a weaker digest does not count beside a stronger one.
	return slices.DeleteFunc(slices.Clone(usable), func(r dns.TLSA) bool {
		return r.Matching == sha2256 && slices.ContainsFunc(usable, func(other dns.TLSA) bool {
			return other.Usage == r.Usage && other.Selector == r.Selector && other.Matching == sha2512
		})
	})
}

func isUsable(r dns.TLSA) bool {
	if r.Usage != daneTA && r.Usage != daneEE || r.Selector != certAll && r.Selector != certKey {
		return false
	}
	switch r.Matching {
	case sha2256:
		return len(r.Data) == sha256.Size
	case sha2512:
		return len(r.Data) == sha512.Size
	case exact:
		return isWhole(r)
	}
	return false
}

func isWhole(r dns.TLSA) bool {
	var err error
	if r.Selector == certKey {
		_, err = x509.ParsePKIXPublicKey(r.Data)
	} else {
		_, err = x509.ParseCertificate(r.Data)
	}
	return err == nil
}

// verifyDANE checks the certificates that a server presented, its own first, against usable records. names are what an
// anchor's certificate may be for: the TLSA base domain and the names that led to it (RFC 7672 §3.2.2).
func verifyDANE(usable []dns.TLSA, presented []*x509.Certificate, names []string, now time.Time) error {
	if len(presented) == 0 {
		return errDANE
	}
	err := errDANE
	for _, r := range usable {
		if r.Usage == daneEE {
			// RFC 7672 §3.1.1: neither names nor dates of the certificate count, the record's signature does.
			if matches(r, presented[0]) {
				return nil
			}
			continue
		}
		if tried := verifyAnchor(r, presented, names, now); tried == nil {
			return nil
		} else if !errors.Is(tried, errDANE) {
			err = tried // it was the right anchor: expired or a wrong name tells more
		}
	}
	return err
}

// verifyAnchor looks for the anchor among the presented certificates (RFC 7672 §3.1.2 wants it there) or in the record.
func verifyAnchor(r dns.TLSA, presented []*x509.Certificate, names []string, now time.Time) error {
	anchors, found := x509.NewCertPool(), false
	for _, c := range presented {
		if matches(r, c) {
			anchors.AddCert(c)
			found = true
		}
	}
	if !found && r.Matching == exact && r.Selector == certAll {
		if c, err := x509.ParseCertificate(r.Data); err == nil {
			anchors.AddCert(c)
			found = true
		}
	}
	if !found {
		return errDANE
	}
	return verifyChain(presented, x509.VerifyOptions{Roots: anchors, CurrentTime: now}, names)
}

// verifyChain checks that the server's certificate leads to a root and is for one of the names.
func verifyChain(presented []*x509.Certificate, o x509.VerifyOptions, names []string) error {
	if len(presented) == 0 {
		return errNoCertificate
	}
	o.Intermediates = x509.NewCertPool()
	for _, c := range presented[1:] {
		o.Intermediates.AddCert(c)
	}
	if _, err := presented[0].Verify(o); err != nil {
		return err
	}
	var err error
	for _, name := range names {
		if err = presented[0].VerifyHostname(name); err == nil {
			return nil
		}
	}
	return err
}

// matches compares one certificate with one record (RFC 6698 §2.1.2, §2.1.3).
func matches(r dns.TLSA, c *x509.Certificate) bool {
	selected := c.Raw
	if r.Selector == certKey {
		selected = c.RawSubjectPublicKeyInfo
	}
	switch r.Matching {
	case sha2256:
		sum := sha256.Sum256(selected)
		return bytes.Equal(sum[:], r.Data)
	case sha2512:
		sum := sha512.Sum512(selected)
		return bytes.Equal(sum[:], r.Data)
	}
	return bytes.Equal(selected, r.Data)
}
