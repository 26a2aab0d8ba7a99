// Package supervise keeps a program running: as a user without rights, with what it writes kept in memory, started again
// when it ends, and ended when it does not answer any more.
//
// Invariants: there is one at a time. The wait before a start grows while the program does not live long, so that one that
// cannot start wears nothing out. Nothing that it writes goes to a disk but the last lines before a crash.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Options is what a Program is made of. Command, Output and Log are needed.
type Options struct {
	// Command makes the one to start: its path, arguments, environment and SysProcAttr.
	Command func() *exec.Cmd
	Output  io.Writer // gets what it writes
	Log     *slog.Logger
	// Alive tells whether it does its work; nil: it is not asked. It is asked often until it first does, which may take
	// Patience, then every Pulse; after Misses errors in a row the program is ended, to be started again.
	Alive    func(ctx context.Context) error
	Patience time.Duration
	Pulse    time.Duration
	Misses   int
	Changed  func() // Running may tell something else now
	// Crashed is told of each end that nobody asked for.
	Crashed func(reason string)
	Grace   time.Duration // between the request to end and the end by force
	First   time.Duration // the wait before the second start; it doubles, up to Last
	Last    time.Duration
	Steady  time.Duration // who ran so long is taken to be healthy, and starts after First again
}

// Program is what is supervised.
type Program struct {
	Options
	mu      sync.Mutex
	pid     int // 0: it does not run
	started time.Time
	answers bool
}

// New makes one, which does nothing before Run.
func New(o Options) *Program { return &Program{Options: o} }

// Running tells the number of the process, since when it runs and whether it answered when it was last asked; 0 if there is
// none.
func (p *Program) Running() (pid int, since time.Time, answers bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pid, p.started, p.answers
}

// Run keeps it running until ctx is over, and then ends it. It returns when it has ended.
func (p *Program) Run(ctx context.Context) {
	wait := p.First
	for ctx.Err() == nil {
		begin := time.Now()
		err := p.once(ctx)
		if ctx.Err() != nil {
			return
		}
		p.Log.Error("Buzon has ended", "err", err, "after", time.Since(begin).Round(time.Second))
		if p.Crashed != nil {
			p.Crashed(err.Error())
		}
		if time.Since(begin) >= p.Steady {
			wait = p.First
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, p.Last)
	}
}

var errQuiet = errors.New("it did not answer any more")

// once runs it to its end. The error says how that was.
func (p *Program) once(ctx context.Context) error {
	cmd := p.Command()
	cmd.Stdout, cmd.Stderr = p.Output, p.Output
	cmd.WaitDelay = time.Second // a child of its own may hold the pipe
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot be started: %w", err)
	}
	p.set(cmd.Process.Pid)
	defer p.set(0)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	watch, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if p.Alive != nil {
		go p.listen(watch, stop)
	}
	select {
	case err := <-ended:
		return asError(err)
	case <-watch.Done():
	}
	why := context.Cause(watch)
	if errors.Is(why, errQuiet) {
		// The Go program writes where all its goroutines are: that is what the crash file is for.
		p.signal(cmd, unix.SIGQUIT)
	} else {
		p.signal(cmd, unix.SIGTERM)
	}
	select {
	case <-ended:
	case <-time.After(p.Grace):
		p.Log.Warn("Buzon did not end when it was asked; ending it", "waited", p.Grace)
		p.signal(cmd, unix.SIGKILL)
		<-ended
	}
	return why
}

func (p *Program) set(pid int) {
	p.mu.Lock()
	p.pid, p.started, p.answers = pid, time.Now(), false
	p.mu.Unlock()
	p.changed()
}

func (p *Program) signal(cmd *exec.Cmd, s syscall.Signal) {
	if err := cmd.Process.Signal(s); err != nil {
		p.Log.Debug("Buzon has ended by itself", "err", err)
	}
}

func asError(err error) error {
	if err == nil {
		return errors.New("it ended without being asked to")
	}
	return err
}

// eager is how often it is asked until it answers for the first time.
const eager = 250 * time.Millisecond

// listen asks whether it is alive, until it is not.
func (p *Program) listen(ctx context.Context, stop context.CancelCauseFunc) {
	begin, every, missed, answered := time.Now(), eager, 0, false
	for missed < p.Misses {
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
		err := p.ask(ctx)
		switch {
		case err == nil:
			every, missed, answered = p.Pulse, 0, true
			continue
		case answered:
			missed++
		case time.Since(begin) > p.Patience:
			missed = p.Misses
		}
		p.Log.Debug("Buzon does not answer", "times", missed, "err", err)
	}
	stop(errQuiet)
}

func (p *Program) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.Pulse)
	defer cancel()
	err := p.Alive(ctx)
	p.mu.Lock()
	same := p.answers == (err == nil)
	p.answers = err == nil
	p.mu.Unlock()
	if !same {
		p.changed()
	}
	return err
}

func (p *Program) changed() {
	if p.Changed != nil {
		p.Changed()
	}
}
