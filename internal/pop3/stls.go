package pop3

import "context"

// stls is STLS (RFC 2595 §4).
func (s *session) stls(ctx context.Context, _ string) error {
	switch {
	case s.peer.TLS != nil:
		s.fail("", sayTLSAlready)
		return nil
	case s.server.TLS == nil:
		s.fail("", sayNoTLS)
		return nil
	}
	s.ok(sayStartTLS)
	if err := s.flush(); err != nil {
		return err
	}
	// Whatever came in the clear after STLS may be somebody else's: it is forgotten, and so is what we were told before
	// (RFC 2595 §4).
	s.release()
	s.user, s.lang = "", english
	return s.startTLS(ctx)
}
