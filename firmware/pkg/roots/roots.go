// Package roots is the file of certificate authorities for systems that have none: our images and the container. Without
// it Buzon believes no relay, no authority that gives certificates, and no MTA-STS policy.
//
// They are Mozilla's, from the Go project's copy; go.mod pins the day, so the same tree gives the same octets.
package roots

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// Path is where Go's crypto/x509 looks first on Linux, as Debian and OpenWrt have it.
const Path = "etc/ssl/certs/ca-certificates.crt"

// PEM is the file. Authorities that Mozilla believes for certificates before some day only are left out: a file cannot
// say so.
func PEM() ([]byte, error) {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		cert, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return nil, fmt.Errorf("an authority of Mozilla's: %w", err)
		}
		fmt.Fprintf(&out, "# %s\n", cert.Subject)
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}
