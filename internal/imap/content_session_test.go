package imap

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

// contentSession is a session on a mailbox of a fake backend, without a
// connection: FETCH and SEARCH are called as the command table does.
type contentSession struct {
	*session
	t *testing.T
	f *fakeBackend
}

// openMails selects INBOX with these mails; each mail is delivered a day after the other.
func openMails(t *testing.T, mails ...string) *contentSession {
	t.Helper()
	f := newFake()
	for i, mail := range mails {
		f.mu.Lock()
		f.file(f.boxes["INBOX"], []byte(mail), nil, time.Date(2026, 11, i+1, 12, 0, 0, 0, time.UTC))
		f.mu.Unlock()
	}
	s := &contentSession{session: viewOf(uids()), t: t, f: f}
	s.reopen()
	return s
}

// reopen selects INBOX again.
func (s *contentSession) reopen() {
	s.t.Helper()
	box, err := s.f.Open(context.Background(), "INBOX", false)
	if err != nil {
		s.t.Fatal(err)
	}
	v, err := box.View(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	s.state, s.box, s.name = selected, box, "INBOX"
	s.view, s.modSeq, s.recentFrom = v.UIDs, v.ModSeq, ^uint32(0)
	s.keywords, _ = box.Keywords(context.Background())
}

// do runs a command like "UID FETCH 1 FLAGS" and gives the whole answer.
func (s *contentSession) do(line string) string {
	s.t.Helper()
	return reply(s.t, s.session, func() error { return s.run(line) })
}

// discard runs a command and throws its answer away.
func (s *contentSession) discard(line string) {
	s.t.Helper()
	s.enc = &encoder{w: bufio.NewWriter(io.Discard)}
	if err := s.run(line); err != nil {
		s.t.Fatal(err)
	}
}

func (s *contentSession) run(line string) error {
	name, args, _ := strings.Cut(line, " ")
	uid := name == "UID"
	if uid {
		name, args, _ = strings.Cut(args, " ")
	}
	s.session.command = &command{name: name, bySequence: !uid}
	s.dec = readFrom(" " + args + "\r\n")
	s.dec.utf8 = s.enabled.UTF8
	if uid {
		name = "UID " + name
	}
	if err := commands[name].run(s.session, "a"); err != nil {
		return s.fail("a", err)
	}
	return nil
}
