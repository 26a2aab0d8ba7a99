package update

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
)

// ControlEnv is the variable that tells Buzon where the first process of the image listens.
const ControlEnv = "BUZON_CONTROL"

// RehearsalEnv is the variable that tells a Buzon that it works on a copy, to show that it can: nobody outside may reach it
// or hear from it.
const RehearsalEnv = "BUZON_REHEARSAL"

// Client speaks to the first process of the image. Each call is a connection of its own.
type Client struct {
	Socket string // path of a stream socket
}

// maxAnswer bounds a line of an answer.
const maxAnswer = 64 << 10 // octets

// Status asks how things are.
func (c Client) Status(ctx context.Context) (Status, error) {
	var s *Status
	err := c.talk(ctx, Request{Do: DoStatus}, nil, func(a Answer) { s = a.Status })
	if err == nil && s == nil {
		err = errors.New("update: control: no status in the answer")
	}
	if err != nil {
		return Status{}, err
	}
	return *s, nil
}

// Apply puts the update that r is into the other slot. It tells how far it is, as often as there is something to tell, and
// returns once the machine is about to restart with it, or with the reason why it does not. Ending ctx before that leaves
// everything as it was.
func (c Client) Apply(ctx context.Context, r io.Reader, force bool, tell func(Progress)) error {
	return c.talk(ctx, Request{Do: DoUpdate, Force: force}, r, func(a Answer) {
		if a.Progress != nil && tell != nil {
			tell(*a.Progress)
		}
	})
}

// Do asks for what needs no more than its name: DoConfirm, DoReboot, DoPowerOff.
func (c Client) Do(ctx context.Context, what string) error {
	return c.talk(ctx, Request{Do: what}, nil, func(Answer) {})
}

// talk sends a request and what follows it, and hears the answers while it sends: a refusal comes in the middle.
func (c Client) talk(ctx context.Context, q Request, follow io.Reader, hear func(Answer)) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", c.Socket)
	if err != nil {
		return fmt.Errorf("update: control: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	sent := make(chan error, 1)
	go func() { sent <- send(conn, q, follow) }()
	err = listen(conn, hear)
	conn.Close() // what is still being sent is of no use
	errSent := <-sent
	var broken *sourceError
	switch {
	case err == nil, ctx.Err() != nil:
		return errors.Join(ctx.Err())
	case errors.As(errSent, &broken): // and the other side complained of a file that ends early
		return broken.err
	}
	return err
}

// sourceError is of what is sent, not of the connection.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return "update: reading: " + e.err.Error() }

// source marks the errors of a reader.
type source struct{ io.Reader }

func (s source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &sourceError{err}
	}
	return n, err
}

// send ends its half of the connection however it ends: the other side then answers, or has answered already.
func send(conn net.Conn, q Request, follow io.Reader) error {
	err := json.NewEncoder(conn).Encode(q)
	if err == nil && follow != nil {
		_, err = io.Copy(conn, source{follow})
	}
	if half, ok := conn.(*net.UnixConn); ok {
		err = errors.Join(err, half.CloseWrite())
	}
	return err
}

// listen hears answers until the last one.
func listen(conn net.Conn, hear func(Answer)) error {
	lines := bufio.NewScanner(conn)
	lines.Buffer(make([]byte, 0, 4<<10), maxAnswer)
	for lines.Scan() {
		var a Answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return fmt.Errorf("update: control: %w", err)
		}
		if a.Error != "" {
			return failure(a.Error, a.Detail)
		}
		hear(a)
		if a.Done {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("update: control: %w", err)
	}
	return fmt.Errorf("update: control: %w", io.ErrUnexpectedEOF)
}
