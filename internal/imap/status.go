package imap

// statusItem is one row of what STATUS can tell.
type statusItem struct {
	name       string
	capability string // that must be visible; empty: always
	value      func(s *session, m *Mailbox) int64
}

// statusItems is the table of them (RFC 3501 §6.3.10).
var statusItems = []statusItem{
	{name: "MESSAGES", value: func(_ *session, m *Mailbox) int64 { return m.Total }},
	{name: "RECENT", value: func(_ *session, m *Mailbox) int64 { return m.Recent }},
	{name: "UIDNEXT", value: func(_ *session, m *Mailbox) int64 { return int64(m.UIDNext) }},
	{name: "UIDVALIDITY", value: func(_ *session, m *Mailbox) int64 { return int64(m.UIDValidity) }},
	{name: "UNSEEN", value: func(_ *session, m *Mailbox) int64 { return m.Unseen }},
	{name: "DELETED", value: func(_ *session, m *Mailbox) int64 { return m.Deleted }},                                              // RFC 9051 §6.3.11
	{name: "SIZE", capability: "STATUS=SIZE", value: func(_ *session, m *Mailbox) int64 { return m.Size }},                         // RFC 8438
	{name: "APPENDLIMIT", capability: "APPENDLIMIT", value: func(s *session, _ *Mailbox) int64 { return s.account.AppendLimit() }}, // RFC 7889 §4
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
	s.writeStatus(&m, items)
	return s.ok(tag, "", "Done.")
}

// statusItemList reads the items in parentheses.
func (s *session) statusItemList() (items []*statusItem, err error) {
	err = s.dec.List(func() error {
		name, err := s.dec.Keyword()
		if err != nil {
			return err
		}
		for i := range statusItems {
			if it := &statusItems[i]; it.name == name && (it.capability == "" || s.has(it.capability)) {
				items = append(items, it)
				return nil
			}
		}
		return syntaxf("STATUS does not know %s.", name)
	})
	if err == nil && len(items) == 0 {
		err = syntaxf("STATUS needs something to tell.")
	}
	return items, err
}

// writeStatus writes one STATUS line (RFC 3501 §7.2.4).
func (s *session) writeStatus(m *Mailbox, items []*statusItem) {
	s.enc.Raw("* STATUS ").MailboxName(m.Name).Raw(" (")
	for i, it := range items {
		if i > 0 {
			s.enc.Byte(' ')
		}
		s.enc.Raw(it.name).Byte(' ').Number64(it.value(s, m))
	}
	s.enc.Raw(")\r\n")
}
