// Package acmetest runs a certificate authority for tests: pebble, the one that
// Let's Encrypt made for that, with the DNS that it believes (pebble-challtestsrv).
// Both are programs that .ci/run builds from the module proxy; without them tests
// are skipped, but never where CI is set.
package acmetest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Options say how the authority behaves.
type Options struct {
	HTTPPort, TLSPort int      // where it looks for answers, in place of 80 and 443
	BadNonces         int      // per cent of requests refused for a used-up nonce
	Reuse             int      // per cent of proofs believed again
	Blocked           []string // domains it gives nothing for
}

// Service is an authority that runs until the test ends. Every name is at 127.0.0.1 unless the test says otherwise.
type Service struct {
	Directory string       // its address
	DNS       string       // host:port of the DNS it believes
	Client    *http.Client // that trusts its web server
	t         testing.TB
	admin     string // its own back door
	dnsAdmin  string
	process   *exec.Cmd
	dir       string
	ip        net.IP // of its own: a port of 127.0.0.1 may be anybody's before it is taken, and again when it is taken anew
	log       *os.File
	env       []string
}

// patience is how long a program may take to answer for the first time.
const patience = 20 * time.Second

// Start runs one.
func Start(t testing.TB, o Options) *Service {
	t.Helper()
	need(t, "pebble")
	need(t, "pebble-challtestsrv")
	s := &Service{t: t, dir: t.TempDir(), ip: net.IPv4(127, byte(1+rand.IntN(250)), byte(rand.IntN(250)), byte(2+rand.IntN(250)))}
	s.makeLog()
	listen, admin, dns, dnsAdmin := s.at("14000"), s.at("15000"), s.at("8053"), s.at("8055")
	s.Directory, s.admin, s.dnsAdmin, s.DNS = "https://"+listen+"/dir", "https://"+admin, "http://"+dnsAdmin, dns
	s.env = []string{
		"PEBBLE_VA_NOSLEEP=1", fmt.Sprint("PEBBLE_WFE_NONCEREJECT=", o.BadNonces), fmt.Sprint("PEBBLE_AUTHZREUSE=", o.Reuse),
	}
	s.configure(o, listen, admin)
	s.program("pebble-challtestsrv", "-dnsserver", dns, "-management", dnsAdmin, "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "",
		"-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "")
	s.Resume()
	s.await(func() error { return dialed(dnsAdmin) })
	return s
}

// Stop ends the authority as a power cut would; what it knew is lost.
func (s *Service) Stop() {
	s.t.Helper()
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// Resume runs it again, with new keys and an empty memory.
func (s *Service) Resume() {
	s.t.Helper()
	s.process = s.program("pebble", "-config", filepath.Join(s.dir, "config.json"), "-dnsserver", s.DNS)
	s.await(func() error {
		res, err := s.Client.Get(s.Directory)
		if err != nil {
			return err
		}
		return res.Body.Close()
	})
}

// configure writes what pebble reads at its start.
func (s *Service) configure(o Options, listen, admin string) {
	s.t.Helper()
	s.makeCertificate()
	config := map[string]any{"pebble": map[string]any{
		"listenAddress": listen, "managementListenAddress": admin,
		"certificate": filepath.Join(s.dir, "cert.pem"), "privateKey": filepath.Join(s.dir, "key.pem"),
		"httpPort": o.HTTPPort, "tlsPort": o.TLSPort, "domainBlocklist": o.Blocked,
		"retryAfter":   map[string]int{"authz": 1, "order": 1},
		"keyAlgorithm": "ecdsa",
		"profiles": map[string]any{
			"default":    map[string]any{"description": "ninety days", "validityPeriod": 90 * 24 * 3600},
			"shortlived": map[string]any{"description": "six days", "validityPeriod": 6 * 24 * 3600},
		},
	}}
	b, err := json.Marshal(config)
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dir, "config.json"), b, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// makeCertificate makes the one of the authority's own web server.
func (s *Service) makeCertificate() {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IPAddresses: []net.IP{s.ip}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(crand.Reader, template, template, key.Public(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, b := range map[string][]byte{"cert.pem": cert, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})} {
		if err := os.WriteFile(filepath.Join(s.dir, name), b, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	s.Client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}, Timeout: 30 * time.Second}
	s.t.Cleanup(s.Client.CloseIdleConnections)
}

// RootPEM is the authority itself, for clients that are to trust what it makes.
func (s *Service) RootPEM() []byte {
	s.t.Helper()
	res, err := s.Client.Get(s.admin + "/roots/0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// Roots is that as a pool.
func (s *Service) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.RootPEM())
	return pool
}

// Suggest has the authority wish when a certificate is renewed (RFC 9773).
func (s *Service) Suggest(cert *x509.Certificate, from, until time.Time) {
	s.t.Helper()
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	wish := fmt.Sprintf(`{"suggestedWindow":{"start":%q,"end":%q}}`, from.Format(time.RFC3339), until.Format(time.RFC3339))
	s.post(s.admin+"/set-renewal-info/", map[string]string{"certificate": string(b), "ariResponse": wish})
}

// SetTXT sets a TXT record, ClearTXT removes all of the name.
func (s *Service) SetTXT(name, text string) {
	s.t.Helper()
	s.post(s.dnsAdmin+"/set-txt", map[string]string{"host": name + ".", "value": text})
}

// ClearTXT removes the TXT records of a name.
func (s *Service) ClearTXT(name string) {
	s.t.Helper()
	s.post(s.dnsAdmin+"/clear-txt", map[string]string{"host": name + "."})
}

// Point lets a name lead to an address.
func (s *Service) Point(name, address string) {
	s.t.Helper()
	s.post(s.dnsAdmin+"/clear-a", map[string]any{"host": name})
	s.post(s.dnsAdmin+"/add-a", map[string]any{"host": name, "addresses": []string{address}})
}

func (s *Service) post(url string, v any) {
	s.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := s.Client.Post(url, "application/json", bytes.NewReader(b))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s", url, res.Status)
	}
}

func (s *Service) program(name string, args ...string) *exec.Cmd {
	s.t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(s.t.Context()), name, args...)
	cmd.Env = append(os.Environ(), s.env...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // should this test be killed
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// makeLog keeps what the programs say, and tells it if the test fails.
func (s *Service) makeLog() {
	s.t.Helper()
	var err error
	if s.log, err = os.Create(filepath.Join(s.dir, "log")); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		s.log.Close()
		if b, err := os.ReadFile(s.log.Name()); s.t.Failed() && err == nil {
			s.t.Logf("the authority said:\n%s", b[max(0, len(b)-8000):])
		}
	})
}

func (s *Service) await(try func() error) {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the authority does not start: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func dialed(address string) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	return c.Close()
}

func (s *Service) at(port string) string { return net.JoinHostPort(s.ip.String(), port) }

func need(t testing.TB, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is missing; .ci/run builds it", program)
	}
	t.Skipf("%s is missing; .ci/run builds it", program)
}
