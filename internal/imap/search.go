package imap

// STUB of content's: replace the whole file.
func (s *session) search(tag string, uid bool) error { return syntaxf("Not built yet.") }
