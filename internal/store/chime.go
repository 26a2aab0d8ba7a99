package store

import "sync"

// chimes turns bells, which are channels, into calls, with one goroutine a place however many are to be called. The zero
// value is ready.
type chimes struct {
	mu sync.Mutex
	at map[chimePlace]*chime
}

// chimePlace is what can be listened to: a mailbox, or an account.
type chimePlace struct {
	box MailboxID
	acc AccountID
}

// chime is who is to be called for one place.
type chime struct {
	watch *Watch
	ended chan struct{}
	calls map[*func()]struct{}
}

// Call is Watch as a call: ring is called when box may have changed, until stop, and must not block.
func (s *Store) Call(box MailboxID, ring func()) (stop func()) {
	return s.chimes.add(chimePlace{box: box}, func() *Watch { return s.Watch(box) }, ring)
}

// CallAccount is WatchAccount as a call.
func (s *Store) CallAccount(acc AccountID, ring func()) (stop func()) {
	return s.chimes.add(chimePlace{acc: acc}, func() *Watch { return s.WatchAccount(acc) }, ring)
}

func (c *chimes) add(p chimePlace, watch func() *Watch, ring func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.at[p]
	if one == nil {
		one = &chime{watch: watch(), ended: make(chan struct{}), calls: make(map[*func()]struct{})}
		if c.at == nil {
			c.at = make(map[chimePlace]*chime)
		}
		c.at[p] = one
		go c.listen(one)
	}
	one.calls[&ring] = struct{}{}
	return func() { c.remove(p, one, &ring) }
}

func (c *chimes) remove(p chimePlace, one *chime, ring *func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(one.calls, ring)
	if len(one.calls) == 0 && c.at[p] == one {
		delete(c.at, p)
		one.watch.Stop()
		close(one.ended)
	}
}

// listen ends with the last who is to be called.
func (c *chimes) listen(one *chime) {
	for {
		select {
		case <-one.ended:
			return
		case <-one.watch.C:
		}
		c.mu.Lock()
		for ring := range one.calls {
			(*ring)()
		}
		c.mu.Unlock()
	}
}
