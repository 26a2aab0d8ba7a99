package pop3

import "context"

// quit is QUIT (RFC 1939 §5, §6): the only way into the UPDATE state, where messages are removed.
func (s *session) quit(ctx context.Context, _ string) error {
	s.over = true
	if s.drop == nil {
		s.ok(sayBye)
		return nil
	}
	removed := s.drop.countMarked(deleted)
	err := s.update(ctx)
	s.leave() // before the reply: the next session may follow at once
	switch {
	case err != nil:
		s.log.Error("cannot update maildrop", "account", s.account.Name(), "err", err)
		s.fail(codeTemporary, sayNotRemoved)
	case removed > 0:
		s.ok(sayByeRemoved, removed)
	default:
		s.ok(sayBye)
	}
	return nil
}

func (s *session) update(ctx context.Context) error {
	if s.drop.countMarked(deleted|fetched) == 0 {
		return nil // no write for a look
	}
	return s.drop.Update(ctx, s.drop.kept(), s.drop.marked(deleted))
}
