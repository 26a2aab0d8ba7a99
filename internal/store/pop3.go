package store

import "sync"

// maildrops is which accounts' maildrops are in use; the zero value is ready.
// A process that dies leaves none locked.
type maildrops struct {
	mu   sync.Mutex
	used map[AccountID]bool
}

// LockMaildrop gives one session the exclusive maildrop of an account (RFC
// 1939 §4), or ErrLocked. Calling unlock again does nothing.
func (s *Store) LockMaildrop(acc AccountID) (unlock func(), err error) {
	d := &s.drops
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.used[acc] {
		return nil, ErrLocked
	}
	if d.used == nil {
		d.used = make(map[AccountID]bool)
	}
	d.used[acc] = true
	return sync.OnceFunc(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.used, acc)
	}), nil
}
