package clienttest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// How long a mail program may take. It is only reached when one hangs.
const programTime = 3 * time.Minute

// need skips a test without the program, or fails it where everything has to be there.
func need(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		isMissing(t, name)
	}
}

// needPerl is need for a module of Perl.
func needPerl(t *testing.T, module string) {
	t.Helper()
	if exec.Command("perl", "-M"+module, "-e1").Run() != nil {
		isMissing(t, module)
	}
}

func isMissing(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("CI") != "" || os.Getenv("BUZON_REQUIRE_CLIENTS") != "" {
		t.Fatalf("%s is missing; .ci/run tells Debian's package", name)
	}
	t.Skipf("%s is not installed; .ci/run tells Debian's package", name)
}

// try runs a program in an environment of its own. It and its children are gone when try returns.
func (b *box) try(t *testing.T, stdin, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), programTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = b.dir
	cmd.Env = b.environment()
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	return out.String(), err
}

// environment is that of a person who has only the box's folder.
func (b *box) environment() []string {
	return append(os.Environ(), "HOME="+b.dir, "LC_ALL=C.UTF-8", "TERM=dumb", "PYTHONIOENCODING=utf-8")
}

// program is try that must succeed.
func (b *box) program(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	out, err := b.try(t, stdin, name, args...)
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out[max(0, len(out)-3000):])
	}
	return out
}

func replace(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }
