package deb

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"buzon/firmware/pkg/need"
)

const (
	cache    = "/var/cache/buzon-firmware"
	mirror   = "http://deb.debian.org/debian"
	suite    = "bookworm"
	packages = "systemd,systemd-sysv,dbus,init-system-helpers,debconf,ca-certificates,hostname"
	patience = time.Minute // for anything that the machine does
)

// debian is the folder of a fresh Debian, made once and kept for the next run.
func debian(t *testing.T) string {
	t.Helper()
	base := filepath.Join(cache, suite+"-1") // another number when packages change
	if _, err := os.Stat(base); err == nil {
		return base
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	making := base + ".making"
	if err := os.RemoveAll(making); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	output(t, "debootstrap", "--variant=minbase", "--include="+packages, suite, making, mirror)
	output(t, "chroot", making, "apt-get", "clean")
	if err := os.Rename(making, base); err != nil {
		t.Fatal(err)
	}
	t.Logf("debootstrap took %v", time.Since(start).Round(time.Second))
	return base
}

// machine is a Debian that was booted in namespaces of its own, with its own network.
type machine struct {
	root   string // its file system, seen from here
	leader string // process id of its init
}

// boot starts a copy of a fresh Debian. It is gone when the test ends.
func boot(t *testing.T) *machine {
	t.Helper()
	need.Root(t)
	need.Program(t, "debootstrap", "systemd-nspawn", "nsenter", "cp")
	m := &machine{root: filepath.Join(t.TempDir(), "root")}
	output(t, "cp", "-a", debian(t), m.root)
	// Keys of the parent do not reach it: a console of its own, no registration, which would need systemd here.
	cmd := exec.Command("systemd-nspawn", "--quiet", "--directory="+m.root, "--private-network", "--register=no",
		"--keep-unit", "--machine=buzon-test", "--boot")
	var console bytes.Buffer
	cmd.Stdout, cmd.Stderr = &console, &console
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if m.leader != "" {
			m.try(context.Background(), "", "systemctl", "--force", "--force", "poweroff")
		}
		cmd.Process.Signal(syscall.SIGTERM)
		ended := time.AfterFunc(15*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait() // how it ended is of no interest
		ended.Stop()
		if t.Failed() {
			t.Logf("console:\n%s", console.Bytes())
		}
	})
	m.wait(t, "its init", func() error {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
		if fields := strings.Fields(string(children)); err == nil && len(fields) > 0 {
			m.leader = fields[len(fields)-1]
		}
		return m.running(t)
	})
	return m
}

// running tells whether all is started. "degraded" is a unit that the sandbox around us does not let run.
func (m *machine) running(t *testing.T) error {
	if m.leader == "" {
		return fmt.Errorf("no init yet")
	}
	state, err := m.try(t.Context(), "", "systemctl", "is-system-running")
	switch strings.TrimSpace(state) {
	case "running", "degraded":
		return nil
	}
	return fmt.Errorf("%s (%v)", state, err)
}

// wait lasts until ready has nothing to complain about.
func (m *machine) wait(t *testing.T, what string, ready func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := ready()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			journal, _ := m.try(context.Background(), "", "journalctl", "--no-pager", "-n", "60")
			t.Fatalf("%s: %v\n%s", what, err, journal)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// try runs a command in the machine as root.
func (m *machine) try(ctx context.Context, stdin, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"--all", "--target", m.leader, name}, args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"}
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// do is try for what has to go well.
func (m *machine) do(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	out, err := m.try(t.Context(), stdin, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// dial connects to a port of the machine, from itself.
func (m *machine) dial(port int) (net.Conn, error) {
	type result struct {
		net.Conn
		error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with us, and nobody else gets its network
		ns, err := os.Open("/proc/" + m.leader + "/ns/net")
		if err == nil {
			defer ns.Close()
			err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
		}
		if err != nil {
			done <- result{nil, err}
			return
		}
		conn, err := net.DialTimeout("tcp", "127.0.0.1:"+strconv.Itoa(port), 5*time.Second)
		done <- result{conn, err}
	}()
	r := <-done
	return r.Conn, r.error
}

// install puts a package into the machine.
func (m *machine) install(t *testing.T, path string) string {
	t.Helper()
	output(t, "cp", path, filepath.Join(m.root, "root/"))
	return m.do(t, "", "dpkg", "-i", "/root/"+filepath.Base(path))
}
