package imap

import (
	"fmt"
)

// replace is REPLACE and UID REPLACE (RFC 8508): APPEND and the removal of one
// message as one action.
func (s *session) replace(tag string, uid bool) error {
	old, to, err := s.replaceTarget(uid)
	if err != nil {
		return err
	}
	budget := s.newAppendBudget()
	d, err := s.appendMessage(&budget)
	if err != nil {
		return err
	}
	defer d.Body.Release()
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	validity, fresh, err := s.box.Replace(s.ctx, old, to, d)
	if err != nil {
		return tryCreate(err)
	}
	s.ownChange(to)
	// RFC 8508 §4.3: APPENDUID goes before the EXPUNGE, so in an untagged OK.
	if code := s.appendCode(validity, []uint32{fresh}); code != "" {
		s.status("*", "OK", code, "Filed.")
	}
	return s.okExpunged(tag, true, "Replaced.")
}

// replaceTarget reads which message is replaced and where the new one goes.
// What can be refused is refused before the message is invited.
func (s *session) replaceTarget(uid bool) (old uint32, to string, err error) {
	if old, err = s.oneMessage(uid); err != nil {
		return 0, "", err
	}
	if err = s.dec.SP(); err != nil {
		return 0, "", err
	}
	if to, err = s.dec.Mailbox(); err != nil {
		return 0, "", err
	}
	if err = s.checkTarget(to); err != nil {
		return 0, "", err
	}
	if s.readOnly {
		return 0, "", errReadOnly
	}
	return old, to, s.dec.SP()
}

// oneMessage reads a space and the number of one message (RFC 8508 §5: no set), and gives its UID.
func (s *session) oneMessage(uid bool) (uint32, error) {
	if err := s.dec.SP(); err != nil {
		return 0, err
	}
	n, err := parseSeqNumber(s.dec)
	if err != nil {
		return 0, err
	}
	found, err := s.resolve(numSet{ranges: []numRange{{n, n}}}, uid)
	if err != nil {
		return 0, err
	}
	if found.Len() != 1 || s.vanished.Has(found.Min()) {
		return 0, fmt.Errorf("replace %d: %w", n, ErrNoMessage)
	}
	return found.Min(), nil
}
