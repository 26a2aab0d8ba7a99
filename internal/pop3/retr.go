package pop3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// retr is RETR (RFC 1939 §5). A message with UTF-8 in its header goes out as it is also to those who did not say UTF8: RFC
// 6856 §2 would have us refuse it or rewrite it, and then half of the world's programs could not read mail that they can.
func (s *session) retr(ctx context.Context, arg string) error {
	n, ok := s.message(arg)
	if !ok {
		return nil
	}
	dot := &dotWriter{w: s.writer(), first: func() { s.octets(n) }}
	sent, err := s.send(ctx, n, dot, dot)
	if sent {
		s.drop.list[n-1].Size |= fetched
		s.drop.ahead.sent(ctx, s.drop, n)
	}
	return err
}

// octets is the status line of RETR.
func (s *session) octets(n int) {
	w := s.writer()
	buf := append(w.AvailableBuffer(), "+OK "...)
	buf = strconv.AppendInt(buf, s.drop.list[n-1].octets(), 10)
	w.Write(append(buf, sayOctets.in(s.lang)...))
}

// top is TOP (RFC 1939 §7).
func (s *session) top(ctx context.Context, arg string) error {
	which, count, _ := strings.Cut(strings.TrimSpace(arg), " ")
	lines, err := number(count)
	if err != nil {
		s.fail("", sayNeedLines)
		return nil
	}
	n, ok := s.message(which)
	if !ok {
		return nil
	}
	dot := &dotWriter{w: s.writer(), first: func() { s.ok(sayTop) }}
	_, err = s.send(ctx, n, dot, &topWriter{to: dot, lines: lines})
	return err
}

// send writes message n through w, which writes to dot. A message that is gone before its first octet was sent gets an
// error reply; after that only the end of the connection can say that it is not whole.
func (s *session) send(ctx context.Context, n int, dot *dotWriter, w io.Writer) (sent bool, err error) {
	body, err := s.drop.open(ctx, n)
	if err != nil {
		s.failure(err)
		return false, nil
	}
	defer body.Release()
	_, err = body.WriteTo(w)
	switch {
	case err == nil || errors.Is(err, errEnough):
		err = dot.end()
		return err == nil, err
	case dot.begun:
		return false, fmt.Errorf("send message: %w", err)
	}
	s.failure(err)
	return false, nil
}
