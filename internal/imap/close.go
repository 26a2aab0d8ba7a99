package imap

import "fmt"

// close is CLOSE (RFC 3501 §6.4.2): what is marked \Deleted goes, and nothing is told of it.
func (s *session) close(tag string) error {
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	if !s.readOnly {
		gone, err := s.box.Expunge(s.ctx, s.view)
		if err != nil {
			return fmt.Errorf("expunge: %w", err)
		}
		if gone.Len() > 0 {
			s.ownChange(s.name)
		}
	}
	s.closeBox()
	return s.ok(tag, "", "Closed.")
}

// unselect is UNSELECT (RFC 3691): CLOSE that removes nothing.
func (s *session) unselect(tag string) error {
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	s.closeBox()
	return s.ok(tag, "", "Closed.")
}
