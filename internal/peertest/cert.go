package peertest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"
)

// encode writes a certificate as the servers read it.
func encode(c tls.Certificate) (chain, key string, err error) {
	var all strings.Builder
	for _, der := range c.Certificate {
		all.WriteString(encodeCert(der))
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return "", "", err
	}
	return all.String(), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

func encodeCert(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
