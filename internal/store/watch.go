package store

// Watch is a bell with one token: C is readable when something may have changed since it was last read. Ask Changes for the truth.
type Watch struct{ C <-chan struct{} }

func (s *Store) Watch(box MailboxID) *Watch { return nil }

// WatchAccount rings when any mailbox of the account changed, was made, renamed or removed.
func (s *Store) WatchAccount(acc AccountID) *Watch { return nil }
func (w *Watch) Stop()                             {}

// bells is all watches; the zero value is ready.
type bells struct{}

// ring rings the bells of what a commit touched. box 0 is the account's list of mailboxes.
func (s *Store) ring(touched map[MailboxID]AccountID) {}

// ringAll rings every bell: another process wrote to the file.
func (s *Store) ringAll() {}
