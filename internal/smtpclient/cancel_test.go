package smtpclient

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A call that its caller gives up ends at once, and takes the connection with it.
func TestCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		go io.WriteString(theirs, "220 hi\r\n")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		_, err := New(ctx, ours, "mx.example.test", Options{Hello: "x"})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
	})
}

// A message given up while its last reply is awaited may have arrived.
func TestCanceledAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		go func() {
			io.WriteString(theirs, "220 hi\r\n")
			in := make([]byte, 4096)
			for _, reply := range []string{"250-hi\r\n250 PIPELINING\r\n", "250 OK\r\n250 OK\r\n354 Go on\r\n", ""} {
				theirs.Read(in)
				io.WriteString(theirs, reply)
			}
		}()
		c, err := New(t.Context(), ours, "mx.example.test", Options{Hello: "x"})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		stop := errors.New("the box stops")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(stop) })
		replies, err := c.Send(ctx, mailOf(t, strings.NewReader("x\r\n"), 3))
		var e *Error
		if !errors.Is(err, stop) || !errors.As(err, &e) || !e.Uncertain || replies[0].Code != 451 || c.Usable() {
			t.Errorf("%v %v", replies, err)
		}
	})
}
