package outbound

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
)

// peer is an SMTP server with the habits that a test needs.
type peer struct {
	cert     *tls.Certificate // nil: no STARTTLS
	implicit bool
	greeting string // "" is a friendly one
	breakTLS bool   // hangs up in the handshake
	extra    string // lines of EHLO, each "250-X\r\n"
	rcpt     string // reply to RCPT; "" is 250
	auth     string // the argument of AUTH PLAIN that is right

	mu    sync.Mutex
	heard []string // commands
}

func (p *peer) commands() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.heard, "\n")
}

func (p *peer) serve(conn net.Conn) {
	if p.implicit {
		conn = tls.Server(conn, p.config())
	}
	greeting := p.greeting
	if greeting == "" {
		greeting = "220 peer.example ESMTP"
	}
	fmt.Fprintf(conn, "%s\r\n", greeting)
	p.talk(conn)
}

func (p *peer) config() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{*p.cert}} }

func (p *peer) talk(conn net.Conn) {
	r := bufio.NewReader(conn)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		p.mu.Lock()
		p.heard = append(p.heard, line)
		p.mu.Unlock()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch verb {
		case "STARTTLS":
			fmt.Fprint(conn, "220 go\r\n")
			if p.breakTLS {
				return
			}
			p.talk(tls.Server(conn, p.config()))
			return
		case "DATA":
			fmt.Fprint(conn, "354 go\r\n")
			for line != ".\r\n" && err == nil {
				line, err = r.ReadString('\n')
			}
			fmt.Fprint(conn, "250 2.0.0 taken\r\n")
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			p.answer(conn, verb, line)
		}
	}
}

func (p *peer) answer(conn net.Conn, verb, line string) {
	switch verb {
	case "EHLO":
		fmt.Fprint(conn, "250-peer.example\r\n"+p.extra)
		if _, secure := conn.(*tls.Conn); !secure && p.cert != nil {
			fmt.Fprint(conn, "250-STARTTLS\r\n")
		}
		fmt.Fprint(conn, "250 8BITMIME\r\n")
	case "AUTH":
		if strings.TrimPrefix(line, "AUTH PLAIN ") == p.auth {
			fmt.Fprint(conn, "235 2.7.0 in\r\n")
		} else {
			fmt.Fprint(conn, "535 5.7.8 no\r\n")
		}
	case "RCPT":
		if p.rcpt != "" {
			fmt.Fprintf(conn, "%s\r\n", p.rcpt)
			return
		}
		fallthrough
	default:
		fmt.Fprint(conn, "250 2.0.0 ok\r\n")
	}
}
