package imap

import (
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
)

// noteKey is an annotation's place: a mailbox, by its ID, or "" for the server.
type noteKey struct{ mailbox, entry string }

// notes are the annotations that a client watches, each by a sum of its value.
type notes map[noteKey]uint64

// noteSeed makes the sums; they are compared within the process alone.
var noteSeed = maphash.MakeSeed()

// readNotes reads what the client watches of list (RFC 5465 §5.6, §5.7). There
// are few annotations, and the store caps them.
func (s *session) readNotes(n *notification, list []Mailbox) (notes, error) {
	found := make(notes)
	for i := range list {
		m := &list[i]
		if m.NonExistent || n.wants(m)&eventMailboxNotes == 0 {
			continue
		}
		if err := s.readNotesOf(found, m.ID, m.Name); err != nil && !errors.Is(err, ErrNoMailbox) { // gone meanwhile
			return nil, err
		}
	}
	if n.wantsServer() {
		return found, s.readNotesOf(found, "", "")
	}
	return found, nil
}

// wantsServer tells whether any group names the server's own event.
func (n *notification) wantsServer() bool {
	return slices.ContainsFunc(n.groups, func(g notifyGroup) bool { return g.events&eventServerNotes != 0 })
}

func (s *session) readNotesOf(found notes, id, name string) error {
	list, err := s.account.Annotations(s.ctx, name)
	if err != nil {
		return fmt.Errorf("list annotations: %w", err)
	}
	for _, a := range list {
		value, err := s.account.Annotation(s.ctx, name, a.Entry)
		if err != nil {
			return fmt.Errorf("read annotation: %w", err)
		}
		found[noteKey{id, a.Entry}] = maphash.Bytes(noteSeed, value)
	}
	return nil
}

// tellNotes writes METADATA with the names of the entries that changed. Of
// mailboxes that are gone nothing is told, nor what this client did itself.
func (s *session) tellNotes(list []Mailbox) error {
	n := s.notify
	is, err := s.readNotes(n, list)
	if err != nil {
		return err
	}
	was := n.notes
	n.notes = is
	changed := make(map[string][]string) // by mailbox
	for k, sum := range is {
		if old, ok := was[k]; !ok || old != sum {
			changed[k.mailbox] = append(changed[k.mailbox], k.entry)
		}
	}
	for k := range was {
		if _, ok := is[k]; !ok {
			changed[k.mailbox] = append(changed[k.mailbox], k.entry)
		}
	}
	names := map[string]string{"": ""}
	for i := range list {
		names[list[i].ID] = list[i].Name
	}
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		name, ok := names[id]
		if ok && !slices.Contains(n.mineNotes, name) {
			s.writeChangedNotes(name, changed[id])
		}
	}
	n.mineNotes = nil
	return nil
}

// writeChangedNotes writes RFC 5464 §4.4.2's response.
func (s *session) writeChangedNotes(mailbox string, entries []string) {
	s.borrowed()
	slices.Sort(entries)
	s.enc.Raw("* METADATA ")
	if mailbox == "" {
		s.enc.Raw(`""`)
	} else {
		s.enc.MailboxName(mailbox)
	}
	for _, e := range entries {
		s.enc.Byte(' ').AString(e)
	}
	s.enc.CRLF()
}

// ownNotes notes that this client is about to change annotations.
func (s *session) ownNotes(mailbox string) {
	if s.notify != nil {
		s.notify.mineNotes = append(s.notify.mineNotes, mailbox)
	}
}
