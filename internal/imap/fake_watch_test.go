package imap

// Watch implements Account.
func (f *fakeBackend) Watch(ring func()) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := &ring
	if f.watches == nil {
		f.watches = map[*func()]struct{}{}
	}
	f.watches[id] = struct{}{}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watches, id)
	}
}

// ring is what every change does.
func (f *fakeBackend) ring() {
	for ring := range f.watches {
		(*ring)()
	}
}
