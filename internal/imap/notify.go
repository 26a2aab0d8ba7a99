package imap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
)

// notifyEvents are events of RFC 5465 §5, as bits.
type notifyEvents uint8

const (
	eventNew notifyEvents = 1 << iota
	eventExpunge
	eventFlags
	eventName
	eventSubscription
	eventMailboxNotes
	eventServerNotes

	messageEvents = eventNew | eventExpunge | eventFlags
)

// notifyEventNames are the events that we know, in the order in which BADEVENT lists them.
var notifyEventNames = []struct {
	name  string
	event notifyEvents

	capability string // that must be visible; empty: always
}{
	{name: "MessageNew", event: eventNew},
	{name: "MessageExpunge", event: eventExpunge},
	{name: "FlagChange", event: eventFlags},
	{name: "MailboxName", event: eventName},
	{name: "SubscriptionChange", event: eventSubscription},
	{name: "MailboxMetadataChange", event: eventMailboxNotes, capability: "METADATA"},
	{name: "ServerMetadataChange", event: eventServerNotes, capability: "METADATA"},
}

// notification is what a client wants to be told unasked (RFC 5465). A session
// without one tells what happens in the selected mailbox, at the end of commands and in IDLE.
type notification struct {
	notifyRequest
	seen      []Mailbox        // the mailboxes as the client knows them; shared by who knows the same
	mine      []string         // names that this client changed itself since
	own       map[string]int64 // by name, how often this client changed the messages of a mailbox itself since
	notes     notes            // the annotations as the client knows them
	mineNotes []string         // mailboxes whose annotations this client changed itself since
	rung      atomic.Bool      // there may be news of mailboxes that are not selected
	stop      func()           // ends the watch
}

// notifyRequest is the arguments of NOTIFY.
type notifyRequest struct {
	status   bool          // STATUS was asked for at once
	chosen   bool          // SELECTED or SELECTED-DELAYED was there
	selected notifyEvents  // in the selected mailbox
	delayed  bool          // SELECTED-DELAYED: no expunges between commands
	fetch    *fetchRequest // of new messages in the selected mailbox
	groups   []notifyGroup
}

// notifyGroup is an event group for mailboxes that are not selected.
type notifyGroup struct {
	filter mailboxFilter
	names  []string
	events notifyEvents
}

// mailboxFilter is how a group names mailboxes (RFC 5465 §6).
type mailboxFilter int

const (
	filterPersonal mailboxFilter = iota // INBOXES too: mail may be delivered into any mailbox (RFC 5465 §6.3)
	filterSubscribed
	filterSubtree
	filterNames
)

// matches tells whether the group is about m.
func (g *notifyGroup) matches(m *Mailbox) bool {
	switch g.filter {
	case filterSubscribed:
		return m.Subscribed
	case filterSubtree:
		return slices.ContainsFunc(g.names, func(n string) bool { return m.Name == n || strings.HasPrefix(m.Name, n+"/") })
	case filterNames:
		return slices.Contains(g.names, m.Name)
	}
	return true
}

// wants tells which events of m the client asked for; several groups may be about it (RFC 5465 §6).
func (n *notification) wants(m *Mailbox) (events notifyEvents) {
	for i := range n.groups {
		if n.groups[i].matches(m) {
			events |= n.groups[i].events
		}
	}
	return events
}

// notifyCommand is NOTIFY (RFC 5465 §3.1).
func (s *session) notifyCommand(tag string) error {
	req, on, err := s.notifyArguments()
	if err != nil {
		return err
	}
	n := &notification{notifyRequest: req}
	if on {
		s.watchAccount(n)
	}
	if err := s.beginNotify(n); err != nil {
		n.end()
		return err
	}
	s.endNotify()
	s.notify = nil
	if err := s.update(); err != nil { // RFC 5465 §3.1: an implicit NOOP, still by the old rules
		n.end()
		return err
	}
	s.notify = n
	s.status(tag, "OK", "", "Done.")
	return s.enc.Err()
}

// watchAccount lets n hear of everything in the account until its end.
func (s *session) watchAccount(n *notification) {
	account := s.account.Name()
	s.server.lists.join(account)
	stop := s.account.Watch(func() {
		n.rung.Store(true)
		s.wire.ring()
	})
	n.stop = func() {
		stop()
		s.server.lists.leave(account)
	}
}

// beginNotify reads what there is, and tells of it if the client wants that.
func (s *session) beginNotify(n *notification) error {
	if len(n.groups) == 0 {
		return nil
	}
	list, err := s.notifyList()
	if errors.Is(err, errManyMailboxes) {
		return refuse("NOTIFICATIONOVERFLOW", "There are too many mailboxes for that.")
	}
	if err != nil {
		return err
	}
	n.seen = list
	if n.notes, err = s.readNotes(n, list); err != nil {
		return err
	}
	if !n.status {
		return nil
	}
	for i := range list {
		m := &list[i]
		if events := n.wants(m); events&messageEvents != 0 && m.holdsMail() && m.ID != s.boxID {
			// RFC 5465 §3.1: HIGHESTMODSEQ also when CONDSTORE is not enabled
			s.writeNotifyStatus(m, events&eventFlags != 0 && s.has("CONDSTORE"))
		}
	}
	return s.enc.Err()
}

func (m *Mailbox) holdsMail() bool { return !m.NoSelect && !m.NonExistent }

// end ends the watch.
func (n *notification) end() {
	if n.stop != nil {
		n.stop()
		n.stop = nil
	}
}

// endNotify ends the session's watch.
func (s *session) endNotify() {
	if s.notify != nil {
		s.notify.end()
	}
}

// overflow gives the notifications up (RFC 5465 §5.8).
func (s *session) overflow() {
	s.endNotify()
	s.notify = &notification{}
	s.borrowed()
	s.enc.Raw("* OK [NOTIFICATIONOVERFLOW] Nothing more will be told unasked.\r\n")
}

// maxNotified is how many mailboxes are watched: about 200 octets each, shared
// by the connections of an account that know the same.
const maxNotified = 5000

var errManyMailboxes = errors.New("too many mailboxes to watch")

// notifyList reads the mailboxes.
func (s *session) notifyList() ([]Mailbox, error) {
	list, err := s.account.Mailboxes(s.ctx)
	if err != nil {
		return nil, fmt.Errorf("list mailboxes: %w", err)
	}
	if len(list) > maxNotified {
		return nil, errManyMailboxes
	}
	return s.server.lists.share(s.account.Name(), list), nil
}
