package imap

import "buzon/internal/uidset"

// storeModifiers reads (UNCHANGEDSINCE n) and a space, if they are there (RFC
// 7162 §3.1.3). The condition switches CONDSTORE on.
func (s *session) storeModifiers(a *storeArguments) error {
	a.since = -1
	if c, err := s.dec.Peek(); err != nil || c != '(' {
		return err
	}
	err := s.dec.List(func() error {
		word, err := s.dec.Keyword()
		if err != nil {
			return err
		}
		if word != "UNCHANGEDSINCE" || !s.has("CONDSTORE") {
			return syntaxf("STORE has no modifier %s.", word)
		}
		if err = s.dec.SP(); err != nil {
			return err
		}
		a.since, err = s.dec.Number64()
		return err
	})
	if err != nil {
		return err
	}
	if a.since >= 0 {
		s.enableCondStore()
	}
	return s.dec.SP()
}

// okConditional ends a STORE with UNCHANGEDSINCE. MODIFIED names the messages
// that were left as they are, in the numbers of the command (RFC 7162 §3.1.3).
func (s *session) okConditional(tag string, uid bool, asked, refused uidset.Set) error {
	gone := uidset.Set{}
	if !uid { // RFC 3501 §6.4.8: UIDs that are gone are ignored
		_, vanished, err := s.box.Since(s.ctx, s.modSeq, asked)
		if err != nil {
			return err
		}
		gone = vanished.Or(s.vanished).And(asked)
	}
	if refused = refused.Or(gone); refused.Len() == 0 {
		return s.ok(tag, "", "Stored.")
	}
	numbers := refused
	if !uid {
		numbers = seqsOf(s.view, refused)
	}
	code := string(appendSet([]byte("MODIFIED "), numbers))
	if gone.Len() > 0 {
		return s.no(tag, code, "Some of the messages no longer exist, or were changed by others.")
	}
	return s.ok(tag, code, "Some of the messages were changed by others.")
}
