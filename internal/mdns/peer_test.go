package mdns

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asResponder has the test binary be a responder in a network namespace: its value is the label that it wants. It prints its
// names, and ends when its input does.
const asResponder = "BUZON_TEST_RESPONDER"

func TestMain(m *testing.M) {
	label, ok := os.LookupEnv(asResponder)
	if !ok {
		os.Exit(m.Run())
	}
	ctx, end := context.WithCancel(context.Background())
	go func() {
		bufio.NewReader(os.Stdin).ReadByte()
		end()
	}()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r := New(Options{Host: label, Log: log, Named: func(name string) { fmt.Println(name) }})
	fmt.Println(r.Name())
	r.Run(ctx, 8080)
}

// cable is two machines with a cable between: namespaces of this one's network.
type cable struct {
	t    *testing.T
	a, b string
}

// newCable makes one, where that is allowed.
func newCable(t *testing.T) *cable {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces are for root")
	}
	name := "bz-" + rand.Text()[:8]
	c := &cable{t: t, a: name + "-a", b: name + "-b"}
	if out, err := exec.Command("ip", "netns", "add", c.a).CombinedOutput(); err != nil {
		t.Skipf("no network namespaces here: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("ip", "netns", "del", c.a).Run() })
	c.ip("netns", "add", c.b)
	t.Cleanup(func() { exec.Command("ip", "netns", "del", c.b).Run() })
	c.ip("link", "add", "name", "eth0", "netns", c.a, "type", "veth", "peer", "name", "eth0", "netns", c.b)
	for i, ns := range []string{c.a, c.b} {
		c.ip("-n", ns, "addr", "add", fmt.Sprintf("192.168.77.%d/24", i+1), "dev", "eth0")
		c.ip("-n", ns, "link", "set", "lo", "up")
		c.ip("-n", ns, "link", "set", "eth0", "up")
		c.ip("-n", ns, "route", "add", "224.0.0.0/4", "dev", "eth0")
	}
	return c
}

func (c *cable) ip(args ...string) {
	c.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		c.t.Fatalf("ip %q: %v %s", args, err, out)
	}
}

// run runs a program on a machine and gives what it prints.
func (c *cable) run(ns string, env []string, args ...string) string {
	cmd := exec.Command("ip", append([]string{"netns", "exec", ns}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out) + err.Error()
	}
	return string(out)
}

// begin starts a program on a machine; its lines come over the channel, and end stops it well.
func (c *cable) begin(ns string, env []string, args ...string) (lines <-chan string, end func()) {
	c.t.Helper()
	cmd := exec.Command("ip", append([]string{"netns", "exec", ns}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if testing.Verbose() {
		cmd.Stderr = os.Stderr
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	list := make(chan string, 100)
	go func() {
		defer close(list)
		for s := bufio.NewScanner(out); s.Scan(); {
			list <- s.Text()
		}
	}()
	return list, func() { in.Close() }
}

// await is the first line that has what is wanted.
func await(t *testing.T, lines <-chan string, want string) string {
	t.Helper()
	for deadline := time.After(30 * time.Second); ; {
		select {
		case line, ok := <-lines:
			if strings.Contains(line, want) {
				return line
			}
			if !ok {
				t.Fatalf("ended without %q", want)
			}
			t.Log(line)
		case <-deadline:
			t.Fatalf("no line with %q", want)
		}
	}
}

// merge gives the lines of both as they come, until the test ends.
func merge(t *testing.T, a, b <-chan string) <-chan string {
	both := make(chan string)
	for _, lines := range []<-chan string{a, b} {
		go func() {
			for line := range lines {
				select {
				case both <- line:
				case <-t.Context().Done():
					return
				}
			}
		}()
	}
	return both
}

// responder starts ours on a machine.
func (c *cable) responder(ns, label string) (lines <-chan string, end func()) {
	c.t.Helper()
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	return c.begin(ns, []string{asResponder + "=" + label}, self)
}

// need skips without a program; CI has all.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing", program)
		}
		t.Skipf("%s is missing", program)
	}
}

