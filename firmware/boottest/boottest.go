package boottest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Running is a machine that is on.
type Running struct {
	t       testing.TB
	command *exec.Cmd
	serial  *serial
	monitor *monitor
	ports   map[int]string
	ended   chan struct{} // closed once QEMU has ended
	began   time.Time
	release func() // lets the next machine run; may be called twice
}

// Start turns a machine on. It is killed at the end of the test, which prints its serial log if it failed. A test that
// lacks QEMU is skipped, but fails where CI is set.
func Start(t testing.TB, m Machine) *Running {
	t.Helper()
	Need(t, m)
	folder, err := os.MkdirTemp("", "boottest") // t.TempDir may be too long for the name of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	args, err := m.arguments(folder)
	if err != nil {
		t.Fatal(err)
	}
	r := &Running{t: t, serial: newSerial(), ended: make(chan struct{}), release: alone(t)}
	r.command = exec.Command(m.program(), args...)
	r.command.Stdout, r.command.Stderr = r.serial, r.serial
	r.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // even if the tests are killed
	r.began = time.Now()
	if err := r.command.Start(); err != nil {
		r.release()
		t.Fatal(err)
	}
	go func() {
		r.command.Wait() // how it ended is in the log
		r.serial.end()
		close(r.ended)
	}()
	t.Cleanup(func() {
		r.Kill()
		if t.Failed() {
			t.Logf("what the machine wrote:\n%s", r.Log())
		}
	})
	r.connect(folder + "/qmp")
	return r
}

// connect waits for the monitor, and asks it which ports were chosen.
func (r *Running) connect(socket string) {
	r.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	var err error
	for time.Now().Before(deadline) {
		select {
		case <-r.ended:
			r.t.Fatal("QEMU has ended at once")
		default:
		}
		if r.monitor, err = dialMonitor(socket); err == nil {
			r.ports = forwarded(r.Monitor("info usernet"))
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.t.Fatal("QEMU's monitor does not answer:", err)
}

// Address is where a port of the machine is reached on this computer.
func (r *Running) Address(port int) string {
	r.t.Helper()
	address, ok := r.ports[port]
	if !ok {
		r.t.Fatalf("port %d is not among Machine.Ports", port)
	}
	return address
}

// Up is how long ago the machine was turned on.
func (r *Running) Up() time.Duration { return time.Since(r.began) }

// Log is everything that came out of the serial line so far, and QEMU's own complaints.
func (r *Running) Log() string { return r.serial.text() }

// Await waits until text is in the log, and gives the log up to and with it. The test fails after the deadline, or when
// the machine ends without it.
func (r *Running) Await(text string, within time.Duration) string {
	r.t.Helper()
	return r.AwaitAfter(0, text, within)
}

// AwaitAfter is Await for what comes after the first skip octets of the log: what was there before does not count.
func (r *Running) AwaitAfter(skip int, text string, within time.Duration) string {
	r.t.Helper()
	found, err := r.serial.await(skip, text, within)
	if err != nil {
		r.t.Fatalf("%q: %v", text, err)
	}
	return found
}

// Eventually waits until probe has no error. The test fails after the deadline, or when the machine ends before.
func (r *Running) Eventually(what string, within time.Duration, probe func(context.Context) error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	var last error
	for {
		err := probe(ctx)
		if err == nil {
			return
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			r.t.Fatalf("%s: not within %v: %v", what, within, last)
		case <-r.ended:
			r.t.Fatalf("%s: the machine has ended: %v", what, last)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// AwaitPort waits until the service on a port of the machine speaks as one on that port does. That it takes a connection
// tells nothing: QEMU does so by itself.
func (r *Running) AwaitPort(port int, within time.Duration) {
	r.t.Helper()
	r.Eventually(fmt.Sprintf("port %d", port), within, func(ctx context.Context) error {
		return Speaks(ctx, port, r.Address(port))
	})
}

// Monitor gives QEMU's monitor a command ("set_link n0 off", "info usernet") and returns its answer.
func (r *Running) Monitor(command string) string {
	r.t.Helper()
	answer, err := r.monitor.human(command)
	if err != nil {
		r.t.Fatalf("QEMU's monitor, %q: %v", command, err)
	}
	return answer
}

// Link pulls the network's cable and puts it back.
func (r *Running) Link(on bool) {
	r.t.Helper()
	state := "off"
	if on {
		state = "on"
	}
	r.Monitor("set_link n0 " + state)
}

// Written is how many octets the machine has written to its disk since it was turned on.
func (r *Running) Written() int64 {
	r.t.Helper()
	n, err := r.monitor.written()
	if err != nil {
		r.t.Fatal("QEMU's monitor, written octets:", err)
	}
	return n
}

// PowerButton presses it.
func (r *Running) PowerButton() { r.t.Helper(); r.Monitor("system_powerdown") }

// pressEvery is how long a press has to be noticed. QEMU lets the button go after 100 ms, which a machine that is emulated
// slowly may sleep through; people press longer.
const pressEvery = 3 * time.Second

// TurnOff presses the power button until the machine has turned itself off.
func (r *Running) TurnOff(within time.Duration) {
	r.t.Helper()
	for deadline := time.Now().Add(within); time.Now().Before(deadline); {
		_, pressed := r.monitor.human("system_powerdown")
		select {
		case <-r.ended:
			r.release()
			return
		case <-time.After(pressEvery):
		}
		if pressed != nil {
			r.t.Fatal("QEMU's monitor, the power button:", pressed)
		}
	}
	r.t.Fatalf("the machine is still on after %v", within)
}

// Ended waits until the machine has turned itself off, or wanted to start again: a Running ends with that.
func (r *Running) Ended(within time.Duration) {
	r.t.Helper()
	select {
	case <-r.ended:
		r.release()
	case <-time.After(within):
		r.t.Fatalf("the machine is still on after %v", within)
	}
}

// Kill cuts the power. What the disk was not yet asked to write is lost.
func (r *Running) Kill() {
	r.command.Process.Kill() // has ended already, else
	<-r.ended
	r.release()
	if r.monitor != nil {
		r.monitor.conn.Close()
	}
}
