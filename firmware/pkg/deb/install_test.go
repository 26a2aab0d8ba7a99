package deb

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"buzon/firmware/pkg/build"
)

const (
	maxExposure = 1.6 // of `systemd-analyze security`, of 10
	ana         = "ana@example.org"
	secret      = "correct-horse-battery"
)

// program is the real one, for this machine.
func program(t *testing.T, version string) string {
	t.Helper()
	target, err := build.Find("amd64")
	if err != nil {
		t.Fatal(err)
	}
	b := &build.Builder{Root: "../../..", Out: t.TempDir(), Version: version}
	path, err := b.Program(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// The package's life on a Debian: installed, used, killed, upgraded, removed, installed again, purged.
func TestLife(t *testing.T) {
	one, two := write(t, "amd64", "1.0.0", program(t, "1.0.0")), write(t, "amd64", "1.1.0~rc1", program(t, "1.1.0~rc1"))
	m := boot(t)

	m.installFirst(t, one)
	m.isConfined(t)
	password := m.claim(t)
	m.deliver(t, ana, "the first")
	m.holds(t, password, "the first")

	m.comesBack(t, func() { m.deliver(t, ana, "the second") })
	m.holds(t, password, "the first", "the second")

	// Once with another unit of sockets, which are opened anew then, and once with the same.
	before := m.pid(t)
	m.changeSockets(t)
	m.install(t, two)
	m.install(t, two)
	if got := m.do(t, "", "buzon", "version"); !strings.Contains(got, "1.1.0~rc1") {
		t.Errorf("after the upgrade: %s", got)
	}
	if m.pid(t) == before {
		t.Error("the old program runs after the upgrade")
	}
	m.deliver(t, ana, "the third")
	m.holds(t, password, "the first", "the second", "the third")

	m.nothingDenied(t)

	m.removeKeeps(t)
	m.install(t, two)
	m.holds(t, password, "the first", "the second", "the third")
	m.purgeAsks(t, two, password)
}

// installFirst tells where to go on, and opens the ports.
func (m *machine) installFirst(t *testing.T, path string) {
	t.Helper()
	out := m.install(t, path)
	for _, want := range []string{"http://buzon.local/", "sudo cat /var/lib/buzon/claim.txt"} {
		if !strings.Contains(out, want) {
			t.Errorf("installing does not tell %q: %s", want, out)
		}
	}
	for _, port := range []int{25, 80, 110, 143, 443, 465, 587, 993, 995, 2525} {
		conn, err := m.dial(port)
		if err != nil {
			t.Errorf("port %d: %v", port, err)
			continue
		}
		conn.Close()
	}
	m.isNotDeaf(t)
	for _, unit := range []string{"buzon.socket", "buzon.service"} {
		m.do(t, "", "systemctl", "is-enabled", unit)
		m.do(t, "", "systemctl", "is-active", unit)
	}
}

// isNotDeaf connects to a port of mail of a box without an owner: systemd listens there, so Buzon has to turn away.
func (m *machine) isNotDeaf(t *testing.T) {
	t.Helper()
	conn, err := m.dial(25)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	var timeout net.Error
	if n, err := conn.Read(make([]byte, 1)); n > 0 || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("before there is an owner: %d octets, %v", n, err)
	}
}

// isConfined looks at the unit as systemd sees it, and at the process.
func (m *machine) isConfined(t *testing.T) {
	t.Helper()
	out := m.do(t, "", "systemd-analyze", "--no-pager", "security", "buzon.service")
	found := regexp.MustCompile(`Overall exposure level for buzon.service: ([0-9.]+)`).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("systemd-analyze: %s", out)
	}
	if level, err := strconv.ParseFloat(found[1], 64); err != nil || level > maxExposure {
		t.Errorf("exposure %s, at most %v: %s", found[1], maxExposure, out)
	}
	t.Logf("systemd-analyze security: %s", found[1])
	status := m.do(t, "", "cat", "/proc/"+m.pid(t)+"/status")
	for _, want := range []string{"CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !strings.Contains(status, want) {
			t.Errorf("the process has no %q: %s", want, status)
		}
	}
	if strings.Contains(status, "Uid:\t0\t") {
		t.Error("it runs as root")
	}
	if info, err := os.Stat(filepath.Join(m.root, "var/lib/private/buzon")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its folder: %v, %v", info, err)
	}
}

// claim makes the box somebody's by the command line, and gives the password of a device. The file stays the service's.
func (m *machine) claim(t *testing.T) string {
	t.Helper()
	m.do(t, "", "buzon", "domain", "add", "example.org")
	m.do(t, secret+"\n", "buzon", "account", "add", ana)
	// The password alone is for programs; what is said about it goes to the other output.
	password := strings.TrimSpace(m.do(t, "", "sh", "-c", "buzon app-password add "+ana+" phone 2>/dev/null"))
	m.wait(t, "the ports of mail after the claim", func() error {
		if _, err := os.Stat(filepath.Join(m.root, "var/lib/private/buzon/claim.txt")); err == nil {
			return fmt.Errorf("there is a claim code still")
		}
		return nil
	})
	return password
}

// holds compares the subjects of the inbox.
func (m *machine) holds(t *testing.T, password string, want ...string) {
	t.Helper()
	if got := m.subjects(t, ana, password); !slices.Equal(got, want) {
		t.Errorf("the inbox has %q, want %q", got, want)
	}
}

func (m *machine) pid(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(m.do(t, "", "systemctl", "show", "-P", "MainPID", "buzon.service"))
}

// comesBack kills the process. Who connects before the next one is there waits, and is not turned away.
func (m *machine) comesBack(t *testing.T, meanwhile func()) {
	t.Helper()
	before := m.pid(t)
	m.do(t, "", "systemctl", "kill", "--kill-whom=main", "--signal=KILL", "buzon.service")
	meanwhile()
	if after := m.pid(t); after == before || after == "0" {
		t.Errorf("process %s after %s was killed", after, before)
	}
}

// nothingDenied reads what Buzon told so far: the confinement is in nobody's way.
func (m *machine) nothingDenied(t *testing.T) {
	t.Helper()
	journal := m.do(t, "", "journalctl", "--no-pager", "--unit=buzon.service")
	for _, line := range strings.Split(journal, "\n") {
		for _, sign := range []string{"not permitted", "denied", "not implemented", "read-only file system", "too many open files"} {
			if strings.Contains(strings.ToLower(line), sign) {
				t.Errorf("told in the journal: %s", line)
			}
		}
	}
	if !strings.Contains(journal, "ready") {
		t.Errorf("the journal has nothing of Buzon's: %s", journal)
	}
}