// avahi starts avahi-daemon on a machine, with a bus of its own; resolve asks it.
func (c *cable) avahi(ns, host string) (resolve func(args ...string) string, lines <-chan string) {
	c.t.Helper()
	need(c.t, "avahi-daemon")
	need(c.t, "avahi-resolve")
	need(c.t, "dbus-daemon")
	folder := c.t.TempDir()
	bus := "unix:path=" + filepath.Join(folder, "bus")
	c.write(filepath.Join(folder, "bus.conf"), `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>`+bus+`</listen><policy context="default"><allow user="*"/><allow own="*"/>
<allow send_type="method_call"/><allow send_type="signal"/><allow send_type="method_return"/><allow send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="signal"/><allow receive_type="method_return"/><allow receive_type="error"/>
</policy></busconfig>`)
	c.write(filepath.Join(folder, "avahi.conf"), "[server]\nhost-name="+host+"\nuse-ipv4=yes\nuse-ipv6=yes\n[publish]\npublish-workstation=no\n")
	// A /run of their own, since there may be another avahi-daemon on this machine.
	const script = `mount -t tmpfs none /run && mkdir -p /run/avahi-daemon && dbus-daemon --config-file="$0/bus.conf" --fork --nopidfile --print-pid >"$0/pid" &&
exec avahi-daemon -f "$0/avahi.conf" --no-drop-root --no-chroot --no-rlimits 2>&1`
	lines, _ = c.begin(ns, []string{"DBUS_SYSTEM_BUS_ADDRESS=" + bus}, "unshare", "-m", "sh", "-c", script, folder)
	c.t.Cleanup(func() {
		if pid, err := os.ReadFile(filepath.Join(folder, "pid")); err == nil {
			exec.Command("kill", strings.TrimSpace(string(pid))).Run()
		}
	})
	return func(args ...string) string {
		return c.run(ns, []string{"DBUS_SYSTEM_BUS_ADDRESS=" + bus}, append([]string{"avahi-resolve"}, args...)...)
	}, lines
}

func (c *cable) write(path, text string) {
	c.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// wants tries until the answer has what is wanted.
func wants(t *testing.T, want string, ask func() string) {
	t.Helper()
	got := ""
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		if got = ask(); strings.Contains(got, want) {
			return
		}
	}
	t.Errorf("%q has no %q", got, want)
}

// avahi finds us, by both families, beside itself on the same machine as well.
func TestAvahiFinds(t *testing.T) {
	t.Parallel()
	c := newCable(t)
	resolve, lines := c.avahi(c.b, "laptop")
	await(t, lines, "Server startup complete")
	near, lines := c.avahi(c.a, "desktop")
	await(t, lines, "Server startup complete")
	_, end := c.responder(c.a, "buzon")
	wants(t, "buzon.local\t192.168.77.1", func() string { return resolve("-4", "-n", "buzon.local") })
	wants(t, "buzon.local\tfe80::", func() string { return resolve("-6", "-n", "buzon.local") })
	wants(t, "buzon.local\t192.168.77.1", func() string { return near("-4", "-n", "buzon.local") })
	wants(t, "laptop.local\t192.168.77.2", func() string { return near("-4", "-n", "laptop.local") })
	// Another address is heard of, and so is the end.
	c.ip("-n", c.a, "addr", "del", "192.168.77.1/24", "dev", "eth0")
	c.ip("-n", c.a, "addr", "add", "192.168.77.9/24", "dev", "eth0")
	wants(t, "buzon.local\t192.168.77.9", func() string { return resolve("-4", "-n", "buzon.local") })
	end()
	wants(t, "Timeout", func() string { return resolve("-4", "-n", "buzon.local") })
}

