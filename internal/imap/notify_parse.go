package imap

import "strings"

const (
	maxGroups     = 50  // event groups of one NOTIFY
	maxGroupNames = 500 // mailbox names of one NOTIFY
)

// notifyArguments reads NONE, or SET with its groups (RFC 5465 §8). on tells which.
func (s *session) notifyArguments() (req notifyRequest, on bool, err error) {
	if err = s.dec.SP(); err != nil {
		return req, false, err
	}
	word, err := s.dec.Keyword()
	switch {
	case err != nil:
		return req, false, err
	case word == "NONE":
		return req, false, s.dec.CRLF()
	case word != "SET":
		return req, false, syntaxf("NOTIFY knows SET and NONE, not %s.", word)
	}
	if err = s.dec.SP(); err != nil {
		return req, false, err
	}
	if c, err := s.dec.Peek(); err == nil && c != '(' {
		if err = s.notifyStatusWord(&req); err != nil {
			return req, false, err
		}
	}
	names := 0
	for {
		if err = s.notifyGroup(&req, &names); err != nil {
			return req, false, err
		}
		if s.dec.AtEnd() {
			return req, true, s.dec.CRLF()
		}
		if err = s.dec.SP(); err != nil {
			return req, false, err
		}
	}
}

func (s *session) notifyStatusWord(req *notifyRequest) error {
	word, err := s.dec.Keyword()
	if err != nil {
		return err
	}
	if word != "STATUS" {
		return syntaxf("Expected STATUS or an event group, found %s.", word)
	}
	req.status = true
	return s.dec.SP()
}

// notifyGroup reads one event group.
func (s *session) notifyGroup(req *notifyRequest, names *int) error {
	if err := s.dec.Expect('('); err != nil {
		return err
	}
	word, err := s.dec.Keyword()
	if err != nil {
		return err
	}
	g := notifyGroup{}
	isSelected := false
	switch word {
	case "SELECTED", "SELECTED-DELAYED":
		if req.chosen { // RFC 5465 §6.1
			return syntaxf("NOTIFY may name the selected mailbox once.")
		}
		isSelected, req.chosen, req.delayed = true, true, word == "SELECTED-DELAYED"
	case "PERSONAL", "INBOXES":
	case "SUBSCRIBED":
		g.filter = filterSubscribed
	case "SUBTREE":
		g.filter = filterSubtree
	case "MAILBOXES":
		g.filter = filterNames
	default:
		return syntaxf("NOTIFY does not know %s.", word)
	}
	if g.filter == filterSubtree || g.filter == filterNames {
		if g.names, err = s.notifyNames(names); err != nil {
			return err
		}
	}
	if err := s.dec.SP(); err != nil {
		return err
	}
	events, fetch, err := s.notifyEvents()
	if err != nil {
		return err
	}
	if err := s.dec.Expect(')'); err != nil {
		return err
	}
	if isSelected {
		return req.setSelected(events, fetch)
	}
	return req.addGroup(g, events, fetch)
}

func (r *notifyRequest) setSelected(events notifyEvents, fetch *fetchRequest) error {
	if events&^messageEvents != 0 { // RFC 5465 §6.1
		return syntaxf("The selected mailbox has events of messages alone.")
	}
	r.selected, r.fetch = events, fetch
	return checkEvents(events)
}

func (r *notifyRequest) addGroup(g notifyGroup, events notifyEvents, fetch *fetchRequest) error {
	if fetch != nil { // RFC 5465 §8
		return syntaxf("Data items are told of the selected mailbox alone.")
	}
	if len(r.groups) == maxGroups {
		return refuse("NOTIFICATIONOVERFLOW", "These are too many event groups.")
	}
	g.events = events
	r.groups = append(r.groups, g)
	return checkEvents(events)
}

// checkEvents is RFC 5465 §5: new and expunged messages go together, and flags not without them.
func checkEvents(e notifyEvents) error {
	const both = eventNew | eventExpunge
	if e&messageEvents != 0 && e&both != both {
		return syntaxf("MessageNew and MessageExpunge go together, and FlagChange with them.")
	}
	return nil
}

// notifyNames reads one mailbox or several in parentheses.
func (s *session) notifyNames(count *int) (names []string, err error) {
	if err := s.dec.SP(); err != nil {
		return nil, err
	}
	one := func() error {
		name, err := s.dec.Mailbox()
		if err != nil {
			return err
		}
		if *count++; *count > maxGroupNames {
			return refuse("NOTIFICATIONOVERFLOW", "These are too many mailboxes.")
		}
		names = append(names, name)
		return nil
	}
	if c, err := s.dec.Peek(); err == nil && c == '(' {
		err = s.dec.List(one)
		if err == nil && len(names) == 0 {
			err = syntaxf("The list of mailboxes is empty.")
		}
		return names, err
	}
	return names, one()
}

// notifyEvents reads NONE or events in parentheses, MessageNew with what to tell of each message.
func (s *session) notifyEvents() (events notifyEvents, fetch *fetchRequest, err error) {
	if c, err := s.dec.Peek(); err == nil && c != '(' {
		word, err := s.dec.Keyword()
		if err == nil && word != "NONE" {
			err = syntaxf("Expected NONE or a list of events, found %s.", word)
		}
		return 0, nil, err
	}
	if err = s.dec.Expect('('); err != nil {
		return 0, nil, err
	}
	for {
		event, err := s.notifyEvent()
		if err != nil {
			return 0, nil, err
		}
		events |= event
		if s.dec.Take(')') {
			return events, fetch, nil
		}
		if err := s.dec.SP(); err != nil {
			return 0, nil, err
		}
		if c, err := s.dec.Peek(); err != nil || c != '(' {
			continue
		}
		if event != eventNew {
			return 0, nil, syntaxf("Data items go with MessageNew.")
		}
		if fetch, err = s.notifyFetch(); err != nil {
			return 0, nil, err
		}
		if s.dec.Take(')') {
			return events, fetch, nil
		}
		if err := s.dec.SP(); err != nil {
			return 0, nil, err
		}
	}
}

func (s *session) notifyEvent() (notifyEvents, error) {
	word, err := s.dec.Keyword()
	if err != nil {
		return 0, err
	}
	var all []string
	for _, e := range notifyEventNames {
		if e.capability != "" && !s.has(e.capability) {
			continue
		}
		if strings.EqualFold(word, e.name) {
			return e.event, nil
		}
		all = append(all, e.name)
	}
	// RFC 5465 §3.1: NO, not BAD, with the names of all that there are
	return 0, refuse("BADEVENT ("+strings.Join(all, " ")+")", "There is no event "+word+" here.")
}

// notifyFetch reads the data items of MessageNew.
func (s *session) notifyFetch() (*fetchRequest, error) {
	req, err := parseFetchRequest(s.dec, false)
	if err == nil {
		err = s.checkFetchItems(&req)
	}
	if err != nil {
		return nil, err
	}
	if req.modSeq {
		s.enableCondStore()
	}
	return &req, nil
}
