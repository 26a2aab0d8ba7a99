package clienttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// standardPorts are those at which mail programs look for what nobody told them (RFC 8314 §7), and the web.
func standardPorts() map[string]int {
	return map[string]int{"https": 443, "http": 80, "imaps": 993, "smtps": 465}
}

// newDomainBox is a box as a mail program finds it by its domain alone: on standard ports, on a loopback address of its own
// that all names have to lead to, with a certificate by an authority of the test, whose own certificate is in b.ca.
func newDomainBox(t *testing.T) (b *box, address string) {
	t.Helper()
	address = freeAddress(t)
	b = emptyBox(t)
	b.certify("example.test", "mail.example.test", "autoconfig.example.test", "autodiscover.example.test")
	b.listen(address, standardPorts())
	b.start()
	return b, address
}

// freeAddress is a loopback address on which nobody has the standard ports. Without the right to open them the test is
// skipped, or fails where everything has to be there.
func freeAddress(t *testing.T) string {
	t.Helper()
	var err error
	for range 20 {
		address := fmt.Sprintf("127.%d.%d.1", 64+mathrand.IntN(128), mathrand.IntN(256))
		if err = tryPorts(address); err == nil {
			return address
		}
		if errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EADDRNOTAVAIL) {
			break
		}
	}
	isMissing(t, fmt.Sprintf("the right to open the ports of mail and web (%v)", err))
	return ""
}

func tryPorts(address string) error {
	for _, port := range standardPorts() {
		l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
		if err != nil {
			return err
		}
		l.Close()
	}
	return nil
}

// certify gives the box a certificate for names, by an authority that is new.
func (b *box) certify(names ...string) {
	b.t.Helper()
	now := time.Now()
	template := x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "Authority of a test"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootKey := b.newKey()
	root := b.issue(&template, &template, rootKey, rootKey)
	b.ca = b.write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})))

	template = x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano() + 1), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	key := b.newKey()
	leaf := b.issue(&template, root, key, rootKey)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.t.Fatal(err)
	}
	b.cli("", "settings", "set", "tls.cert-file", b.write("cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}))))
	b.cli("", "settings", "set", "tls.key-file", b.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))))
}

func (b *box) newKey() *ecdsa.PrivateKey {
	b.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	return key
}

func (b *box) issue(template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
	b.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		b.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		b.t.Fatal(err)
	}
	return cert
}

// certificate is what programs are to trust, as certificate files have it between their lines.
func (b *box) certificate() string {
	b.t.Helper()
	text, err := os.ReadFile(b.ca)
	if err != nil {
		b.t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	return base64.StdEncoding.EncodeToString(block.Bytes)
}
