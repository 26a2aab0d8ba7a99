package imap

import (
	"errors"
	"strings"
)

// nameArguments reads n mailbox names and the end of the command.
func (s *session) nameArguments(n int) ([]string, error) {
	names := make([]string, n)
	for i := range names {
		if err := s.dec.SP(); err != nil {
			return nil, err
		}
		name, err := s.dec.Mailbox()
		if err != nil {
			return nil, err
		}
		names[i] = name
	}
	return names, s.dec.CRLF()
}

// create is CREATE (RFC 3501 §6.3.3) with a special use (RFC 6154 §3).
func (s *session) create(tag string) error {
	name, use, err := s.createArguments()
	if err != nil {
		return err
	}
	// A "/" at the end announces children to come; here any mailbox may have some.
	name = strings.TrimSuffix(name, "/")
	s.ownName(name)
	m, err := s.account.Create(s.ctx, name, use)
	if err != nil {
		return err
	}
	s.tellRenamed(m.Name, name)
	return s.ok(tag, s.mailboxIDCode(&m), "Created.")
}

func (s *session) createArguments() (name, use string, err error) {
	if err = s.dec.SP(); err != nil {
		return "", "", err
	}
	if name, err = s.dec.Mailbox(); err != nil {
		return "", "", err
	}
	if !s.dec.AtEnd() {
		if err = s.dec.SP(); err != nil {
			return "", "", err
		}
		if err = s.dec.List(func() error { return s.createParameter(&use) }); err != nil {
			return "", "", err
		}
	}
	return name, use, s.dec.CRLF()
}

// createParameter reads USE (\Drafts).
func (s *session) createParameter(use *string) error {
	p, err := s.dec.Keyword()
	if err != nil {
		return err
	}
	if p != "USE" || !s.has("CREATE-SPECIAL-USE") {
		return syntaxf("CREATE does not know %s.", p)
	}
	if err := s.dec.SP(); err != nil {
		return err
	}
	return s.dec.List(func() error {
		f, err := s.dec.Flag()
		if err != nil {
			return err
		}
		if *use != "" {
			return refuse("USEATTR", "A mailbox may have one special use.")
		}
		*use, err = specialUse(f)
		return err
	})
}

// specialUses are those a mailbox may have here. \All and \Flagged would be
// views of other mailboxes (RFC 6154 §2).
var specialUses = []string{`\Archive`, `\Drafts`, `\Junk`, `\Sent`, `\Trash`}

func specialUse(f string) (string, error) {
	for _, use := range specialUses {
		if strings.EqualFold(f, use) {
			return use, nil
		}
	}
	return "", refuse("USEATTR", "There is no special use "+f+" here.")
}

// delete is DELETE (RFC 3501 §6.3.4).
func (s *session) delete(tag string) error {
	names, err := s.nameArguments(1)
	if err != nil {
		return err
	}
	if names[0] == "INBOX" {
		return refuse("CANNOT", "The INBOX cannot be deleted.")
	}
	s.ownName(names[0])
	listed := s.listedName(names[0])
	if err := s.account.Delete(s.ctx, names[0]); err != nil {
		return err
	}
	if listed != names[0] { // RFC 9051 §6.3.5
		s.writeOldName(`\NonExistent`, listed, names[0])
	}
	if names[0] == s.name {
		s.closeBox() // its own client knows; others get BYE from their next update
	}
	return s.ok(tag, "", "Deleted.")
}

// rename is RENAME (RFC 3501 §6.3.5).
func (s *session) rename(tag string) error {
	names, err := s.nameArguments(2)
	if err != nil {
		return err
	}
	from, to := names[0], strings.TrimSuffix(names[1], "/")
	if strings.HasPrefix(to, from+"/") {
		return refuse("CANNOT", "A mailbox cannot move into itself.")
	}
	s.ownName(from, to)
	if err := s.account.Rename(s.ctx, from, to); err != nil {
		return err
	}
	if from != "INBOX" {
		s.tellRenamed(to, from)
	}
	if s.name == from && from != "INBOX" { // renaming INBOX moves its mail and leaves it
		s.name = to
	}
	return s.ok(tag, "", "Renamed.")
}

// subscribe is SUBSCRIBE (RFC 3501 §6.3.6).
func (s *session) subscribe(tag string) error { return s.setSubscribed(tag, true) }

// unsubscribe is UNSUBSCRIBE (RFC 3501 §6.3.7).
func (s *session) unsubscribe(tag string) error { return s.setSubscribed(tag, false) }

func (s *session) setSubscribed(tag string, on bool) error {
	names, err := s.nameArguments(1)
	if err != nil {
		return err
	}
	s.ownName(names[0])
	err = s.account.Subscribe(s.ctx, names[0], on)
	if err != nil && (on || !errors.Is(err, ErrNoMailbox)) { // to forget what is not there is done already
		return err
	}
	return s.ok(tag, "", "Done.")
}
