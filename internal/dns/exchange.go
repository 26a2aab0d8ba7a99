package dns

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"time"

	wire "github.com/miekg/dns"
)

const (
	// udpSize fits a packet that is not cut into fragments (RFC 9715 §3.2), in octets.
	udpSize = 1232
	// udpBuffer also takes what ignores that, in octets.
	udpBuffer = 4096
	// maxForged answers that are none of ours move the question to TCP, which is
	// harder to forge (RFC 5452 §9).
	maxForged = 16
)

// query is a question on its way to a server.
type query struct {
	question
	bare      bool // without EDNS
	authentic bool // ask for the proof of DNSSEC, and whether it held
}

// pack makes the message. RFC 6840 §5.7: AD asks whether the answer is
// authentic, DO is what older servers need to be told so.
func (q query) pack(id uint16) ([]byte, error) {
	m := &wire.Msg{Question: []wire.Question{{Name: q.name, Qtype: q.kind, Qclass: wire.ClassINET}}}
	m.Id = id
	m.RecursionDesired = true
	m.AuthenticatedData = q.authentic
	if !q.bare {
		m.SetEdns0(udpSize, q.authentic)
	}
	return m.Pack()
}

// newID is not to be guessed (RFC 5452 §9.1).
func newID() uint16 {
	var b [2]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint16(b[:])
}

var (
	errTruncated = errors.New("the answer does not fit")
	errForged    = errors.New("too many answers that are not to our question")
)

// exchange asks one server over UDP, and over TCP when the answer does not fit
// or others answer in its place (RFC 7766 §5).
func (c *Client) exchange(ctx context.Context, server string, q query) ([]byte, error) {
	b, err := c.over(ctx, "udp", server, q, readPackets)
	if errors.Is(err, errTruncated) || errors.Is(err, errForged) {
		b, err = c.over(ctx, "tcp", server, q, readStream)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return nil, errors.New("no answer in time") // whatever the socket calls it
	}
	return b, err
}

// over asks on a connection of its own; read waits for the answer to q under the id.
func (c *Client) over(ctx context.Context, network, server string, q query,
	read func(conn net.Conn, id uint16, q question) ([]byte, error),
) ([]byte, error) {
	id := newID()
	b, err := q.pack(id)
	if err != nil {
		return nil, err
	}
	conn, err := c.options.Dial(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()                                              // the answer is here or will not come
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // ends what is waiting
	defer stop()
	if network == "tcp" { // RFC 1035 §4.2.2
		b = append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
	}
	if _, err := conn.Write(b); err != nil {
		return nil, err
	}
	return read(conn, id, q.question)
}

// readPackets waits for the answer among what arrives at the port. Anything
// else is thrown away: to give up for it would let others silence the server.
func readPackets(conn net.Conn, id uint16, q question) ([]byte, error) {
	b := make([]byte, udpBuffer)
	for range maxForged {
		n, err := conn.Read(b)
		if err != nil {
			return nil, err
		}
		h, err := readHeader(b[:n])
		if err != nil || !h.answersTo(id, q) {
			continue
		}
		if h.truncated || n == len(b) {
			return nil, errTruncated
		}
		return slices.Clone(b[:n]), nil // the cache may keep it: no more than it is
	}
	return nil, errForged
}

func readStream(conn net.Conn, id uint16, q question) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(size[:]))
	if n > maxAnswer {
		return nil, fmt.Errorf("an answer of %d octets is more than we take", n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(conn, b); err != nil {
		return nil, err
	}
	h, err := readHeader(b)
	if err != nil {
		return nil, err
	}
	if !h.answersTo(id, q) || h.truncated {
		return nil, errors.New("an answer that is not to our question")
	}
	return b, nil
}
