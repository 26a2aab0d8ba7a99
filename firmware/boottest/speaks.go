package boottest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// answerTime is for one attempt to be answered: machines that start take connections long before they answer.
const answerTime = 2 * time.Second

// Speaks tells whether what is at address greets, negotiates TLS or answers HTTP, as a mail server does on that port.
func Speaks(ctx context.Context, port int, address string) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	switch port {
	case 443, 465, 993, 995:
		return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx) // whose certificate does not matter
	case 80:
		if _, err := io.WriteString(conn, "HEAD / HTTP/1.0\r\n\r\n"); err != nil {
			return err
		}
		return begins(conn, "HTTP/1.")
	case 25, 587, 2525:
		return begins(conn, "220")
	case 143:
		return begins(conn, "* OK")
	case 110:
		return begins(conn, "+OK")
	}
	return begins(conn, "")
}

// begins reads as much as want is long.
func begins(r io.Reader, want string) error {
	b := make([]byte, max(1, len(want)))
	if _, err := io.ReadFull(r, b); err != nil {
		return err
	}
	if !strings.HasPrefix(string(b), want) {
		return fmt.Errorf("it begins with %q, not %q", b, want)
	}
	return nil
}
