package imap

import (
	"errors"

	"buzon/internal/uidset"
)

// copy is COPY (RFC 3501 §6.4.7).
func (s *session) copy(tag string, uid bool) error {
	uids, to, err := s.copyArguments(uid)
	if err != nil {
		return err
	}
	var copied Copied
	err = s.changing(func() (err error) {
		copied, err = s.box.Copy(s.ctx, uids, to)
		return err
	})
	if err != nil {
		return tryCreate(err)
	}
	s.ownCopy(to, copied)
	return s.okFiled(tag, to, s.copyCode(copied), "Copied.")
}

// move is MOVE (RFC 6851).
func (s *session) move(tag string, uid bool) error {
	uids, to, err := s.copyArguments(uid)
	if err != nil {
		return err
	}
	if s.readOnly {
		return errReadOnly
	}
	var moved Copied
	err = s.changing(func() (err error) {
		moved, err = s.box.Move(s.ctx, uids, to)
		return err
	})
	if err != nil {
		return tryCreate(err)
	}
	s.ownCopy(to, moved)
	// RFC 6851 §4.3: COPYUID goes before the EXPUNGE lines, so in an untagged OK.
	if code := s.copyCode(moved); code != "" {
		s.status("*", "OK", code, "Moved.")
	}
	return s.okExpunged(tag, moved.From.Len() > 0, "Moved.")
}

// ownCopy notes what COPY or MOVE did to the target.
func (s *session) ownCopy(to string, c Copied) {
	if c.From.Len() > 0 {
		s.ownChange(to)
	}
}

func (s *session) copyArguments(uid bool) (uids uidset.Set, to string, err error) {
	if uids, err = s.setArgument(uid); err != nil {
		return uids, "", err
	}
	if err = s.dec.SP(); err != nil {
		return uids, "", err
	}
	if to, err = s.dec.Mailbox(); err != nil {
		return uids, "", err
	}
	return uids, to, s.dec.CRLF()
}

// copyCode is COPYUID (RFC 4315 §3); nothing when nothing was copied.
func (s *session) copyCode(c Copied) string {
	if c.From.Len() == 0 || !s.has("UIDPLUS") {
		return ""
	}
	b := appendNumber([]byte("COPYUID "), c.UIDValidity)
	b = appendSet(append(b, ' '), c.From)
	return string(appendSet(append(b, ' '), c.To))
}

// tryCreate makes a missing target the client's to create (RFC 3501 §7.1).
func tryCreate(err error) error {
	if errors.Is(err, ErrNoMailbox) {
		return refuse("TRYCREATE", "There is no such mailbox; it can be created.")
	}
	return err
}
