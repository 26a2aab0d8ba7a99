package tlsconn

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"testing"
	"time"
)

func config(t testing.TB) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// pair is a client's connection and the server's end below TLS.
func pair(t testing.TB, l net.Listener) (client, server net.Conn) {
	t.Helper()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	deadline := time.Now().Add(20 * time.Second)
	client.SetDeadline(deadline)
	server.SetDeadline(deadline)
	return client, server
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// What goes in comes out, in both versions of TLS, whatever the sizes.
func TestRecords(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		l := listen(t)
		clear, below := pair(t, l)
		server := Server(below, config(t))
		client := tls.Client(clear, &tls.Config{InsecureSkipVerify: true, MaxVersion: version})
		want := make([]byte, 300<<10)
		rand.Read(want)
		go func() {
			sent := want
			for _, n := range []int{1, 5, 16 << 10, 40 << 10, 200 << 10} {
				client.Write(sent[:n])
				sent = sent[n:]
			}
			client.Write(sent)
			client.Close()
		}()
		got, err := io.ReadAll(server)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("version %x: %d octets of %d: %v", version, len(got), len(want), err)
		}
	}
}

// A handshake that never ends costs no more than its limit.
func TestHandshakeLimit(t *testing.T) {
	l := listen(t)
	client, below := pair(t, l)
	go func() {
		record := append([]byte{handshake, 3, 1, 0x20, 0}, make([]byte, 0x2000)...)
		record[header] = 1                             // client hello
		copy(record[header+1:], []byte{0, 0xff, 0xff}) // of 64 KB
		for range 3 {
			client.Write(record)
		}
	}()
	if err := Server(below, config(t)).Handshake(); !errors.Is(err, errHandshake) {
		t.Fatal(err)
	}
}

func TestListener(t *testing.T) {
	l := NewListener(listen(t), config(t))
	go func() {
		c, err := l.Accept()
		if err == nil {
			io.WriteString(c, "hello")
			c.Close()
		}
	}()
	c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := io.ReadAll(c); err != nil || string(got) != "hello" {
		t.Fatalf("%q %v", got, err)
	}
}
