package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"buzon/internal/config"
)

// testAppliance is a whole appliance in process, on free ports of loopback, that ends with its test.
type testAppliance struct {
	*appliance
	t    testing.TB
	data string // its file
}

// startTest starts one with an empty file. Changes are made to its options before the start.
func startTest(t testing.TB, changes ...func(*options)) *testAppliance {
	t.Helper()
	o := testOptions(t, changes...)
	a, err := start(context.Background(), o)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		if err := a.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return &testAppliance{appliance: a, t: t, data: o.data}
}

// testOptions are those of an appliance on free ports of loopback, in a world without anybody else.
func testOptions(t testing.TB, changes ...func(*options)) options {
	t.Helper()
	o := options{
		data:   filepath.Join(t.TempDir(), fileName),
		listen: "127.0.0.1",
		port:   func(int) int { return 0 },
		log:    slog.New(slog.DiscardHandler),
		limits: config.DefaultLimits(),
		now:    time.Now,

		outside: world{}.outside,
		owned:   true, // the ports of mail are open before the test has made its domain
	}
	if testing.Verbose() {
		o.log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	o.limits.PerAddress, o.limits.ShutdownGrace = 0, time.Second // all tests are one address, and none has to wait
	for _, change := range changes {
		change(&o)
	}
	return o
}

// addr is where a service listens: "smtp", "smtps", "submission", "submission-alt", "pop3", "pop3s", "imap", "imaps", "https".
func (a *testAppliance) addr(service string) string {
	a.t.Helper()
	for _, p := range a.ports.Listening() {
		if p.Name == service {
			return p.Addr().String()
		}
	}
	a.t.Fatalf("no service %q", service)
	return ""
}

// tls is the configuration of a client that trusts the appliance, as "localhost".
func (a *testAppliance) tls() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(a.certs.Leaf(&tls.ConnectionState{ServerName: "localhost"}))
	return &tls.Config{RootCAs: roots, ServerName: "localhost"}
}

// asProgram is set where the test binary is to be Buzon itself.
const asProgram = "BUZON_TEST_AS_PROGRAM"

// TestMain lets tests start Buzon as a process of its own, see program.
func TestMain(m *testing.M) {
	if as := os.Getenv(asProgram); as != "" {
		os.Exit(program(parseWorld(as).outside))
	}
	os.Exit(m.Run())
}

// process is Buzon as a process of its own, to be started and killed. Its mail reaches nobody.
func process(t testing.TB, args ...string) *exec.Cmd { return processIn(t, world{}, args...) }

// processIn is process with a world to send mail to.
func processIn(t testing.TB, w world, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asProgram+"="+w.text(), "BUZON_LANG=en")
	return cmd
}

// freeAddress is an address of loopback that no other test uses: they all want the same ports.
func freeAddress() string {
	return fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
}
