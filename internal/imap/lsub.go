package imap

import (
	"fmt"
	"strings"
)

// lsub is LSUB (RFC 3501 §6.3.9).
func (s *session) lsub(tag string) error {
	var o listOptions
	var err error
	if err = s.dec.SP(); err != nil {
		return err
	}
	if o.reference, err = s.dec.Mailbox(); err != nil {
		return err
	}
	if err = s.dec.SP(); err != nil {
		return err
	}
	if err = s.listPattern(&o); err != nil {
		return err
	}
	if err = s.dec.CRLF(); err != nil {
		return err
	}
	boxes, err := s.account.Mailboxes(s.ctx)
	if err != nil {
		return fmt.Errorf("list mailboxes: %w", err)
	}
	s.writeSubscribed(boxes, &o)
	return s.ok(tag, "", "Done.")
}

// writeSubscribed writes the subscribed names, and for a pattern with "%" the
// parents of subscribed names below them, as \Noselect (RFC 3501 §6.3.9).
func (s *session) writeSubscribed(boxes []Mailbox, o *listOptions) {
	percent := strings.HasSuffix(o.patterns[0], "%")
	told := make(map[string]bool)
	for i := range boxes {
		if m := &boxes[i]; m.Subscribed && o.matches(m.Name) {
			told[m.Name] = true
			s.writeLsub(m.Name, m.NoSelect || m.NonExistent)
		}
	}
	for i := range boxes {
		if !percent || !boxes[i].Subscribed {
			continue
		}
		for name := parent(boxes[i].Name); name != ""; name = parent(name) {
			if !told[name] && o.matches(name) {
				told[name] = true
				s.writeLsub(name, true)
			}
		}
	}
}

func (s *session) writeLsub(name string, noSelect bool) {
	attribute := ""
	if noSelect {
		attribute = `\Noselect`
	}
	s.enc.Raw("* LSUB (").Raw(attribute).Raw(`) "/" `).MailboxName(name).CRLF()
}