// Who came first keeps the name, we or avahi.
func TestAvahiConflict(t *testing.T) {
	t.Parallel()
	t.Run("we first", func(t *testing.T) {
		t.Parallel()
		c := newCable(t)
		ours, _ := c.responder(c.a, "buzon")
		wants(t, "192.168.77.1", func() string {
			return c.run(c.b, nil, "dig", "+short", "+time=1", "+tries=1", "-p", "5353", "@192.168.77.1", "buzon.local")
		})
		if name := <-ours; name != "buzon.local" {
			t.Errorf("we begin as %s", name)
		}
		resolve, lines := c.avahi(c.b, "buzon")
		// Avahi asks for less than a second. On a machine too busy for us to answer in that time we are the one to yield, at
		// what it announces then (RFC 6762 §9).
		either := merge(t, lines, ours)
		if strings.HasPrefix(await(t, either, "buzon-2.local"), "buzon-2") {
			wants(t, "buzon-2.local\t192.168.77.1", func() string { return resolve("-4", "-n", "buzon-2.local") })
			return
		}
		wants(t, "buzon.local\t192.168.77.1", func() string { return resolve("-4", "-n", "buzon.local") })
		select {
		case line := <-either:
			if strings.HasPrefix(line, "buzon") {
				t.Errorf("then we are %s", line)
			}
		default:
		}
	})
	t.Run("avahi first", func(t *testing.T) {
		t.Parallel()
		c := newCable(t)
		resolve, lines := c.avahi(c.b, "buzon")
		await(t, lines, "Server startup complete")
		ours, _ := c.responder(c.a, "buzon")
		await(t, ours, "buzon-2.local")
		wants(t, "buzon-2.local\t192.168.77.1", func() string { return resolve("-4", "-n", "buzon-2.local") })
	})
	t.Run("avahi of the same machine", func(t *testing.T) { // both say the same, which is no conflict
		t.Parallel()
		c := newCable(t)
		near, lines := c.avahi(c.a, "buzon")
		await(t, lines, "Server startup complete")
		ours, _ := c.responder(c.a, "buzon")
		far, lines := c.avahi(c.b, "laptop")
		await(t, lines, "Server startup complete")
		for _, resolve := range []func(...string) string{near, far} {
			wants(t, "buzon.local\t192.168.77.1", func() string { return resolve("-4", "-n", "buzon.local") })
		}
		if name := <-ours; name != "buzon.local" || len(ours) > 0 {
			t.Errorf("we are %s, and then %s", name, <-ours)
		}
	})
}

// python3-zeroconf finds the page as a service, and hears when it goes; dig asks as if we were a DNS server.
func TestPythonFinds(t *testing.T) {
	t.Parallel()
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import zeroconf").Run(); err != nil {
		need(t, "python3 with zeroconf")
	}
	need(t, "dig")
	c := newCable(t)
	_, end := c.responder(c.a, "buzon")
	found, _ := c.begin(c.b, nil, python, "testdata/find.py", "40")
	line := await(t, found, "found ")
	for _, want := range []string{"found buzon._http._tcp.local. buzon.local. 8080 / ", "192.168.77.1", "fe80::"} {
		if !strings.Contains(line, want) {
			t.Errorf("%q has no %q", line, want)
		}
	}
	dig := func(args ...string) string {
		return c.run(c.b, nil, append([]string{"dig", "+time=1", "+tries=2", "-p", "5353"}, args...)...)
	}
	if got := dig("@192.168.77.1", "buzon.local"); !strings.Contains(got, "buzon.local.\t\t10\tIN\tA\t192.168.77.1") {
		t.Errorf("dig: %s", got)
	}
	if got := dig("@192.168.77.1", "buzon.local", "MX"); !strings.Contains(got, "status: NOERROR") || !strings.Contains(got, "ANSWER: 0") {
		t.Errorf("dig: %s", got)
	}
	end()
	await(t, found, "lost buzon._http._tcp.local.")
}
