package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// peer is a mail server of the world with the bad manners that go-smtp cannot be taught. It offers no more than it is told.
type peer struct {
	addr string // of loopback

	offers []string         // lines of EHLO
	cert   *tls.Certificate // nil: no STARTTLS

	mu    sync.Mutex
	at    func(stage string) (goOn bool) // told before each reply is said; false ends the connection there
	talks []trouble                      // of the connections to come; those after them go well
	conns int                            // there have been
	open  int                            // there are
	mails []sunk                         // it took
	heard []string                       // MAIL and RCPT commands
	over  chan struct{}
}

// trouble is what is wrong with one connection, by its stage: "greeting", a verb such as "MAIL" or "RCPT eva@hard.test",
// "TLS", "body" (the middle of one), "end" (after its dot). The text is the reply in place of the good one. "offers" is
// what EHLO offers instead.
type trouble map[string]string

const (
	hang = "say nothing"
	drop = "hang up"
	mute = "take the message and hang up" // at "end"
)

// startPeer starts one that ends with its test. Changes are made before the first connection.
func startPeer(t testing.TB, changes ...func(*peer)) *peer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{addr: l.Addr().String(), over: make(chan struct{})}
	for _, change := range changes {
		change(p)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); close(p.over); running.Wait() })
	return p
}

// troubled gives the first connections their troubles.
func troubled(list ...trouble) func(*peer) { return func(p *peer) { p.talks = list } }

func (p *peer) serve(conn net.Conn) {
	defer conn.Close()
	hangUp := make(chan struct{})
	defer close(hangUp)
	go func() { // a client that stays does not keep the test
		select {
		case <-p.over:
			conn.Close()
		case <-hangUp:
		}
	}()
	conn.SetDeadline(time.Now().Add(time.Minute))
	x := talk{peer: p, conn: conn, r: bufio.NewReader(conn), trouble: p.begins()}
	defer p.ends()
	for ok := x.say("greeting", "220 peer.test"); ok; {
		line, err := x.r.ReadString('\n')
		if err != nil {
			return
		}
		ok = x.command(strings.TrimRight(line, "\r\n"))
	}
}

func (p *peer) begins() (t trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns++
	p.open++
	if len(p.talks) > 0 {
		t, p.talks = p.talks[0], p.talks[1:]
	}
	return t
}

func (p *peer) ends() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
}

// counts are the connections so far and how many are open, and the messages taken.
func (p *peer) counts() (conns, open, mails int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns, p.open, len(p.mails)
}

func (p *peer) all() []sunk {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]sunk(nil), p.mails...)
}

// commands are the MAIL and RCPT commands so far, a line each.
func (p *peer) commands() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.heard, "\n")
}

// await waits until n messages were taken.
func (p *peer) await(t testing.TB, n int) []sunk {
	t.Helper()
	until(t, fmt.Sprintf("%d messages arrived", n), func() bool { return len(p.all()) >= n })
	return p.all()
}

// talk is one connection to a peer.
type talk struct {
	*peer
	trouble
	conn net.Conn
	r    *bufio.Reader
	mail sunk
}

// say says the good reply, or what is wrong in its place. It tells whether the connection goes on.
func (x *talk) say(stage, good string) bool {
	if !x.reaches(stage) {
		return false
	}
	reply, wrong := x.trouble[stage]
	if !wrong {
		reply = good
	}
	switch reply {
	case hang:
		<-x.over
		return false
	case drop, mute:
		return false
	}
	_, err := io.WriteString(x.conn, strings.ReplaceAll(reply, "\n", "\r\n")+"\r\n")
	return err == nil && !strings.HasPrefix(reply, "421")
}

// reaches tells whether the connection goes on there.
func (p *peer) reaches(stage string) bool {
	p.mu.Lock()
	at := p.at
	p.mu.Unlock()
	return at == nil || at(stage)
}

func (x *talk) command(line string) bool {
	verb, argument, _ := strings.Cut(line, " ")
	switch verb = strings.ToUpper(verb); verb {
	case "EHLO":
		return x.say("EHLO", x.ehlo())
	case "STARTTLS":
		if _, wrong := x.trouble["STARTTLS"]; wrong {
			return x.say("STARTTLS", "")
		}
		return x.say("STARTTLS", "220 go on") && x.startTLS()
	case "MAIL":
		x.mail = sunk{from: inPath(argument)}
		_, x.mail.tls = x.conn.(*tls.Conn)
		return x.envelope(line, "MAIL")
	case "RCPT":
		to, stage := inPath(argument), "RCPT"
		if _, wrong := x.trouble["RCPT "+to]; wrong {
			stage += " " + to
		}
		if _, wrong := x.trouble[stage]; !wrong {
			x.mail.to = append(x.mail.to, to)
		}
		return x.envelope(line, stage)
	case "DATA":
		if _, wrong := x.trouble["DATA"]; wrong {
			return x.say("DATA", "")
		}
		return x.say("DATA", "354 go on") && x.body()
	case "QUIT":
		x.say("QUIT", "221 2.0.0 bye")
		return false
	}
	return x.say(verb, "250 2.0.0 ok")
}

// inPath is the address between angle brackets.
func inPath(argument string) string {
	_, path, _ := strings.Cut(argument, "<")
	address, _, _ := strings.Cut(path, ">")
	return address
}

func (x *talk) envelope(line, stage string) bool {
	x.mu.Lock()
	x.heard = append(x.heard, line)
	x.mu.Unlock()
	return x.say(stage, "250 2.0.0 ok")
}

func (x *talk) ehlo() string {
	lines := append([]string{"peer.test"}, x.offers...)
	if _, secure := x.conn.(*tls.Conn); x.cert != nil && !secure {
		lines = append(lines, "STARTTLS")
	}
	if other, wrong := x.trouble["offers"]; wrong {
		lines = append([]string{"peer.test"}, strings.Fields(other)...)
	}
	last := len(lines) - 1
	for i, line := range lines {
		lines[i] = "250-" + line
	}
	lines[last] = "250 " + lines[last][4:]
	return strings.Join(lines, "\n")
}

func (x *talk) startTLS() bool {
	if _, wrong := x.trouble["TLS"]; wrong {
		return x.say("TLS", "")
	}
	conn := tls.Server(x.conn, &tls.Config{Certificates: []tls.Certificate{*x.cert}})
	if conn.Handshake() != nil {
		return false
	}
	x.conn, x.r = conn, bufio.NewReader(conn)
	return true
}

// body reads a message, in whose middle something may be wrong, and takes it unless something is at its end.
func (x *talk) body() bool {
	var b strings.Builder
	half := false
	for {
		line, err := x.r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
		if !half && b.Len() > 4000 {
			half = true
			if !x.reaches("body") || x.trouble["body"] != "" {
				return x.trouble["body"] == hang && x.say("body", "")
			}
		}
	}
	x.mail.data = b.String()
	if reply := x.trouble["end"]; reply == "" || reply == mute || reply[0] == '2' {
		x.mu.Lock()
		x.mails = append(x.mails, x.mail)
		x.mu.Unlock()
	}
	return x.say("end", "250 2.0.0 taken") && x.reaches("after")
}

// until waits for what nobody tells the end of.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it did not come to be that %s", what)
		}
	}
}
