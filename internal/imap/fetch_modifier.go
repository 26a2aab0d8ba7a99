package imap

import (
	"buzon/internal/uidset"
)

// fetchModifiers are the modifiers of FETCH (RFC 4466 §2.4) by name; each
// reads its own argument. An extension's is a row.
var fetchModifiers = map[string]func(s *session, req *fetchRequest, uid bool) error{
	"CHANGEDSINCE": (*session).changedSince,
	"VANISHED":     (*session).vanishedModifier,
	"PARTIAL":      (*session).partialModifier, // RFC 9394
}

// parseFetchModifiers reads the list of modifiers, if there is one.
func (s *session) parseFetchModifiers(req *fetchRequest, uid bool) error {
	if s.dec.AtEnd() {
		return nil
	}
	if err := s.dec.SP(); err != nil {
		return err
	}
	if s.dec.AtEnd() { // a space at the end is harmless
		return nil
	}
	err := s.dec.List(func() error {
		word, err := s.dec.Keyword()
		if err != nil {
			return err
		}
		parse, ok := fetchModifiers[word]
		if !ok {
			return syntaxf("FETCH has no modifier %s.", word)
		}
		return parse(s, req, uid)
	})
	if err == nil && req.vanished && !req.since {
		err = syntaxf("VANISHED needs CHANGEDSINCE.") // RFC 7162 §3.2.6
	}
	return err
}

// changedSince reads CHANGEDSINCE's modseq (RFC 7162 §3.1.4.1). MODSEQ is then in the answer.
func (s *session) changedSince(req *fetchRequest, _ bool) (err error) {
	if !s.has("CONDSTORE") {
		return syntaxf("FETCH has no modifier CHANGEDSINCE.")
	}
	if err = s.dec.SP(); err != nil {
		return err
	}
	req.since = true
	req.changedSince, err = s.dec.Number64()
	req.addWord("MODSEQ")
	return err
}

// vanishedModifier is VANISHED (RFC 7162 §3.2.6).
func (s *session) vanishedModifier(req *fetchRequest, uid bool) error {
	if !uid || !s.enabled.QResync {
		return syntaxf("VANISHED is for UID FETCH after ENABLE QRESYNC.")
	}
	req.vanished = true
	return nil
}

// narrowFetch leaves of set what changed since the modseq that the client
// gave, and tells what vanished of n since then. It runs before the first response.
func (s *session) narrowFetch(set uidset.Set, n numSet, req *fetchRequest) (uidset.Set, error) {
	set = req.partial.of(set) // RFC 9394 §3.4: first
	if !req.since {
		return set, nil
	}
	asked := set
	if req.vanished && !n.saved {
		asked = n.set(maxUID) // "*" may be gone
	}
	changed, vanished, err := s.box.Since(s.ctx, req.changedSince, asked)
	if err != nil {
		return set, err
	}
	if req.vanished {
		s.tellEarlier(vanished)
	}
	return set.And(changed), nil
}
