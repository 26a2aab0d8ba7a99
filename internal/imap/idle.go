package imap

import (
	"strings"
	"time"
)

// idle is IDLE (RFC 2177). The one goroutine waits for the client and the
// mailbox's bell at once, and holds no buffers while it waits.
func (s *session) idle(tag string) error {
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	if s.box != nil {
		stop := s.box.Watch(s.wire.ring)
		defer stop()
	}
	// Mail::IMAPTalk takes no other text, and nothing before it.
	s.enc.Raw("+ idling\r\n")
	if err := s.update(); err != nil { // what rang before we listened
		return err
	}
	if err := s.enc.Flush(); err != nil {
		return err
	}
	if err := s.idleUntilDone(); err != nil {
		return err
	}
	return s.ok(tag, "", "Done.")
}

// idleUntilDone tells news until the client says DONE.
func (s *session) idleUntilDone() error {
	until := time.Now().Add(s.server.Limits.Idle)
	for {
		event, err := s.waitWithoutBuffers(until)
		switch {
		case err != nil:
			return err
		case event == eventTimeout:
			return &fatalError{"The client was idle for too long."}
		case s.server.isClosing():
			return errShutdown
		case event == eventInput:
			s.borrowed()
			return s.readDone()
		}
		if err := s.tellNews(); err != nil {
			return err
		}
		if err := s.tellOthers(); err != nil { // RFC 5465 §4
			return err
		}
	}
}

// waitWithoutBuffers gives the buffers back, unless the client has already sent more.
func (s *session) waitWithoutBuffers(until time.Time) (event, error) {
	if s.enc != nil {
		if s.dec.r.Buffered() > 0 {
			return eventInput, nil
		}
		if err := s.release(); err != nil {
			return eventInput, err
		}
	}
	return s.wire.wait(until)
}

// borrowed makes sure that there are buffers.
func (s *session) borrowed() {
	if s.enc == nil {
		s.borrow()
	}
}

// tellNews reads the changes first and takes buffers only if there are some:
// one bell may wake a thousand sessions.
func (s *session) tellNews() error {
	if s.box == nil || s.muted() {
		return nil
	}
	changes, err := s.newsOfBell()
	switch {
	case isConnectionError(err):
		return err
	case err != nil: // the client hears of it at the next bell, or at DONE
		s.log.Error("imap update failed", "err", err)
		return nil
	case !s.isNews(changes):
		return nil
	}
	s.borrowed()
	if err := s.tell(changes); err != nil {
		return err
	}
	return s.enc.Flush()
}

// readDone reads the line that ends IDLE.
func (s *session) readDone() error {
	s.dec.reset()
	line, err := s.dec.Line()
	if err != nil {
		return err
	}
	if !strings.EqualFold(strings.TrimSpace(line), "DONE") {
		return syntaxf("IDLE ends with DONE.")
	}
	return nil
}
