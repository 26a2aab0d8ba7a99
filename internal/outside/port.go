package outside

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	connectTime = 8 * time.Second
	maxLine     = 512     // octets of a greeting (RFC 5321 §4.5.3.1.5)
	maxTalk     = 8 << 10 // octets of all that a server says before TLS
	maxNames    = 20      // of a certificate
)

// lookAt is one port.
func (s *Server) lookAt(ctx context.Context, to netip.AddrPort, name string) Port {
	p := Port{Port: int(to.Port())}
	connecting, cancel := context.WithTimeout(ctx, connectTime)
	conn, err := s.Dial(connecting, "tcp", to.String())
	cancel()
	if err != nil {
		p.State = state(err)
		return p
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	p.State = Open
	switch p.Port {
	case 80: // it says nothing by itself
	case 25, 587:
		p.Greeting, p.TLS = s.startTLS(ctx, conn, name)
	case 443:
		p.TLS = s.shown(ctx, conn, name, nil)
	default:
		p.TLS = s.shown(ctx, conn, name, &p.Greeting)
	}
	return p
}

func state(err error) string {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return Closed
	}
	return Silent
}

// shown speaks TLS and tells which certificate it saw; greeting takes the first line of who speaks first.
func (s *Server) shown(ctx context.Context, conn net.Conn, name string, greeting *string) *TLS {
	client := tls.Client(conn, &tls.Config{
		ServerName:         name,
		InsecureSkipVerify: true, // whether it is believed is said in the answer
		MinVersion:         tls.VersionTLS12,
	})
	if client.HandshakeContext(ctx) != nil {
		return nil
	}
	if greeting != nil {
		*greeting = line(bufio.NewReader(io.LimitReader(client, maxLine)))
	}
	return s.inWords(client.ConnectionState().PeerCertificates, name)
}

func (s *Server) inWords(chain []*x509.Certificate, name string) *TLS {
	if len(chain) == 0 {
		return nil
	}
	leaf := chain[0]
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: s.Roots, Intermediates: between, CurrentTime: s.Now()})
	return &TLS{Names: leaf.DNSNames[:min(len(leaf.DNSNames), maxNames)], Until: leaf.NotAfter.UTC(), Trusted: err == nil && name != ""}
}

// startTLS hears the greeting of a mail server and asks for TLS (RFC 3207 §4).
func (s *Server) startTLS(ctx context.Context, conn net.Conn, name string) (greeting string, shown *TLS) {
	in := bufio.NewReader(io.LimitReader(conn, maxTalk))
	if greeting = line(in); !strings.HasPrefix(greeting, "220") {
		return greeting, nil
	}
	if !says(conn, in, "EHLO "+helloName()+"\r\n", "250") || !says(conn, in, "STARTTLS\r\n", "220") || in.Buffered() > 0 {
		return greeting, nil
	}
	return greeting, s.shown(ctx, conn, name, nil)
}

// helloName is whom a look comes from, in EHLO (RFC 5321 §4.1.4).
func helloName() string {
	if host, err := os.Hostname(); err == nil && strings.Contains(host, ".") {
		return host
	}
	return "[127.0.0.1]"
}

// says sends a command and tells whether the reply, whose last line it waits for, has the code.
func says(conn net.Conn, in *bufio.Reader, command, code string) bool {
	if _, err := io.WriteString(conn, command); err != nil {
		return false
	}
	for {
		reply := line(in)
		if !strings.HasPrefix(reply, code) {
			return false
		}
		if len(reply) < 4 || reply[3] != '-' {
			return true
		}
	}
}

// line is the next one, without its end and cut short; "" where none comes. What is not printable ASCII is left out.
func line(in *bufio.Reader) string {
	text, err := in.ReadSlice('\n')
	if err != nil && len(text) == 0 {
		return ""
	}
	var b strings.Builder
	for _, c := range text[:min(len(text), maxLine)] {
		if c >= ' ' && c <= '~' {
			b.WriteByte(c)
		}
	}
	return b.String()
}
