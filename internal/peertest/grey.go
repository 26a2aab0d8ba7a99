package peertest

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// grey remembers who has written to whom. Servers ask it over TCP.
type grey struct {
	mu   sync.Mutex
	seen map[string]bool
}

// first tells whether a pair is new, and remembers it.
func (g *grey) first(pair string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	known := g.seen[pair]
	g.seen[pair] = true
	return !known
}

// serveGrey lets talk answer each connection until the test ends, and gives the port.
func serveGrey(t testing.TB, talk func(*grey, net.Conn)) (port string, err error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for greylisting: %w", err)
	}
	g := &grey{seen: make(map[string]bool)}
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			ended.Go(func() { defer conn.Close(); talk(g, conn) }) // ends with the server, whose cage closes first
		}
	})
	t.Cleanup(func() { l.Close(); ended.Wait() })
	_, port, err = net.SplitHostPort(l.Addr().String())
	return port, err
}

// talkPolicy speaks Postfix's policy protocol (SMTPD_POLICY_README): lines of name=value, then an empty one.
func talkPolicy(g *grey, conn net.Conn) {
	lines := bufio.NewScanner(conn)
	asked := make(map[string]string)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			asked[name] = value
			continue
		}
		action := "DUNNO"
		if g.first(asked["sender"] + " " + asked["recipient"]) {
			action = greyReply
		}
		fmt.Fprintf(conn, "action=%s\n\n", action)
		clear(asked)
	}
}

// talkLine answers one line with "new" or "known".
func talkLine(g *grey, conn net.Conn) {
	lines := bufio.NewScanner(conn)
	if !lines.Scan() {
		return
	}
	if g.first(lines.Text()) {
		fmt.Fprint(conn, "new")
		return
	}
	fmt.Fprint(conn, "known")
}

// greyReply is what a pair gets at first.
const greyReply = "451 4.7.1 Greylisted, please try again"
