package store

import "sync"

// Watch is a bell with one token: C is readable when something may have
// changed since it was last read. Ask Changes for the truth.
type Watch struct {
	C <-chan struct{}

	c    chan struct{}
	all  *bells
	list *bell
	at   int // where it stands in list, -1 once stopped
}

// bell is who hears of one mailbox or account, of the queue or the guard.
type bell struct {
	box     MailboxID // or 0 and
	acc     AccountID // or 0 as well: the queue's or the guard's
	watches []*Watch
}

// bells is all watches; the zero value is ready. Their memory is bounded by
// the sessions that have one, and a bell rung by nobody costs a look-up.
type bells struct {
	mu    sync.Mutex
	box   map[MailboxID]*bell
	acc   map[AccountID]*bell
	queue bell
	guard bell
	house bell
}

// Watch rings when box may have changed. Stop it when done.
func (s *Store) Watch(box MailboxID) *Watch {
	b := &s.bells
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.box == nil {
		b.box = make(map[MailboxID]*bell)
	}
	if b.box[box] == nil {
		b.box[box] = &bell{box: box}
	}
	return b.add(b.box[box])
}

// WatchAccount rings when any mailbox of the account changed, was made, renamed or removed.
func (s *Store) WatchAccount(acc AccountID) *Watch {
	b := &s.bells
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.acc == nil {
		b.acc = make(map[AccountID]*bell)
	}
	if b.acc[acc] == nil {
		b.acc[acc] = &bell{acc: acc}
	}
	return b.add(b.acc[acc])
}

// WatchQueue rings when a job may have fallen due, or may do so earlier than NextDue told.
func (s *Store) WatchQueue() *Watch {
	b := &s.bells
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.add(&b.queue)
}

// WatchGuard rings when the command line may have asked to release somebody (TakeReleases).
func (s *Store) WatchGuard() *Watch {
	b := &s.bells
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.add(&b.guard)
}

// WatchHouse rings when the domains or the settings may have changed, or another process wrote anything at all.
func (s *Store) WatchHouse() *Watch {
	b := &s.bells
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.add(&b.house)
}

func (b *bells) add(list *bell) *Watch {
	c := make(chan struct{}, 1)
	w := &Watch{C: c, c: c, all: b, list: list, at: len(list.watches)}
	list.watches = append(list.watches, w)
	return w
}

// Stop ends the watching; it may be called again.
func (w *Watch) Stop() {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	if w.at < 0 {
		return
	}
	list := w.list
	last := len(list.watches) - 1
	list.watches[w.at] = list.watches[last]
	list.watches[w.at].at = w.at
	list.watches[last] = nil
	list.watches = list.watches[:last]
	w.at = -1
	if last > 0 {
		return
	}
	switch {
	case list.box != 0:
		delete(w.all.box, list.box)
	case list.acc != 0:
		delete(w.all.acc, list.acc)
	}
}

// ring rings the bells of what a commit touched. box 0 is the account's list of mailboxes.
func (s *Store) ring(touched map[MailboxID]AccountID) {
	s.bells.mu.Lock()
	defer s.bells.mu.Unlock()
	for box, acc := range touched {
		s.bells.box[box].ring()
		s.bells.acc[acc].ring()
	}
}

func (s *Store) ringQueue() {
	s.bells.mu.Lock()
	defer s.bells.mu.Unlock()
	s.bells.queue.ring()
}

// RingHouse rings what WatchHouse gave: something was asked of who listens there.
func (s *Store) RingHouse() {
	s.bells.mu.Lock()
	defer s.bells.mu.Unlock()
	s.bells.house.ring()
}

// ringAll rings every bell: another process wrote to the file.
func (s *Store) ringAll() {
	s.bells.mu.Lock()
	defer s.bells.mu.Unlock()
	for _, list := range s.bells.box {
		list.ring()
	}
	for _, list := range s.bells.acc {
		list.ring()
	}
	s.bells.queue.ring()
	s.bells.guard.ring()
	s.bells.house.ring()
}

func (list *bell) ring() {
	if list == nil {
		return
	}
	for _, w := range list.watches {
		select {
		case w.c <- struct{}{}:
		default: // already rung
		}
	}
}
