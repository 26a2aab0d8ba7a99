package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// Limits of a request; whoever asks needs one line.
const (
	maxRequest  = 8 << 10 // octets
	requestTime = 5 * time.Second
)

// Serve answers every request with the file as it is then, one after the other, until ctx is over. It is so little of HTTP
// (RFC 9110) as a browser needs for one page, and runs as a user without rights.
func Serve(ctx context.Context, l net.Listener, file string) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil { // too many connections, for instance
			time.Sleep(100 * time.Millisecond)
			continue
		}
		answer(conn, file) // who hung up needs no answer
	}
}

func answer(conn net.Conn, file string) error {
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(requestTime)); err != nil {
		return err
	}
	lines := bufio.NewScanner(io.LimitReader(conn, maxRequest))
	for lines.Scan() && lines.Text() != "" {
	}
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(conn, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n"+
		"Cache-Control: no-store\r\nRetry-After: 60\r\nConnection: close\r\n\r\n%s", len(page), page)
	return err
}
