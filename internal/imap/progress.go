package imap

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// What a command that takes long does besides its work.
const (
	lookAfter = time.Second // between two looks at whether the client is still there
	tellAfter = 10          // looks between two responses that tell of progress (RFC 9585 §3)
)

// stopper is what can be done to a timer. *time.Timer satisfies it.
type stopper interface{ Stop() bool }

// afterFunc is time.AfterFunc, or a test's clock.
func (s *Server) afterFunc(d time.Duration, f func()) stopper {
	if s.after != nil {
		return s.after(d, f)
	}
	return time.AfterFunc(d, f)
}

// progress looks after a command that works without writing. It has a goroutine
// only while its timer fires.
type progress struct {
	s          *session
	gone       context.CancelFunc // ends the work; nil for one that is to be done whoever waits for it
	done, goal atomic.Int64       // messages; goal 0 is unknown

	mu    sync.Mutex // guards the rest, and the encoder while work runs
	over  bool
	asked bool // a line was written to see whether the client takes it
	looks int
	timer stopper
}

// reading runs work that only reads, and ends when the client goes. work must not write to the client.
func (s *session) reading(work func() error) error {
	outer := s.ctx
	ctx, cancel := context.WithCancel(outer)
	defer cancel()
	s.ctx = ctx
	defer func() { s.ctx = outer }()
	err := s.working(cancel, work)
	if err != nil && ctx.Err() != nil && outer.Err() == nil {
		return errGone
	}
	return err
}

var errGone = &connError{errors.New("the client went away while it was being served")}

// changing runs work that changes something, to its end. work must not write to the client.
func (s *session) changing(work func() error) error { return s.working(nil, work) }

func (s *session) working(gone context.CancelFunc, work func() error) error {
	if s.progress != nil || s.wire == nil { // within other work, or for no client
		return work()
	}
	p := &progress{s: s, gone: gone}
	s.progress = p
	p.mu.Lock()
	p.timer = s.server.afterFunc(lookAfter, p.look)
	p.mu.Unlock()
	defer p.end()
	return work()
}

// end waits for a look under way.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	p.timer.Stop()
	p.s.progress = nil
}

// progressed notes how far the work is.
func (s *session) progressed(done, goal int) {
	if s.progress != nil {
		s.progress.done.Store(int64(done))
		s.progress.goal.Store(int64(goal))
	}
}

// look looks at the client, and tells it now and then that the work goes on.
func (p *progress) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.looks++
	line := p.s.wire.line()
	// Who said all there is to say may still listen: a line is written, and the
	// next look tells whether it was taken.
	ask := line == lineHalfClosed && !p.asked
	if ask || p.looks%tellAfter == 0 {
		p.asked = p.asked || ask
		p.tell()
	}
	if (line == lineClosed || p.s.enc.Err() != nil) && p.gone != nil {
		p.gone()
		return
	}
	p.timer = p.s.server.afterFunc(lookAfter, p.look)
}

// tell writes what RFC 9585 §4 has for this, or a line that says nothing.
func (p *progress) tell() {
	code := ""
	if p.s.has("INPROGRESS") {
		code = "INPROGRESS " + p.numbers()
	}
	p.s.status("*", "OK", code, "Still working.")
	p.s.enc.Flush() // an error shows in the work's own answer
}

// numbers is (tag progress goal).
func (p *progress) numbers() string {
	done, goal := "NIL", "NIL"
	if n := p.goal.Load(); n > 0 {
		done, goal = fmt.Sprint(p.done.Load()), fmt.Sprint(n)
	}
	return fmt.Sprintf("(%q %s %s)", p.s.tag, done, goal)
}
