package imap

import (
	"errors"
	"strings"
)

// setMetadata is SETMETADATA (RFC 5464 §4.3): all entries or none.
func (s *session) setMetadata(tag string) error {
	mailbox, list, err := s.setMetadataArguments()
	if err != nil {
		return err
	}
	s.ownNotes(mailbox)
	if err := s.account.Annotate(s.ctx, mailbox, list); err != nil {
		return err
	}
	return s.ok(tag, "", "Done.")
}

func (s *session) setMetadataArguments() (mailbox string, list []Annotation, err error) {
	if err = s.dec.SP(); err != nil {
		return "", nil, err
	}
	if mailbox, err = s.dec.Mailbox(); err != nil {
		return "", nil, err
	}
	if err = s.dec.SP(); err != nil {
		return "", nil, err
	}
	err = s.dec.List(func() error {
		a, err := s.metadataValue()
		if err != nil {
			return err
		}
		if len(list) == maxEntries {
			return refuse("METADATA TOOMANY", "These are too many entries for one command.")
		}
		list = append(list, a)
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	if len(list) == 0 {
		return "", nil, syntaxf("SETMETADATA needs an entry and its value.")
	}
	return mailbox, list, s.dec.CRLF()
}

// metadataValue reads an entry and its value; NIL removes it.
func (s *session) metadataValue() (a Annotation, err error) {
	entry, err := s.entryName()
	if err != nil {
		return a, err
	}
	a.Entry = strings.ToLower(entry)
	if strings.Count(entry, "/") < 2 {
		return a, syntaxf("%s itself has no value.", entry)
	}
	if err := s.dec.SP(); err != nil {
		return a, err
	}
	value, there, err := s.dec.NString()
	var no *refusal
	switch {
	case errors.As(err, &no) && no.code == "TOOBIG", err == nil && int64(len(value)) > s.account.MetadataSize():
		return a, refuse("METADATA MAXSIZE "+string(appendNumber64(nil, s.account.MetadataSize())), "The value is too large.")
	case err != nil:
		return a, err
	case there:
		a.Value = []byte(value)
	}
	return a, nil
}
