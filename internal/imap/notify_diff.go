package imap

import (
	"slices"
	"strings"
	"sync"
)

// mailboxChange is one name that is not what it was.
type mailboxChange struct {
	was, is *Mailbox // nil where there is none
	events  notifyEvents
}

// mailbox is the one that a filter looks at.
func (c *mailboxChange) mailbox() *Mailbox {
	if c.is != nil {
		return c.is
	}
	return c.was
}

// renamed tells whether it is the same mailbox under another name.
func (c *mailboxChange) renamed() bool { return c.was != nil && c.is != nil && c.was.Name != c.is.Name }

// key tells mailboxes apart, whatever their names; a name that is only subscribed has nothing else.
func (m *Mailbox) key() string {
	if m.NonExistent {
		return "\x00" + m.Name
	}
	return m.ID
}

// compareMailboxes lists what happened between two readings.
func compareMailboxes(was, is []Mailbox) (changes []mailboxChange) {
	before := make(map[string]*Mailbox, len(was))
	for i := range was {
		before[was[i].key()] = &was[i]
	}
	for i := range is {
		m := &is[i]
		old := before[m.key()]
		delete(before, m.key())
		if events := eventsBetween(old, m); events != 0 {
			changes = append(changes, mailboxChange{old, m, events})
		}
	}
	for i := range was {
		if m := &was[i]; before[m.key()] == m {
			changes = append(changes, mailboxChange{m, nil, eventsBetween(m, nil)})
		}
	}
	return joinNames(changes)
}

// eventsBetween tells what happened to a mailbox. Several messages may have
// come, gone and changed; a STATUS tells of all of it.
func eventsBetween(was, is *Mailbox) (events notifyEvents) {
	switch {
	case was == nil || is == nil:
		m := was
		if m == nil {
			m = is
		}
		if !m.NonExistent {
			events = eventName
		}
		if m.Subscribed {
			events |= eventSubscription
		}
		return events
	case was.Name != is.Name || was.NoSelect != is.NoSelect:
		events = eventName
	}
	if was.Subscribed != is.Subscribed {
		events |= eventSubscription
	}
	came := int64(is.UIDNext) - int64(was.UIDNext)
	if came > 0 {
		events |= eventNew
	}
	if is.Total < was.Total+came {
		events |= eventExpunge
	}
	if is.ModSeq != was.ModSeq && events&(eventNew|eventExpunge) == 0 || is.Unseen != was.Unseen || is.UIDValidity != was.UIDValidity {
		events |= eventFlags
	}
	return events
}

// joinNames makes one change of a name that stops to be a mailbox and stays
// subscribed, or the other way round, and leaves out the children of what was
// renamed (RFC 5465 §5.4).
func joinNames(changes []mailboxChange) []mailboxChange {
	gone := make(map[string]int)
	for i := range changes {
		if changes[i].is == nil {
			gone[changes[i].was.Name] = i
		}
	}
	for i := range changes {
		c := &changes[i]
		k, ok := gone[c.mailbox().Name]
		if c.was != nil || !ok {
			continue
		}
		c.was = changes[k].was
		c.events = eventName
		if c.was.Subscribed != c.is.Subscribed {
			c.events |= eventSubscription
		}
		changes[k].events = 0
	}
	for i := range changes {
		if childOfRenamed(changes, &changes[i]) {
			changes[i].events &^= eventName
		}
	}
	return slices.DeleteFunc(changes, func(c mailboxChange) bool { return c.events == 0 })
}

func childOfRenamed(changes []mailboxChange, c *mailboxChange) bool {
	return c.renamed() && slices.ContainsFunc(changes, func(p mailboxChange) bool {
		if !p.renamed() {
			return false
		}
		was, ok := strings.CutPrefix(c.was.Name, p.was.Name+"/")
		return ok && c.is.Name == p.is.Name+"/"+was
	})
}

// lists lets all sessions of an account that watch its mailboxes hold the same
// list of them. The zero value is ready.
type lists struct {
	mu   sync.Mutex
	kept map[string]*sharedList // by account; it goes with the last who watches
}

type sharedList struct {
	users int
	list  []Mailbox // as it was read last
}

// join counts a session in.
func (l *lists) join(account string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept == nil {
		l.kept = make(map[string]*sharedList)
	}
	if l.kept[account] == nil {
		l.kept[account] = &sharedList{}
	}
	l.kept[account].users++
}

func (l *lists) leave(account string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept[account].users--; l.kept[account].users == 0 {
		delete(l.kept, account)
	}
}

// share returns the list to hold instead of list, which was just read.
func (l *lists) share(account string, list []Mailbox) []Mailbox {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.kept[account]
	if k == nil {
		return list
	}
	if !slices.Equal(k.list, list) {
		k.list = list
	}
	return k.list
}
