package clienttest

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// background is a program that runs on while a test looks at what it does.
type background struct {
	command *exec.Cmd
	out     *lockedBuffer
	gone    chan error
}

// background starts a program in an environment of its own: env adds to it, files are its descriptors from 3 on. It and its
// children are gone when the test ends.
func (b *box) background(t *testing.T, env []string, files []*os.File, name string, args ...string) *background {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = b.dir
	cmd.Env = append(b.environment(), env...)
	cmd.ExtraFiles = files
	p := &background{command: cmd, out: new(lockedBuffer), gone: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.gone <- cmd.Wait() }()
	t.Cleanup(func() { p.end(t) })
	return p
}

// end kills the program and what it started. When the test failed, it tells what the program said.
func (p *background) end(t *testing.T) {
	syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
	<-p.gone
	if t.Failed() {
		t.Logf("%s said:\n%s", p.command.Path, p.out.tail())
	}
}

// eventually waits until something is so. now tells how things are at the moment.
func eventually(t *testing.T, what string, now func() (is bool, state string)) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		is, state := now()
		if is {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for this: %s. It is:\n%s", patience, what, state)
		}
	}
}

// lockedBuffer is written by a program and read by a test.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *lockedBuffer) tail() string {
	all := l.String()
	return strings.ToValidUTF8(all[max(0, len(all)-4000):], "?")
}
