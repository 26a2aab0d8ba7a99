package pop3

import (
	"context"
	"strconv"
	"strings"
)

// capa is CAPA (RFC 2449 §5).
func (s *session) capa(context.Context, string) error {
	s.ok(sayCapa)
	for _, c := range s.capabilities() {
		s.writer().WriteString(c + "\r\n")
	}
	s.endList()
	return nil
}

// capabilities are those of this peer at this time. Ways to log in are not shown where a password would cross the network
// in the clear: a client that sees none turns TLS on.
func (s *session) capabilities() []string {
	list := []string{"TOP", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", s.expire(), "UTF8 USER", "LANG", "IMPLEMENTATION Buzon"}
	if s.peer.Secure() {
		list = append(list, "USER")
		if m := s.server.Backend.Mechanisms(s.peer); len(m) > 0 {
			list = append(list, "SASL "+strings.Join(m, " "))
		}
	}
	if s.server.TLS != nil && s.peer.TLS == nil && s.drop == nil {
		list = append(list, "STLS")
	}
	return list
}

// expire is how long we keep mail that was fetched (RFC 2449 §6.7).
func (s *session) expire() string {
	if days := s.server.KeepDays(); days > 0 {
		return "EXPIRE " + strconv.Itoa(days)
	}
	return "EXPIRE NEVER"
}
