package imap

import "slices"

// statusItem is one row of what STATUS can tell.
type statusItem struct {
	name       string
	capability string // that must be visible; empty: always
	value      func(s *session, m *Mailbox) (int64, error)
	text       func(m *Mailbox) string // instead of value
}

// statusItems is the table of them (RFC 3501 §6.3.10).
var statusItems = []statusItem{
	{name: "MESSAGES", value: counter(func(m *Mailbox) int64 { return m.Total })},
	{name: "RECENT", value: func(s *session, m *Mailbox) (int64, error) { return s.account.Recent(s.ctx, m.Name) }},
	{name: "UIDNEXT", value: counter(func(m *Mailbox) int64 { return int64(m.UIDNext) })},
	{name: "UIDVALIDITY", value: counter(func(m *Mailbox) int64 { return int64(m.UIDValidity) })},
	{name: "UNSEEN", value: counter(func(m *Mailbox) int64 { return m.Unseen })},
	{name: "DELETED", value: counter(func(m *Mailbox) int64 { return m.Deleted })},                                 // RFC 9051 §6.3.11
	{name: "SIZE", capability: "STATUS=SIZE", value: counter(func(m *Mailbox) int64 { return m.Size })},            // RFC 8438
	{name: "DELETED-STORAGE", capability: "QUOTA=RES-STORAGE", value: deletedStorage},                              // RFC 9208 §4.1.4
	{name: "HIGHESTMODSEQ", capability: "CONDSTORE", value: highestModSeq},                                         // RFC 7162 §3.1.2
	{name: "MAILBOXID", capability: "OBJECTID", text: func(m *Mailbox) string { return "(" + m.objectID() + ")" }}, // RFC 8474 §4.3
	{name: "APPENDLIMIT", capability: "APPENDLIMIT", value: func(s *session, _ *Mailbox) (int64, error) { // RFC 7889 §4
		return s.account.AppendLimit(), nil
	}},
}

// counter makes a row's value of a field.
func counter(field func(*Mailbox) int64) func(*session, *Mailbox) (int64, error) {
	return func(_ *session, m *Mailbox) (int64, error) { return field(m), nil }
}

// highestModSeq is HIGHESTMODSEQ; to ask for it switches CONDSTORE on (RFC 7162 §3.1).
func highestModSeq(s *session, m *Mailbox) (int64, error) {
	s.enableCondStore()
	return m.ModSeq, nil
}

// statusCommand is STATUS (RFC 3501 §6.3.10).
func (s *session) statusCommand(tag string) error {
	if err := s.dec.SP(); err != nil {
		return err
	}
	name, err := s.dec.Mailbox()
	if err != nil {
		return err
	}
	if err := s.dec.SP(); err != nil {
		return err
	}
	items, err := s.statusItemList()
	if err != nil {
		return err
	}
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	m, err := s.account.Mailbox(s.ctx, name)
	if err != nil {
		return err
	}
	if m.NoSelect || m.NonExistent {
		return refuse("NONEXISTENT", "That name holds no mail.")
	}
	if err := s.writeStatus(&m, items); err != nil {
		return err
	}
	return s.ok(tag, "", "Done.")
}

// statusItemList reads the items in parentheses.
func (s *session) statusItemList() (items []*statusItem, err error) {
	err = s.dec.List(func() error {
		name, err := s.dec.Keyword()
		if err != nil {
			return err
		}
		it := s.statusItem(name)
		if it == nil {
			return syntaxf("STATUS does not know %s.", name)
		}
		if !slices.Contains(items, it) {
			items = append(items, it)
		}
		return nil
	})
	if err == nil && len(items) == 0 {
		err = syntaxf("STATUS needs something to tell.")
	}
	return items, err
}

func (s *session) statusItem(name string) *statusItem {
	if name == "RECENT" && s.enabled.Rev2 { // RFC 9051 Appendix E
		return nil
	}
	for i := range statusItems {
		if it := &statusItems[i]; it.name == name && (it.capability == "" || s.has(it.capability)) {
			return it
		}
	}
	return nil
}

// writeStatus writes one STATUS line (RFC 3501 §7.2.4).
func (s *session) writeStatus(m *Mailbox, items []*statusItem) error {
	values := make([]int64, len(items)) // all of them before the line begins
	for i, it := range items {
		if it.text != nil {
			continue
		}
		v, err := it.value(s, m)
		if err != nil {
			return err
		}
		values[i] = v
	}
	s.enc.Raw("* STATUS ").MailboxName(m.Name).Raw(" (")
	for i, it := range items {
		if i > 0 {
			s.enc.Byte(' ')
		}
		s.enc.Raw(it.name).Byte(' ')
		if it.text != nil {
			s.enc.Raw(it.text(m))
			continue
		}
		s.enc.Number64(values[i])
	}
	s.enc.Raw(")\r\n")
	return nil
}
