package certs

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// bench is a Source with files in a folder, a clock that stands, and the log.
type bench struct {
	*Source
	t         *testing.T
	now       time.Time
	cert, key string // paths in the settings
	log       bytes.Buffer
	dir       string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, now: time.Now(), dir: t.TempDir()}
	var err error
	b.Source, err = New(Options{
		CertFile: func() string { return b.cert }, KeyFile: func() string { return b.key },
		SelfSigned: b.made("self.example.test"),
		Log:        slog.New(slog.NewTextHandler(&b.log, nil)), Now: func() time.Time { return b.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) pair(host string) (cert, key []byte) {
	b.t.Helper()
	both, err := SelfSigned(host, nil, nil, PhoneLife, b.now)
	if err != nil {
		b.t.Fatal(err)
	}
	block, rest := pem.Decode(both)
	return pem.EncodeToMemory(block), rest
}

// made is a certificate for names that is not in a file.
func (b *bench) made(host string, more ...string) *tls.Certificate {
	b.t.Helper()
	both, err := SelfSigned(host, more, nil, PhoneLife, b.now)
	if err != nil {
		b.t.Fatal(err)
	}
	cert, err := Parse(both)
	if err != nil {
		b.t.Fatal(err)
	}
	return cert
}

// install puts a certificate into the files of the settings, with a time stamp of its own.
func (b *bench) install(cert, key []byte) {
	b.t.Helper()
	b.cert, b.key = filepath.Join(b.dir, "cert.pem"), filepath.Join(b.dir, "key.pem")
	for path, content := range map[string][]byte{b.cert: cert, b.key: key} {
		if err := errors.Join(os.WriteFile(path, content, 0o600), os.Chtimes(path, b.now, b.now)); err != nil {
			b.t.Fatal(err)
		}
	}
}

// want checks whose certificate is shown, after the time of a check has passed.
func (b *bench) want(step, host string) {
	b.t.Helper()
	b.now = b.now.Add(checkEvery)
	b.wantNow(step, host)
}

func (b *bench) wantNow(step, host string) {
	b.t.Helper()
	cert, err := b.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil || cert.Leaf.Subject.CommonName != host || b.Leaf(nil) != cert.Leaf {
		b.t.Errorf("%s: %v, %v, want %s", step, cert.Leaf.Subject, err, host)
	}
}

func TestFilesComeAndGo(t *testing.T) {
	b := newBench(t)
	b.wantNow("no files", "self.example.test")
	b.install(b.pair("one.example.test"))
	b.wantNow("before the next look", "self.example.test")
	b.want("first files", "one.example.test")
	b.install(b.pair("two.example.test"))
	b.want("renewed", "two.example.test")
	b.cert, b.key = "", ""
	b.want("setting taken away", "self.example.test")
}

// A broken file keeps what there was and is logged once.
func TestFilesBroken(t *testing.T) {
	b := newBench(t)
	b.cert, b.key = "/none/cert.pem", "/none/key.pem"
	b.want("missing from the start", "self.example.test")
	one, oneKey := b.pair("one.example.test")
	b.install(one, oneKey)
	b.want("mended", "one.example.test")
	two, twoKey := b.pair("two.example.test")
	b.log.Reset()
	b.install(two, oneKey)
	b.want("key not there yet", "one.example.test")
	b.want("still not", "one.example.test")
	b.want("still not", "one.example.test")
	if n := strings.Count(b.log.String(), "\n"); n != 1 {
		t.Errorf("%d lines logged:\n%s", n, b.log.String())
	}
	b.install(two, twoKey)
	b.want("key there", "two.example.test")
	os.Remove(b.key)
	b.want("key deleted", "two.example.test")
}

// A clock set back by years does not stop renewal.
func TestFilesClockSetBack(t *testing.T) {
	b := newBench(t)
	b.now = b.now.AddDate(-50, 0, 0)
	b.install(b.pair("one.example.test"))
	b.wantNow("set back", "one.example.test")
}

func TestNewNeedsSelfSigned(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("none was taken")
	}
	if _, err := Parse([]byte("nonsense")); err == nil {
		t.Error("nonsense was taken")
	}
}

func TestSelfSigned(t *testing.T) {
	now := time.Now()
	addrs := []netip.Addr{netip.MustParseAddr("192.168.1.7"), netip.MustParseAddr("fe80::1%eth0")}
	both, err := SelfSigned("mail.example.test", []string{"autoconfig.example.test", "mail.example.test", "10.0.0.1"}, addrs, PhoneLife, now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := Parse(both)
	if err != nil {
		t.Fatal(err)
	}
	cert := pair.Leaf
	for _, name := range []string{"mail.example.test", "autoconfig.example.test", "192.168.1.7", "fe80::1", "10.0.0.1"} {
		if err := cert.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	// iOS: SAN, serverAuth, at most 825 days.
	if life := cert.NotAfter.Sub(cert.NotBefore); life > 825*24*time.Hour || cert.NotBefore.After(now) {
		t.Errorf("from %v, valid for %v", cert.NotBefore, life)
	}
	if !slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageServerAuth) || cert.IsCA || len(cert.DNSNames) != 2 {
		t.Errorf("usage %v, CA %v, names %q", cert.ExtKeyUsage, cert.IsCA, cert.DNSNames)
	}
	if cert.SerialNumber.BitLen() < 64 {
		t.Errorf("serial number %v", cert.SerialNumber)
	}
	if _, err := SelfSigned("", nil, nil, PhoneLife, now); err == nil {
		t.Error("no host name")
	}
}

// shake connects with the given highest version and gives what the client saw.
func shake(t *testing.T, server *tls.Config, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	go tls.Server(a, server).Handshake()
	client.InsecureSkipVerify = true
	c := tls.Client(b, client)
	err := c.Handshake()
	return c.ConnectionState(), err
}

func TestTLSConfig(t *testing.T) {
	b := newBench(t)
	state, err := shake(t, b.TLSConfig("imap"), &tls.Config{ServerName: "any.example.test", NextProtos: []string{"imap"}})
	if err != nil || state.NegotiatedProtocol != "imap" {
		t.Fatalf("%q, %v", state.NegotiatedProtocol, err)
	}
	sum := sha256.Sum256(state.PeerCertificates[0].Raw)
	if got := strings.ReplaceAll(Fingerprint(b.Leaf(nil)), ":", ""); got != strings.ToUpper(hex.EncodeToString(sum[:])) {
		t.Errorf("fingerprint %s", got)
	}
	if _, err := shake(t, b.TLSConfig(), &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was taken")
	}
}

func TestConcurrent(t *testing.T) {
	b := newBench(t)
	b.install(b.pair("one.example.test"))
	b.now = b.now.Add(checkEvery)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if b.Leaf(nil).Subject.CommonName != "one.example.test" {
					t.Error("not the files' certificate")
				}
			}
		})
	}
	wg.Wait()
}
