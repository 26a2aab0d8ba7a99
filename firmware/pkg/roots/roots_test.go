package roots

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"testing"
)

func TestPEM(t *testing.T) {
	one, err := PEM()
	if err != nil {
		t.Fatal(err)
	}
	two, err := PEM()
	if err != nil || !bytes.Equal(one, two) {
		t.Errorf("another file the second time, %v", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(one) {
		t.Fatal("Go finds no authority in it")
	}
	// Who signs for Let's Encrypt and for the big providers' relays is among them.
	want := map[string]bool{"ISRG Root X1": false, "ISRG Root X2": false, "GTS Root R1": false, "DigiCert Global Root G2": false}
	for rest := one; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if !cert.IsCA {
			t.Errorf("%s is no authority", cert.Subject)
		}
		want[cert.Subject.CommonName] = true
	}
	for name, there := range want {
		if !there {
			t.Errorf("%s is not among them", name)
		}
	}
}
