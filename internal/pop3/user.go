package pop3

import "context"

// name is USER (RFC 1939 §7). Whether there is such a user is not told.
func (s *session) name(_ context.Context, arg string) error {
	switch {
	case !s.peer.Secure():
		s.fail(codePermanent, sayNoPassword)
	case arg == "":
		s.fail("", sayWhatUser)
	default:
		s.user = arg
		s.ok(sayPassword)
	}
	return nil
}

// pass is PASS (RFC 1939 §7). A password may have spaces.
func (s *session) pass(ctx context.Context, arg string) error {
	if s.user == "" {
		s.fail("", sayNeedUser)
		return nil
	}
	user := s.user
	s.user = ""
	account, err := s.server.Backend.Login(ctx, s.peer, user, arg)
	if err != nil {
		s.failure(err)
		return nil
	}
	s.enter(ctx, account)
	return nil
}

// apop is APOP (RFC 1939 §7), which would need passwords to be kept as they are.
func (s *session) apop(context.Context, string) error {
	s.fail("", sayNoAPOP)
	return nil
}

// enter begins the TRANSACTION state.
func (s *session) enter(ctx context.Context, account Account) {
	d, err := openDrop(ctx, account)
	if err != nil {
		s.failure(err)
		return
	}
	s.account, s.drop = account, d
	s.allowed = -1
	s.ok(sayWelcome, d.count, d.octets)
}

// wrongPassword answers a failed log-in. RFC 3206 §4: with [AUTH] a client knows that it must ask for another password.
func (s *session) wrongPassword() {
	s.failures++
	if s.failures >= maxFailures {
		s.over = true
		s.fail(codeAuth, sayTooManyWrong)
		return
	}
	s.fail(codeAuth, sayWrong)
}
