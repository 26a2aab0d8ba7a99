package update

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Call is a connection to the control socket as its owner sees it.
type Call struct {
	Request
	Body io.Reader // what follows the line
	conn net.Conn
}

// maxRequest bounds the line of a request.
const maxRequest = 4 << 10 // octets

// Accept reads the request of a connection.
func Accept(conn net.Conn) (*Call, error) {
	in := bufio.NewReaderSize(conn, maxRequest)
	line, err := in.ReadSlice('\n')
	if err != nil {
		return nil, fmt.Errorf("update: request: %w", err)
	}
	c := &Call{Body: in, conn: conn}
	if err := json.Unmarshal(line, &c.Request); err != nil {
		return nil, fmt.Errorf("update: request: %w", err)
	}
	return c, nil
}

// Say sends an answer that is not the last.
func (c *Call) Say(a Answer) error { return json.NewEncoder(c.conn).Encode(a) }

// End sends the last answer, last with Done or err's word, and waits a moment until the other side has heard it: what comes
// next may be the end of the machine.
func (c *Call) End(last Answer, err error) error {
	if last.Done = err == nil; err != nil {
		last = Answer{Error: Code(err), Detail: detail(err)}
	}
	if err := c.Say(last); err != nil {
		return err
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(hearing)); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, c.Body) // which ends when the other side hangs up
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.ECONNRESET) {
		return nil
	}
	return err
}

// hearing is how long the other side may take to hear the last answer.
const hearing = 2 * time.Second

// detail is what err says beyond its word.
func detail(err error) string {
	for _, known := range codes() {
		if errors.Is(err, known) && err.Error() == known.Error() {
			return ""
		}
	}
	return err.Error()
}
