package pop3

import (
	"context"
	"strconv"
	"strings"
)

// stat is STAT (RFC 1939 §5).
func (s *session) stat(context.Context, string) error {
	s.numbers("+OK ", int64(s.drop.count), s.drop.octets)
	return nil
}

// list is LIST (RFC 1939 §5), of one message or of all.
func (s *session) list(_ context.Context, arg string) error {
	if strings.TrimSpace(arg) != "" {
		if n, ok := s.message(arg); ok {
			s.numbers("+OK ", int64(n), s.drop.list[n-1].octets())
		}
		return nil
	}
	s.ok(sayList, s.drop.count, s.drop.octets)
	for i, m := range s.drop.list {
		if !m.has(deleted) {
			s.numbers("", int64(i+1), m.octets())
		}
	}
	s.endList()
	return nil
}

// uidl is UIDL (RFC 1939 §7), of one message or of all. The name holds for as long as the message exists.
func (s *session) uidl(_ context.Context, arg string) error {
	if strings.TrimSpace(arg) != "" {
		if n, ok := s.message(arg); ok {
			s.writer().WriteString("+OK ")
			s.uidlLine(n)
		}
		return nil
	}
	s.ok(sayUIDL)
	for i, m := range s.drop.list {
		if !m.has(deleted) {
			s.uidlLine(i + 1)
		}
	}
	s.endList()
	return nil
}

func (s *session) uidlLine(n int) {
	w := s.writer()
	buf := strconv.AppendInt(w.AvailableBuffer(), int64(n), 10)
	buf = append(buf, ' ')
	buf = strconv.AppendUint(buf, uint64(s.drop.Validity()), 10)
	buf = append(buf, '.')
	buf = strconv.AppendUint(buf, uint64(s.drop.list[n-1].UID), 10)
	w.Write(append(buf, '\r', '\n'))
}
