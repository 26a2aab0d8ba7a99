package certs

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"testing"
	"time"
)

// hello is what a client with all of today's algorithms says.
func hello(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{
		ServerName: name, SupportedVersions: []uint16{tls.VersionTLS13}, CipherSuites: []uint16{tls.TLS_AES_128_GCM_SHA256},
		SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256, tls.PSSWithSHA256}, SupportedCurves: []tls.CurveID{tls.X25519, tls.CurveP256},
	}
}

// shows checks whose certificate a client gets who asks for name.
func (b *bench) shows(step, name, want string) {
	b.t.Helper()
	cert, err := b.GetCertificate(hello(name))
	if err != nil || cert.Leaf.Subject.CommonName != want {
		b.t.Errorf("%s: for %q %v, %v, want %s", step, name, cert.Leaf.Subject, err, want)
	}
	if leaf := b.Leaf(&tls.ConnectionState{Version: tls.VersionTLS13, ServerName: name}); leaf != cert.Leaf {
		b.t.Errorf("%s: the leaf of a connection for %q is %v", step, name, leaf.Subject)
	}
}

// The order of what we have, and who gets what.
func TestChoice(t *testing.T) {
	b := newBench(t)
	house := b.made("buzon.local", "192.168.1.7")
	phones := b.made("mail.example.org", "mta-sts.example.org")
	b.SetSelfSigned(house, nil)
	b.shows("at first", "mail.example.org", "buzon.local")
	b.SetSelfSigned(house, phones)
	b.shows("with a domain", "mail.example.org", "mail.example.org")
	b.shows("with a domain", "", "buzon.local")
	b.shows("with a domain", "buzon.local", "buzon.local")

	issued := b.made("issued.example.org", "mail.example.org")
	b.SetIssued([]*tls.Certificate{issued})
	b.shows("issued", "mail.example.org", "issued.example.org")
	b.shows("issued", "", "issued.example.org")
	b.shows("issued", "buzon.local", "buzon.local")
	b.shows("issued", "stranger.example.net", "issued.example.org")
	b.now = b.now.Add(2 * PhoneLife) // even one that has ended
	b.shows("expired", "mail.example.org", "issued.example.org")
	if b.Trusted("mail.example.org") {
		t.Error("an expired one is trusted")
	}
	b.now = b.now.Add(-2 * PhoneLife)

	b.install(b.pair("own.example.org"))
	b.now = b.now.Add(checkEvery)
	b.shows("own files", "mail.example.org", "own.example.org")
	b.shows("own files", "buzon.local", "own.example.org")
	b.cert, b.key = "", ""
	b.now = b.now.Add(checkEvery)
	b.SetIssued(nil)
	b.shows("back", "mail.example.org", "mail.example.org")
}

// withRSA is a certificate with an RSA key.
func withRSA(t *testing.T, name string) *tls.Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// A client that knows no EC keys gets the other certificate, and a password is bound to that one.
func TestTwoKinds(t *testing.T) {
	b := newBench(t)
	ec, old := b.made("mail.example.org"), withRSA(t, "mail.example.org")
	b.SetIssued([]*tls.Certificate{ec, old})
	for _, c := range []struct {
		suites []uint16
		want   x509.PublicKeyAlgorithm
	}{
		{[]uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, x509.RSA},
		{[]uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, x509.ECDSA},
		{[]uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, x509.ECDSA},
	} {
		client := &tls.Config{ServerName: "mail.example.org", MaxVersion: tls.VersionTLS12, CipherSuites: c.suites}
		state, err := shake(t, b.TLSConfig(), client)
		if err != nil || state.PeerCertificates[0].PublicKeyAlgorithm != c.want {
			t.Fatalf("%v: %v", c.suites, err)
		}
		state.ServerName = "mail.example.org"
		if b.Leaf(&state).PublicKeyAlgorithm != c.want {
			t.Errorf("%v: bound to the other", c.suites)
		}
	}
	if state, err := shake(t, b.TLSConfig(), &tls.Config{ServerName: "mail.example.org"}); err != nil || state.PeerCertificates[0].PublicKeyAlgorithm != x509.ECDSA {
		t.Error(err)
	}
}

// Suites that are old, or a matter of care, are not spoken.
func TestSuites(t *testing.T) {
	b := newBench(t)
	b.SetIssued([]*tls.Certificate{b.made("mail.example.org"), withRSA(t, "mail.example.org")})
	for _, suite := range []uint16{
		tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
		tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA,
	} {
		if _, err := shake(t, b.TLSConfig(), &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite}}); err == nil {
			t.Errorf("%s was taken", tls.CipherSuiteName(suite))
		}
	}
}

// An authority that comes to look sees its challenge, and nobody else does.
func TestChallenge(t *testing.T) {
	b := newBench(t)
	special := b.made("challenge")
	b.challenge = func(h *tls.ClientHelloInfo) (*tls.Certificate, bool, error) {
		switch {
		case len(h.SupportedProtos) != 1 || h.SupportedProtos[0] != "acme-tls/1":
			return nil, false, nil
		case h.ServerName == "mail.example.org":
			return special, true, nil
		}
		return nil, true, errors.New("not asked for")
	}
	config := b.TLSConfig("h2", "http/1.1", "acme-tls/1")
	look := &tls.Config{ServerName: "mail.example.org", NextProtos: []string{"acme-tls/1"}}
	if state, err := shake(t, config, look); err != nil || state.NegotiatedProtocol != "acme-tls/1" || !state.PeerCertificates[0].Equal(special.Leaf) {
		t.Error(err)
	}
	if state, err := shake(t, config, &tls.Config{ServerName: "mail.example.org", NextProtos: []string{"h2"}}); err != nil || state.PeerCertificates[0].Equal(special.Leaf) {
		t.Error(err)
	}
	if _, err := shake(t, config, &tls.Config{ServerName: "other.example.org", NextProtos: []string{"acme-tls/1"}}); err == nil {
		t.Error("a challenge nobody asked for was answered")
	}
}

// resumes tells whether a client that was here before may go on with its session.
func resumes(t *testing.T, server, client *tls.Config) bool {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	go func() {
		s := tls.Server(a, server)
		if s.Handshake() == nil {
			_, _ = s.Write([]byte("x"))
		}
	}()
	c := tls.Client(b, client)
	if _, err := c.Read(make([]byte, 1)); err != nil { // takes the ticket too
		t.Fatal(err)
	}
	return c.ConnectionState().DidResume
}

// Sessions go on for a day, and not beyond a change of the certificate.
func TestTickets(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		b := newBench(t)
		b.SetIssued([]*tls.Certificate{b.made("mail.example.org")})
		server := b.TLSConfig()
		client := &tls.Config{InsecureSkipVerify: true, ServerName: "mail.example.org", MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
		want := func(step string, want bool) {
			t.Helper()
			if got := resumes(t, server, client); got != want {
				t.Errorf("TLS %x, %s: resumed %v", version, step, got)
			}
		}
		want("at first", false)
		want("again", true)
		b.SetIssued([]*tls.Certificate{b.made("mail.example.org")})
		want("after a renewal", false)
		want("with the new one", true)
		b.now = b.now.Add(25 * time.Hour)
		want("a day later", false)
	}
}
