package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"buzon/firmware/internal/rehearsal"
	"buzon/firmware/internal/supervise"
)

const (
	programFile = programsFolder + "/buzon"
	mailFile    = dataFolder + "/buzon.db"
	crashFile   = dataFolder + "/crash.txt"
)

// serving tells whether Buzon is what runs, and not our page in its place.
func (b *box) serving() bool { return b.noData == nil && !b.settings.Rescue }

// startProgram starts Buzon, or a page that says why it does not run.
func (b *box) startProgram(ctx context.Context) {
	if err := supervise.Confine(); err != nil {
		b.log.Error("processes keep rights that they do not need", "err", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: mostFiles, Max: mostFiles}); err != nil {
		b.log.Warn("few connections at a time", "err", err)
	}
	b.program = supervise.New(supervise.Options{
		Command: b.command, Output: b.output(), Log: b.log, Crashed: b.crashed, Changed: b.look,
		Alive: func(ctx context.Context) error { return answers(ctx, "127.0.0.1:80") }, Patience: 30 * time.Minute,
		Pulse: 20 * time.Second, Misses: 6, Grace: 30 * time.Second, First: time.Second, Last: time.Minute, Steady: 5 * time.Minute,
	})
	if b.settings.Rescue {
		b.rescue()
	}
	b.show()
	if b.serving() {
		b.running.Go(func() { b.watchClaim(ctx) })
	}
	b.running.Go(func() {
		if b.serving() && !b.prepare(ctx) {
			return
		}
		b.program.Run(ctx)
	})
}

// prepare is what comes before Buzon opens its file. It tells whether that may be.
func (b *box) prepare(ctx context.Context) bool {
	d := rehearsal.Data{File: mailFile, Owner: supervise.User}
	if err := d.End(); err != nil { // of a start that was cut short
		b.log.Warn("a copy of the mail is in the way", "err", err)
	}
	older, err := d.Needed(b.identity.Data)
	if err != nil {
		b.log.Warn("the form of the data is not known", "err", err)
	}
	trial := b.slots != nil && b.slots.Trial()
	switch {
	case trial && older:
		if !b.rehearse(ctx, d) {
			return false
		}
	case trial:
		b.running.Go(func() { b.try(ctx) })
	}
	if older {
		if err := d.Keep(ctx, b.identity.Version); err != nil {
			b.log.Error("the data as it was before is not kept", "err", err)
		}
	}
	return ctx.Err() == nil
}

// mostFiles is how many connections and files a process may have open: more than Buzon's own caps let in.
const mostFiles = 16384

// command is Buzon, or what is there in its place.
func (b *box) command() *exec.Cmd {
	cmd := exec.Command(programFile, "serve", "--data", mailFile)
	cmd.Dir = dataFolder
	cmd.Env = b.environment()
	if copied := b.copied.Load(); copied != nil {
		cmd.Args = []string{programFile, "serve", "--data", *copied, "--listen", "127.0.0.1"}
		cmd.Env = append(cmd.Env, "BUZON_REHEARSAL=1")
	}
	if !b.serving() {
		cmd.Path, cmd.Args, cmd.Dir = "/init", []string{"/init"}, "/"
	}
	cmd.SysProcAttr = supervise.Unprivileged()
	return cmd
}

func (b *box) environment() []string {
	env := []string{"HOME=" + dataFolder, "TMPDIR=/tmp", "BUZON_HOST=" + b.hostname(), "BUZON_CONTROL=" + controlSocket}
	if b.settings.Language != "" {
		env = append(env, "BUZON_LANG="+b.settings.Language)
	}
	return env
}

// output is where Buzon's lines go: into memory, and for tests to the console.
func (b *box) output() io.Writer {
	if b.argument("buzon.log") == "console" {
		return io.MultiWriter(b.ring, os.Stderr)
	}
	return b.ring
}

// answers asks for the page over HTTP; any answer will do.
func answers(ctx context.Context, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(conn, "HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	line, err := bufio.NewReaderSize(conn, 256).ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "HTTP/1.") {
		return errors.New("that is no answer of HTTP")
	}
	return nil
}
