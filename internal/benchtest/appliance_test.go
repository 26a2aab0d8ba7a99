package benchtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// services are the appliance's listeners, by the names under which it takes them from systemd.
var services = []string{"smtp", "smtps", "submission", "submission-alt", "pop3", "pop3s", "imap", "imaps", "https", "http"}

// stopTime is what stopping may take: the appliance's own limit is 20 seconds.
const stopTime = 30 * time.Second

// appliance is a running binary.
type appliance struct {
	addr   map[string]string // of each service
	began  time.Time         // just before the process
	cmd    *exec.Cmd
	stdout io.ReadCloser
	log    *os.File // unlinked
}

// command runs one of the binary's other commands.
func command(data, stdin string, args ...string) error {
	path, err := binary()
	if err != nil {
		return err
	}
	cmd := exec.Command(path, append([]string{"--data", data}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("buzon %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

func makeAccounts(data string) error {
	if err := command(data, "", "domain", "add", domain); err != nil {
		return err
	}
	if err := command(data, password+"\n", "account", "add", ana); err != nil {
		return err
	}
	return command(data, password+"\n", "account", "add", pia)
}

// spawn starts `serve` as systemd would, with its sockets open already, and does not wait for it.
func spawn(data string) (*appliance, error) {
	path, err := binary()
	if err != nil {
		return nil, err
	}
	// The shell gives its process id to the program that takes its place.
	script := fmt.Sprintf(`LISTEN_PID=$$ LISTEN_FDS=%d LISTEN_FDNAMES=%s exec "$0" "$@"`, len(services), strings.Join(services, ":"))
	a := &appliance{addr: map[string]string{}, cmd: exec.Command("/bin/sh", "-c", script, path, "serve", "--data", data)}
	for _, name := range services {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			return nil, err
		}
		defer f.Close()
		a.addr[name] = l.Addr().String()
		a.cmd.ExtraFiles = append(a.cmd.ExtraFiles, f)
	}
	if a.log, err = os.CreateTemp(folder, "log-"); err != nil {
		return nil, err
	}
	os.Remove(a.log.Name())
	a.cmd.Stderr = a.log // a file: no goroutine of ours copies it
	if a.stdout, err = a.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	a.began = time.Now()
	return a, a.cmd.Start()
}

// launch is spawn that waits until the appliance says that it is ready.
func launch(data string) (*appliance, error) {
	a, err := spawn(data)
	if err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(a.stdout); lines.Scan(); {
		if lines.Text() == "ready" {
			return a, nil
		}
	}
	a.cmd.Wait()
	return nil, fmt.Errorf("it ended before it was ready\n%s", a.tail())
}

// start is launch for one benchmark, which ends it.
func start(b *testing.B, data string) *appliance {
	b.Helper()
	a, err := launch(data)
	if err != nil {
		b.Fatalf("start: %v", err)
	}
	b.Cleanup(func() {
		if b.Failed() {
			b.Logf("the appliance's log ends with\n%s", a.tail())
		}
		if err := a.stop(); err != nil {
			b.Errorf("stop: %v", err)
		}
	})
	return a
}

// stop ends the appliance as systemd would. To call it again does nothing.
func (a *appliance) stop() error {
	if a.cmd.ProcessState != nil {
		return nil
	}
	a.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(stopTime, func() { a.cmd.Process.Kill() })
	defer kill.Stop()
	defer a.log.Close()
	if err := a.cmd.Wait(); err != nil {
		return fmt.Errorf("%w\n%s", err, a.tail())
	}
	return nil
}

// settle waits until the appliance has nothing left to do: it indexes new mail once nobody has delivered for three seconds.
// A short run does not wait.
func (a *appliance) settle() {
	const quiet, limit = 5 * time.Second, 10 * time.Minute
	for begin := time.Now(); !testing.Short() && time.Since(begin) < limit; {
		before := a.cpu()
		time.Sleep(quiet)
		if a.cpu()-before < quiet/100 {
			return
		}
	}
}

// tail is the end of the appliance's log.
func (a *appliance) tail() []byte {
	const most = 2 << 10 // octets
	if end, err := a.log.Seek(0, io.SeekEnd); err == nil {
		a.log.Seek(max(0, end-most), io.SeekStart)
	}
	b, _ := io.ReadAll(a.log)
	return b
}

// memory reads a line such as VmRSS or VmHWM, in octets.
func (a *appliance) memory(b *testing.B, what string) int64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.cmd.Process.Pid))
	if err != nil {
		b.Skipf("memory is read from Linux's /proc: %v", err)
	}
	for line := range bytes.Lines(status) {
		var kib int64
		if _, err := fmt.Sscanf(string(line), what+": %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	b.Fatalf("no %s in\n%s", what, status)
	return 0
}

// cpu is the processor time used so far; zero where there is no /proc.
func (a *appliance) cpu() time.Duration {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on Linux
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", a.cmd.Process.Pid))
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick
}

func mib(octets int64) float64 { return float64(octets) / (1 << 20) }
