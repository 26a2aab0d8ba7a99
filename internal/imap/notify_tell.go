package imap

import (
	"errors"
	"slices"
	"strings"

	"buzon/internal/uidset"
)

// tellBetween tells news between commands (RFC 5465 §3.1). Who has not asked
// for that is told nothing. That the bell rang is reason enough to look: rung is
// for the other mailboxes, and what rings between the two looks below clears it.
func (s *session) tellBetween() error {
	if s.notify == nil {
		return nil
	}
	s.command, s.between = nil, true
	defer func() { s.between = false }()
	if s.notify.selected != 0 {
		if err := s.tellNews(); err != nil {
			return err
		}
	}
	if err := s.tellOthers(); err != nil {
		return err
	}
	if s.enc == nil {
		return nil
	}
	return s.release()
}

// muted tells whether the client is not to hear of the selected mailbox: RFC
// 5465 §3.1 has it so when NOTIFY does not name it. What the client removes
// itself it is told, since its numbers depend on that.
func (s *session) muted() bool {
	return s.notify != nil && s.notify.selected == 0 && (s.command == nil || !s.command.removes)
}

// holdsExpunges tells whether no EXPUNGE may be told now: during a command
// that names messages by number (RFC 3501 §7.4.1), and with SELECTED-DELAYED
// between commands (RFC 5465 §6.1.2).
func (s *session) holdsExpunges() bool {
	if s.between {
		return s.notify.delayed
	}
	return s.command != nil && s.command.bySequence
}

// tellsFlags tells whether the client wants to hear of flags in the selected mailbox.
func (s *session) tellsFlags() bool {
	return s.notify == nil || s.notify.selected&eventFlags != 0
}

// tellFresh writes what the client wants to know of new messages (RFC 5465 §5.2).
func (s *session) tellFresh(fresh uidset.Set) error {
	if s.notify == nil || s.notify.fetch == nil || fresh.Len() == 0 {
		return nil
	}
	f := newFetcher(s, *s.notify.fetch)
	defer f.release()
	return f.run(fresh)
}

// tellOthers tells what happened to mailboxes that are not selected, if anything rang since it last looked.
func (s *session) tellOthers() error {
	n := s.notify
	if n == nil || !n.rung.Swap(false) || len(n.groups) == 0 {
		return nil
	}
	list, err := s.notifyList()
	if err != nil {
		if !errors.Is(err, errManyMailboxes) {
			s.log.Error("imap notification failed", "err", err)
		}
		s.overflow() // so that the client knows that it does not know
		return nil
	}
	was, mine, own := n.seen, n.mine, n.own
	n.seen, n.mine, n.own = list, nil, nil
	changes := compareMailboxes(was, list)
	told := make(map[string]bool)
	for i := range changes {
		if err := s.tellName(list, &changes[i], mine, told); err != nil {
			return err
		}
	}
	for i := range changes {
		s.tellCounters(&changes[i], own)
	}
	if err := s.tellNotes(list); err != nil {
		s.log.Error("imap notification failed", "err", err) // the next bell tells of it
	}
	if s.enc == nil {
		return nil
	}
	return s.enc.Err()
}

// tellName writes LIST for a name that changed, and for its parent, whose
// attributes may have (RFC 5465 §5.4, §5.5). told are names that had theirs.
func (s *session) tellName(list []Mailbox, c *mailboxChange, mine []string, told map[string]bool) error {
	const names = eventName | eventSubscription
	m := c.mailbox()
	wanted := s.notify.wants(m)
	if c.was != nil {
		wanted |= s.notify.wants(c.was)
	}
	if c.events&wanted&names == 0 || isMine(mine, m.Name) || c.was != nil && isMine(mine, c.was.Name) {
		return nil
	}
	old := ""
	if c.renamed() && wanted&eventName != 0 {
		old = c.was.Name
	}
	s.writeNotifyList(list, m.Name, old, told)
	if p := parent(m.Name); p != "" && c.events&wanted&eventName != 0 && !c.renamed() {
		if s.notify.wants(&Mailbox{Name: p})&eventName != 0 {
			s.writeNotifyList(list, p, "", told)
		}
	}
	return s.enc.Err()
}

func isMine(mine []string, name string) bool {
	return slices.ContainsFunc(mine, func(m string) bool { return name == m || strings.HasPrefix(name, m+"/") })
}

// ownName notes that this client is about to change a name and what is below it (RFC 5465 §5: it knows).
func (s *session) ownName(names ...string) {
	if s.notify != nil {
		s.notify.mine = append(s.notify.mine, names...)
	}
}

// writeNotifyList writes LIST as the name is now.
func (s *session) writeNotifyList(list []Mailbox, name, old string, told map[string]bool) {
	if told[name] {
		return
	}
	told[name] = true
	s.borrowed()
	n := listNode{Mailbox: Mailbox{Name: name, NonExistent: true}}
	for i := range list {
		if list[i].Name == name {
			n.Mailbox = list[i]
		}
		n.hasChildren = n.hasChildren || !list[i].NonExistent && strings.HasPrefix(list[i].Name, name+"/")
	}
	o := listOptions{extended: true, returnSubscribed: true}
	s.enc.Raw("* LIST (").Raw(strings.Join(s.listAttributes(&n, &o), " ")).Raw(`) "/" `).MailboxName(name)
	if old != "" {
		s.enc.Raw(` ("OLDNAME" (`).MailboxName(old).Raw("))")
	}
	s.enc.CRLF()
}

// ownChange notes that this client changed the messages of a mailbox, in one
// go: where nobody else did, it need not be told (RFC 5465 §5).
func (s *session) ownChange(name string) {
	if s.notify == nil || len(s.notify.groups) == 0 {
		return
	}
	if s.notify.own == nil {
		s.notify.own = make(map[string]int64)
	}
	s.notify.own[name]++
}

// tellCounters writes STATUS for what happened to messages (RFC 5465 §5.1 to
// §5.3), unless the client did all of it: each change raises the modseq by one.
func (s *session) tellCounters(c *mailboxChange, own map[string]int64) {
	if c.was == nil || c.is == nil || !c.is.holdsMail() || c.is.ID == s.boxID {
		return
	}
	if n := own[c.is.Name]; n > 0 && c.is.ModSeq-c.was.ModSeq == n && c.is.UIDValidity == c.was.UIDValidity {
		return
	}
	if c.events&s.notify.wants(c.is)&messageEvents != 0 {
		s.borrowed()
		s.writeNotifyStatus(c.is, s.enabled.CondStore)
	}
}

func (s *session) writeNotifyStatus(m *Mailbox, modSeq bool) {
	s.enc.Raw("* STATUS ").MailboxName(m.Name).Raw(" (MESSAGES ").Number64(m.Total).Raw(" UIDNEXT ").Number(m.UIDNext).
		Raw(" UIDVALIDITY ").Number(m.UIDValidity).Raw(" UNSEEN ").Number64(m.Unseen)
	if modSeq {
		s.enc.Raw(" HIGHESTMODSEQ ").Number64(m.ModSeq)
	}
	s.enc.Raw(")\r\n")
}
