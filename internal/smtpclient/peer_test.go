package smtpclient

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
)

// peer is the other side.
type peer struct {
	t     *testing.T
	lines []string
	conn  net.Conn
	in    *bufio.Reader
	cert  tls.Certificate
	over  chan struct{} // the client is done
}

func (p *peer) run() {
	defer func() { p.conn.Close() }()
	for _, line := range p.lines {
		if err := p.line(line); err != nil {
			p.t.Errorf("peer at %q: %v", line, err)
			return
		}
	}
}

func (p *peer) line(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "MX":
		return p.mx(strings.Fields(rest))
	case "S:", "S+":
		if n := p.in.Buffered(); n > 0 && word == "S:" {
			ahead, _ := p.in.Peek(n)
			return fmt.Errorf("the client did not wait: %q", ahead)
		}
		_, err := io.WriteString(p.conn, rest+"\r\n")
		return err
	case "S>":
		raw, err := strconv.Unquote(rest)
		if err == nil {
			_, err = io.WriteString(p.conn, raw)
		}
		return err
	case "C:":
		return p.expect(rest)
	case "C>":
		return p.exactly(rest)
	case "BDAT":
		return p.chunk()
	case "TLS":
		conn := tls.Server(p.conn, &tls.Config{Certificates: []tls.Certificate{p.cert}})
		p.conn, p.in = conn, bufio.NewReader(conn)
		return conn.Handshake()
	case "DROP":
		return p.conn.Close()
	case "HANGUP":
		<-p.over
		return nil
	case "EOF", "HANG":
		left, err := io.ReadAll(p.in)
		if word == "EOF" && len(left) > 0 {
			return fmt.Errorf("got %q %v, want the end", left, err)
		}
		return nil
	}
	return errors.New("not a step")
}

func (p *peer) mx(keys []string) error {
	lines := []string{"S: 220 mx.example.test", "C: EHLO box.example.test", "S: 250-mx.example.test"}
	for _, key := range keys {
		lines = append(lines, "S: 250-"+strings.ReplaceAll(key, "_", " "))
	}
	for _, line := range append(lines, "S: 250 HELP") {
		if err := p.line(line); err != nil {
			return err
		}
	}
	return nil
}

func (p *peer) expect(want string) error {
	got, err := p.in.ReadString('\n')
	if err != nil {
		return fmt.Errorf("got %q: %w", got, err)
	}
	if got, crlf := strings.CutSuffix(got, "\r\n"); !crlf || !matches(got, want) {
		return fmt.Errorf("got %q", got)
	}
	return nil
}

func (p *peer) exactly(quoted string) error {
	want, err := strconv.Unquote(quoted)
	if err != nil {
		return err
	}
	got := make([]byte, len(want))
	if n, err := io.ReadFull(p.in, got); err != nil || string(got) != want {
		return fmt.Errorf("got %q %w", got[:n], err)
	}
	return nil
}

// chunk reads a BDAT command with its octets.
func (p *peer) chunk() error {
	line, err := p.in.ReadString('\n')
	if err != nil {
		return err
	}
	var n int64
	if _, err := fmt.Sscanf(line, "BDAT %d", &n); err != nil || n > 100<<10 {
		return fmt.Errorf("got %q", line)
	}
	_, err = io.CopyN(io.Discard, p.in, n)
	return err
}

func matches(got, want string) bool {
	if prefix, open := strings.CutSuffix(want, "*"); open {
		return strings.HasPrefix(got, prefix)
	}
	return got == want
}
