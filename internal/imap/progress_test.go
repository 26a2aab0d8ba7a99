package imap

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"buzon/internal/uidset"
)

// testClock fires timers when it is told to.
type testClock struct {
	mu     sync.Mutex
	timers []*testTimer
}

type testTimer struct {
	clock *testClock
	f     func()
}

func (c *testClock) after(_ time.Duration, f func()) stopper {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &testTimer{c, f}
	c.timers = append(c.timers, t)
	return t
}

func (t *testTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	t.f = func() {}
	return true
}

// tick lets the time of every timer pass that is set now.
func (c *testClock) tick() {
	c.mu.Lock()
	var due []func()
	for _, t := range c.timers {
		due = append(due, t.f)
	}
	c.timers = nil
	c.mu.Unlock()
	for _, f := range due {
		f()
	}
}

// slowBackend does work before it lists or copies messages.
type slowBackend struct {
	*fakeBackend
	work func(context.Context) error
}

func (b slowBackend) Login(ctx context.Context, p Peer, user, password string) (Account, error) {
	a, err := b.fakeBackend.Login(ctx, p, user, password)
	return slowAccount{a, b.work}, err
}

type slowAccount struct {
	Account
	work func(context.Context) error
}

func (a slowAccount) Open(ctx context.Context, name string, claim bool) (Box, error) {
	box, err := a.Account.Open(ctx, name, claim)
	return slowBox{box, a.work}, err
}

type slowBox struct {
	Box
	work func(context.Context) error
}

func (b slowBox) Page(ctx context.Context, uids uidset.Set, from uint32, limit int, f Fields, buf []Message) ([]Message, error) {
	if err := b.work(ctx); err != nil {
		return buf, err
	}
	return b.Box.Page(ctx, uids, from, limit, f, buf)
}

func (b slowBox) Copy(ctx context.Context, uids uidset.Set, to string) (Copied, error) {
	if err := b.work(ctx); err != nil {
		return Copied{}, err
	}
	return b.Box.Copy(ctx, uids, to)
}

// slowSession is a client in the middle of a command: began tells that its work
// has begun, and the work goes on when goOn is closed or its context ends.
type slowSession struct {
	*testClient
	clock       *testClock
	back        *fakeBackend
	began, goOn chan struct{}
	ended       chan error
}

func startSlow(t *testing.T, command string) *slowSession {
	s := &slowSession{clock: &testClock{}, back: newFake(), began: make(chan struct{}), goOn: make(chan struct{}), ended: make(chan error, 1)}
	for range 3 {
		s.back.deliver("INBOX", testMessage)
	}
	var once sync.Once
	work := func(ctx context.Context) error {
		once.Do(func() { close(s.began) })
		select {
		case <-ctx.Done():
			s.ended <- ctx.Err()
			return ctx.Err()
		case <-s.goOn:
			return nil
		}
	}
	s.testClient = dial(t, &Server{Backend: slowBackend{s.back, work}, after: s.clock.after}, nil)
	s.login(t)
	s.send(t, "a SELECT INBOX\r\n")
	for !matchLine("a OK ...", s.line()) {
	}
	s.send(t, command+"\r\n")
	<-s.began
	return s
}

// RFC 9585 §3: every ten seconds or so.
func TestInProgress(t *testing.T) {
	for command, want := range map[string]struct{ progress, answer string }{
		"b UID SEARCH TEXT hello": {`("b" 0 3)`, "* SEARCH 1 2 3"},
		"b COPY 1:3 Sent":         {`("b" NIL NIL)`, "b OK [COPYUID ...] ..."},
	} {
		s := startSlow(t, command)
		for range 2 * tellAfter {
			s.clock.tick()
		}
		for range 2 {
			s.expect(t, "* OK [INPROGRESS "+want.progress+"] ...")
		}
		close(s.goOn)
		s.expect(t, want.answer)
	}
}

// A search ends when its client has gone.
func TestClientGone(t *testing.T) {
	s := startSlow(t, "b SEARCH TEXT hello")
	s.Close()
	ended := func() bool {
		s.clock.tick()
		select {
		case err := <-s.ended:
			return err != nil
		default:
			return false
		}
	}
	for deadline := time.Now().Add(10 * time.Second); !ended(); {
		if time.Now().After(deadline) {
			t.Fatal("the search goes on")
		}
	}
}

// Who has said all there is to say may still listen.
func TestClientHalfClosed(t *testing.T) {
	s := startSlow(t, "b SEARCH TEXT hello")
	if err := s.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	for range tellAfter - 1 {
		s.clock.tick()
	}
	close(s.goOn)
	s.expect(t, `* OK [INPROGRESS ("b" 0 3)] Still working.`)
	s.expect(t, "* SEARCH 1 2 3")
	s.expect(t, "b OK ...")
}

// What changes mail is done, whoever waits for it.
func TestClientGoneFromCopy(t *testing.T) {
	s := startSlow(t, "b COPY 1:3 Sent")
	s.Close()
	for range 3 * tellAfter {
		s.clock.tick()
	}
	close(s.goOn)
	for deadline := time.Now().Add(10 * time.Second); ; {
		if m, err := s.back.Mailbox(t.Context(), "Sent"); err != nil || m.Total == 3 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing was copied")
		}
	}
}

// A FETCH of everything ends with its client: what it writes is not taken.
func TestClientGoneFromFetch(t *testing.T) {
	f := newFake()
	const messages = 5000
	body := "Subject: x\r\n\r\n" + strings.Repeat("x", 10_000)
	for range messages {
		f.deliver("INBOX", body)
	}
	var pages atomic.Int64
	work := func(context.Context) error { pages.Add(1); return nil }
	s := &Server{Backend: slowBackend{f, work}}
	c := dial(t, s, nil)
	c.login(t)
	c.send(t, "a SELECT INBOX\r\nb FETCH 1:* (FLAGS BODY.PEEK[])\r\n")
	for !matchLine("* 1 FETCH ...", c.line()) {
	}
	c.Close()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := pages.Load(); n == 0 || n > messages/pageOfBodies/2 {
		t.Errorf("%d pages for somebody who had left", n)
	}
}
