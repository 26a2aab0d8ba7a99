package imap

// noop is NOOP (RFC 3501 §6.1.2): it asks for news.
func (s *session) noop(tag string) error {
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	return s.ok(tag, "", "Done.")
}

// check is CHECK (RFC 3501 §6.4.1): everything is on disk at any time.
func (s *session) check(tag string) error { return s.noop(tag) }

// logout is LOGOUT (RFC 3501 §6.1.3).
func (s *session) logout(tag string) error {
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	s.state = loggedOut
	s.closeBox()
	s.status("*", "BYE", "", "Goodbye.")
	return s.ok(tag, "", "Logged out.")
}

// namespace is NAMESPACE (RFC 2342): one personal namespace, nothing shared.
func (s *session) namespace(tag string) error {
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	s.enc.Raw(`* NAMESPACE (("" "/")) NIL NIL`).CRLF()
	return s.ok(tag, "", "Done.")
}
