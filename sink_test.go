package main

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// sink is a mail server of the world: it takes what comes, and says what it is told to say.
type sink struct {
	addr string // of loopback

	mu      sync.Mutex
	mails   []sunk
	replies map[string][]*smtp.SMTPError // by recipient: what RCPT answers, one after the other; nil accepts
	end     []*smtp.SMTPError            // what the next bodies get
	conns   int
	arrived chan struct{} // a bell with one token
}

// sunk is a message that arrived.
type sunk struct {
	from    string
	to      []string
	options smtp.MailOptions
	rcpt    []smtp.RcptOptions
	data    string
	tls     bool
}

// startSink starts one that ends with its test. With a certificate it offers STARTTLS.
func startSink(t testing.TB, cert *tls.Certificate, changes ...func(*smtp.Server)) *sink {
	t.Helper()
	s := &sink{replies: map[string][]*smtp.SMTPError{}, arrived: make(chan struct{}, 1)}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.conns++
		return &sinkSession{sink: s, conn: c}, nil
	}))
	server.Domain, server.EnableDSN, server.EnableSMTPUTF8, server.EnableREQUIRETLS = "sink.test", true, true, true
	server.ReadTimeout, server.WriteTimeout = 30*time.Second, 30*time.Second
	if cert != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}}
	}
	for _, change := range changes {
		change(server)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	ended := make(chan struct{})
	go func() { defer close(ended); server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-ended })
	return s
}

// answer tells what RCPT says to a recipient, one reply after the other; then it is accepted.
func (s *sink) answer(to string, replies ...*smtp.SMTPError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies[to] = replies
}

// answerBody tells what the next messages get after their body.
func (s *sink) answerBody(replies ...*smtp.SMTPError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end = replies
}

func (s *sink) all() []sunk {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]sunk(nil), s.mails...)
}

// await waits until n messages have arrived.
func (s *sink) await(t testing.TB, n int) []sunk {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		if all := s.all(); len(all) >= n {
			return all
		}
		select {
		case <-s.arrived:
		case <-deadline:
			t.Fatalf("%d messages arrived, not %d", len(s.all()), n)
		}
	}
}

type sinkSession struct {
	*sink
	conn *smtp.Conn
	mail sunk
}

func (s *sinkSession) Reset()        { s.mail = sunk{} }
func (s *sinkSession) Logout() error { return nil }

func (s *sinkSession) Mail(from string, o *smtp.MailOptions) error {
	_, s.mail.tls = s.conn.TLSConnectionState()
	s.mail.from, s.mail.options = from, *o
	return nil
}

func (s *sinkSession) Rcpt(to string, o *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if list := s.replies[to]; len(list) > 0 {
		s.replies[to] = list[1:]
		if list[0] != nil {
			return list[0]
		}
	}
	s.mail.to, s.mail.rcpt = append(s.mail.to, to), append(s.mail.rcpt, *o)
	return nil
}

func (s *sinkSession) Data(r io.Reader) error {
	var b strings.Builder
	if _, err := io.Copy(&b, r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.end) > 0 {
		reply := s.end[0]
		s.end = s.end[1:]
		if reply != nil {
			return reply
		}
	}
	s.mail.data = b.String()
	s.mails = append(s.mails, s.mail)
	select {
	case s.arrived <- struct{}{}:
	default: // already rung
	}
	return nil
}
