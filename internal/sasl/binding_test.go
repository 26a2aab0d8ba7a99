package sasl

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/xdg-go/scram"
)

// tlsPair is both ends of a TLS connection in memory, and the server's certificate.
func tlsPair(t *testing.T, version uint16) (client, server tls.ConnectionState, leaf *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err = x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a, b := net.Pipe()
	t.Cleanup(func() { a.Close(); b.Close() })
	s := tls.Server(a, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	c := tls.Client(b, &tls.Config{InsecureSkipVerify: true, MaxVersion: version})
	failed := make(chan error, 1)
	go func() { failed <- c.Handshake() }()
	if err := errors.Join(s.Handshake(), <-failed); err != nil {
		t.Fatal(err)
	}
	return c.ConnectionState(), s.ConnectionState(), leaf
}

// A foreign client with PLUS, over every kind of binding and version of TLS.
func TestScramPlus(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client, server, leaf := tlsPair(t, version)
		exporter, err1 := scram.NewTLSExporterBinding(&client)
		endpoint, err2 := scram.NewTLSServerEndpointBinding(&client)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		stolen := exporter
		stolen.Data = bytes.Repeat([]byte{1}, 32)
		for _, tt := range []struct {
			name string
			with scram.ChannelBinding
			pass string
			err  error
		}{
			{name: "exporter", with: exporter, pass: "uno"},
			{name: "end point", with: endpoint, pass: "uno"},
			{name: "wrong password", with: exporter, pass: "dos", err: ErrCredentials},
			{name: "another connection", with: stolen, pass: "uno", err: ErrCredentials},
			{name: "tls-unique", with: scram.NewTLSUniqueBinding([]byte("x")), pass: "uno", err: ErrMalformed},
		} {
			h := newHouse(t, "uno")
			h.Plus, h.Advertised, h.Binding = true, true, Binding(&server, leaf)
			err := converse(newClient(t, testUser, tt.pass, "").NewConversationWithChannelBinding(tt.with), Scram(h.ScramOptions))
			if !errors.Is(err, tt.err) {
				t.Errorf("%s %s: %v, want %v", tls.VersionName(version), tt.name, err, tt.err)
			}
		}
	}
}

// RFC 5802 §6: which flag goes with which mechanism, and the removed offer.
func TestScramFlags(t *testing.T) {
	for _, tt := range []struct {
		name             string
		plus, advertised bool
		flag             string
		err              error
	}{
		{name: "client cannot bind", advertised: true, flag: "n"},
		{name: "client could, we cannot", flag: "y"},
		{name: "offer removed on the way", advertised: true, flag: "y", err: ErrCredentials},
		{name: "binding without PLUS", advertised: true, flag: "p=tls-exporter", err: ErrMalformed},
		{name: "PLUS without binding", plus: true, advertised: true, flag: "n", err: ErrMalformed},
		{name: "PLUS that was not offered", plus: true, flag: "y", err: ErrMalformed},
	} {
		h := newHouse(t, "uno")
		h.Plus, h.Advertised = tt.plus, tt.advertised
		_, _, err := Scram(h.ScramOptions).Next([]byte(tt.flag + ",,n=" + testUser + ",r=abc"))
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
		}
	}
}

func TestBindingWithoutData(t *testing.T) {
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, edKey.Public(), edKey)
	if err != nil {
		t.Fatal(err)
	}
	ed, _ := x509.ParseCertificate(der)
	for _, tt := range []struct {
		name string
		get  func(string) ([]byte, error)
		kind string
	}{
		{name: "no TLS", get: Binding(nil, ed), kind: "tls-exporter"},
		{name: "no certificate", get: Binding(&tls.ConnectionState{}, nil), kind: "tls-server-end-point"},
		{name: "no hash in Ed25519", get: Binding(&tls.ConnectionState{}, ed), kind: "tls-server-end-point"},
		{name: "unknown kind", get: Binding(&tls.ConnectionState{}, ed), kind: "tls-magic"},
	} {
		if data, err := tt.get(tt.kind); err == nil {
			t.Errorf("%s: got %x", tt.name, data)
		}
	}
}
