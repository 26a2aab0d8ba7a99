package imap

import "buzon/internal/uidset"

// errReadOnly refuses a change in a mailbox opened with EXAMINE.
var errReadOnly = refuse("READ-ONLY", "The mailbox was opened for reading only.")

// expunge is EXPUNGE (RFC 3501 §6.4.3). It removes only what this client knows of.
func (s *session) expunge(tag string) error {
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	return s.expungeUIDs(tag, s.view)
}

// uidExpunge is UID EXPUNGE (RFC 4315 §2.1).
func (s *session) uidExpunge(tag string) error {
	uids, err := s.setArgument(true)
	if err != nil {
		return err
	}
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	return s.expungeUIDs(tag, uids)
}

// expungeUIDs removes the \Deleted ones among uids; the update tells of it.
func (s *session) expungeUIDs(tag string, uids uidset.Set) error {
	if s.readOnly {
		return errReadOnly
	}
	gone, err := s.box.Expunge(s.ctx, uids)
	if err != nil {
		return err
	}
	return s.okExpunged(tag, gone.Len() > 0, "Removed.")
}

// setArgument reads a space and a set of messages.
func (s *session) setArgument(uid bool) (uidset.Set, error) {
	if err := s.dec.SP(); err != nil {
		return uidset.Set{}, err
	}
	n, err := parseNumSet(s.dec)
	if err != nil {
		return uidset.Set{}, err
	}
	return s.resolve(n, uid)
}
