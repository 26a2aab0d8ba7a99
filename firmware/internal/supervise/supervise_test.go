package supervise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain is also the program that is supervised.
func TestMain(m *testing.M) {
	switch os.Getenv("SUPERVISED") {
	case "":
		os.Exit(m.Run())
	case "crash":
		fmt.Println("something broke")
		os.Exit(3)
	case "serve":
		fmt.Println("serving")
		time.Sleep(time.Hour)
	case "deaf":
		// The signal is ignored before the line tells that it is.
		signal.Ignore(unix.SIGTERM)
		fmt.Println("serving")
		time.Sleep(time.Hour)
	}
}

func program(kind string, output *buffer) Options {
	return Options{
		Command: func() *exec.Cmd {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "SUPERVISED="+kind)
			return cmd
		},
		Output: output, Log: slog.New(slog.DiscardHandler), Grace: 20 * time.Second,
		First: time.Millisecond, Last: 4 * time.Millisecond, Steady: time.Hour, Patience: time.Hour,
	}
}

// buffer can be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not so: ", what)
		}
	}
}

func start(t *testing.T, o Options) (p *Program, end func()) {
	t.Helper()
	p = New(o)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); p.Run(ctx) }()
	end = func() { cancel(); <-ended }
	t.Cleanup(end)
	return p, end
}

// What ends by itself is started again and again, and each time is told.
func TestCrashes(t *testing.T) {
	t.Parallel()
	var out buffer
	var crashes atomic.Int32
	o := program("crash", &out)
	o.Crashed = func(reason string) {
		if reason != "exit status 3" {
			t.Errorf("it ended by %q", reason)
		}
		crashes.Add(1)
	}
	_, end := start(t, o)
	eventually(t, "four crashes", func() bool { return crashes.Load() >= 4 })
	end()
	if n := strings.Count(out.String(), "something broke"); n < 4 {
		t.Errorf("it said so %d times", n)
	}
}

// What cannot be started is told as well.
func TestMissing(t *testing.T) {
	t.Parallel()
	var crashes atomic.Int32
	o := program("crash", new(buffer))
	o.Command = func() *exec.Cmd { return exec.Command("/nowhere") }
	o.Crashed = func(string) { crashes.Add(1) }
	_, end := start(t, o)
	eventually(t, "two attempts", func() bool { return crashes.Load() >= 2 })
	end()
}

// The end is asked for, and then enforced.
func TestEnd(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"serve", "deaf"} {
		var out buffer
		o := program(kind, &out)
		o.Crashed = func(reason string) { t.Errorf("%s: crashed: %s", kind, reason) }
		if kind == "deaf" {
			o.Grace = 10 * time.Millisecond
		}
		p, end := start(t, o)
		eventually(t, "it serves", func() bool { return strings.Contains(out.String(), "serving") })
		if pid, since, _ := p.Running(); pid == 0 || time.Since(since) > time.Minute {
			t.Errorf("%s: %d since %v", kind, pid, since)
		}
		end()
		if pid, _, _ := p.Running(); pid != 0 {
			t.Errorf("%s: %d is still there", kind, pid)
		}
	}
}

// Who does not answer any more is ended, with a look at what it was doing, and started again.
func TestSilent(t *testing.T) {
	t.Parallel()
	var out buffer
	var alive atomic.Bool
	var crashes atomic.Int32
	alive.Store(true)
	o := program("serve", &out)
	o.Pulse, o.Misses = 5*time.Millisecond, 3
	o.Alive = func(context.Context) error {
		if !alive.Load() {
			return errors.New("silent")
		}
		return nil
	}
	o.Crashed = func(reason string) {
		if reason != errQuiet.Error() {
			t.Errorf("it ended by %q", reason)
		}
		alive.Store(true)
		crashes.Add(1)
	}
	p, end := start(t, o)
	answers := func() bool { _, _, a := p.Running(); return a }
	eventually(t, "it answers", answers)
	alive.Store(false)
	eventually(t, "it was ended", func() bool { return crashes.Load() == 1 })
	eventually(t, "it answers again", answers)
	end()
	if !strings.Contains(out.String(), "goroutine ") {
		t.Errorf("it did not say what it was doing: %q", out.String())
	}
}

// Who never answers has Patience.
func TestPatience(t *testing.T) {
	t.Parallel()
	var crashes atomic.Int32
	o := program("serve", new(buffer))
	o.Pulse, o.Misses, o.Patience = time.Millisecond, 1, 0
	o.Alive = func(context.Context) error { return errors.New("silent") }
	o.Crashed = func(string) { crashes.Add(1) }
	_, end := start(t, o)
	eventually(t, "it was ended", func() bool { return crashes.Load() >= 1 })
	end()
}

func TestRing(t *testing.T) {
	r := NewRing(100)
	for i := range 1000 {
		fmt.Fprintf(r, "line %d\n", i)
		b := string(r.Bytes())
		if len(b) > 100 || !strings.HasPrefix(b, "line ") || !strings.HasSuffix(b, fmt.Sprintf("line %d\n", i)) {
			t.Fatalf("after %d: %q", i, b)
		}
	}
	if b := r.Bytes(); len(b) < 50 {
		t.Errorf("only %d octets are kept", len(b))
	}
	long := strings.Repeat("x", 250)
	if n, err := r.Write([]byte(long)); n != 250 || err != nil || len(r.Bytes()) != 100 {
		t.Errorf("%d %v, %d octets", n, err, len(r.Bytes()))
	}
}

// Ends of processes that nobody waits for are taken, those of ours are not.
func TestReap(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SUPERVISED=crash")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	zombie := func() bool {
		var info unix.Siginfo
		return unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == nil && pidOf(&info) == pid
	}
	eventually(t, "it has ended", zombie)
	all := func(int) bool { return true } // other tests have processes of their own
	if err := Reap(all); err != nil || !zombie() {
		t.Errorf("%v: ours was taken away", err)
	}
	if err := Reap(func(p int) bool { return p != pid }); err != nil {
		t.Error(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); errors.As(err, &exit) && exit.ExitCode() == 3 && !zombie() {
		t.Log("another process had ended before it") // the kernel shows one at a time
	}
}

// Processes have the one right and gain no other. It needs root, and changes this process: another one does it.
func TestUnprivileged(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give rights away")
	}
	if os.Getenv("CONFINED") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=TestUnprivileged", "-test.v")
		cmd.Env = append(os.Environ(), "CONFINED=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	err := Confine()
	if errors.Is(err, unix.ENOTSUP) {
		t.Skip("with C in the program, as for the race detector, Go cannot do that; the image has none")
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/cat", "/proc/self/status")
	cmd.SysProcAttr = Unprivileged()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	const bind = "0000000000000400" // CAP_NET_BIND_SERVICE is 10
	for name, want := range map[string]string{
		"Uid": "65532\t65532\t65532\t65532", "Gid": "65532\t65532\t65532\t65532", "Groups": "",
		"CapInh": bind, "CapPrm": bind, "CapEff": bind, "CapBnd": bind, "CapAmb": bind, "NoNewPrivs": "1",
	} {
		_, rest, _ := strings.Cut(string(out), "\n"+name+":")
		line, _, _ := strings.Cut(rest, "\n")
		if got := strings.TrimSpace(line); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
