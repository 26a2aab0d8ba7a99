package store

// LockMaildrop gives one session the exclusive maildrop of an account (RFC 1939 §4), or ErrLocked.
func (s *Store) LockMaildrop(acc AccountID) (unlock func(), err error) {}

// maildrops is which accounts' maildrops are in use; the zero value is ready.
type maildrops struct{}
