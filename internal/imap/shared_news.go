package imap

import "sync"

// sharedNews is what one session in IDLE read, for the others that the same
// bell woke and that know as much: of a thousand one asks the store.
type sharedNews struct {
	mu      sync.Mutex
	since   int64
	moment  int64 // of the server's clock before the reading; 0: nothing was read
	changes Changes
}

// maxSharedNews is how many changed messages are kept for others.
const maxSharedNews = 100

// newsOfBell is news for a session that a bell woke. What was read after its
// bell rang is as good as what it would read itself: if more has happened since, the bell rings again.
func (s *session) newsOfBell() (Changes, error) {
	n := s.server.views.news(s.boxID)
	if n == nil {
		return s.news()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.moment >= s.wire.rungAt() && n.moment > 0 && n.since == s.modSeq {
		return n.changes, nil
	}
	moment := s.server.clock.Load()
	changes, err := s.news()
	if err != nil {
		return Changes{}, err
	}
	if len(changes.Changed) > maxSharedNews {
		n.moment, n.changes = 0, Changes{}
		return changes, nil
	}
	n.since, n.moment, n.changes = s.modSeq, moment, changes
	return changes, nil
}

// news is what the sessions in a mailbox share of it.
func (v *views) news(id string) *sharedNews {
	v.mu.Lock()
	defer v.mu.Unlock()
	if k := v.kept[id]; k != nil {
		return &k.news
	}
	return nil
}
