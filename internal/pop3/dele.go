package pop3

import "context"

// dele is DELE (RFC 1939 §5): a mark, until QUIT.
func (s *session) dele(_ context.Context, arg string) error {
	if n, ok := s.message(arg); ok {
		s.drop.remove(n)
		s.ok(sayDele, n)
	}
	return nil
}

// rset is RSET (RFC 1939 §5).
func (s *session) rset(context.Context, string) error {
	s.drop.reset()
	s.ok(sayRset, s.drop.count, s.drop.octets)
	return nil
}

// noop is NOOP (RFC 1939 §5).
func (s *session) noop(context.Context, string) error {
	s.ok(sayHere)
	return nil
}
