package boottest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// serial keeps what comes out of a serial line, and wakes whoever waits for a part of it.
type serial struct {
	mu    sync.Mutex
	log   bytes.Buffer
	bell  chan struct{} // closed and replaced with each arrival
	ended bool
}

func newSerial() *serial { return &serial{bell: make(chan struct{})} }

// Write takes what came. A machine ends its lines with CR LF; the CR tells nothing.
func (s *serial) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.Write(bytes.ReplaceAll(b, []byte("\r"), nil))
	s.ring()
	return len(b), nil
}

func (s *serial) ring() {
	close(s.bell)
	s.bell = make(chan struct{})
}

// end says that nothing more comes.
func (s *serial) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.ring()
}

func (s *serial) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

var errEnded = errors.New("the machine has ended without it")

// await waits until text came after the first skip octets, and gives the log up to its end.
func (s *serial) await(skip int, text string, within time.Duration) (string, error) {
	deadline := time.After(within)
	for {
		s.mu.Lock()
		log, bell, ended := s.log.String(), s.bell, s.ended
		s.mu.Unlock()
		skip := min(skip, len(log))
		if at := strings.Index(log[skip:], text); at >= 0 {
			return log[:skip+at+len(text)], nil
		}
		if ended {
			return "", errEnded
		}
		select {
		case <-bell:
		case <-deadline:
			return "", fmt.Errorf("not within %v", within)
		}
	}
}
