package imap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// list is LIST (RFC 3501 §6.3.8, extended by RFC 5258).
func (s *session) list(tag string) error {
	o, err := s.listArguments()
	if err != nil {
		return err
	}
	if o.isRoot() {
		// RFC 3501 §6.3.8: the hierarchy separator and the root. iOS needs an answer here.
		s.enc.Raw(`* LIST (\Noselect) "/" ""`).CRLF()
		return s.ok(tag, "", "Done.")
	}
	tree, err := s.listTree(&o)
	if err != nil {
		return err
	}
	for i := range tree {
		if n := &tree[i]; n.listed(&o) {
			if err := s.writeList(n, &o); err != nil {
				return err
			}
		}
	}
	return s.ok(tag, "", "Done.")
}

// listNode is a name with what LIST tells of its place in the tree.
type listNode struct {
	Mailbox
	hasChildren bool
	childInfo   bool // a child below it is selected while it may not be itself (RFC 5258 §3.5)
}

// listTree reads the names, and adds the parents that exist only through
// subscribed children: RECURSIVEMATCH names them (RFC 5258 §5 example 9).
func (s *session) listTree(o *listOptions) ([]listNode, error) {
	boxes, err := s.account.Mailboxes(s.ctx)
	if err != nil {
		return nil, fmt.Errorf("list mailboxes: %w", err)
	}
	tree := make([]listNode, len(boxes))
	at := make(map[string]int, len(boxes))
	for i, b := range boxes {
		tree[i].Mailbox = b
		at[b.Name] = i
	}
	for i := range boxes {
		child := tree[i].Mailbox
		for name := parent(child.Name); name != ""; name = parent(name) {
			k, ok := at[name]
			if !ok {
				if !o.recursive {
					continue
				}
				k = len(tree)
				at[name] = k
				tree = append(tree, listNode{Mailbox: Mailbox{Name: name, NonExistent: true}})
			}
			tree[k].hasChildren = tree[k].hasChildren || !child.NonExistent
			tree[k].childInfo = tree[k].childInfo || o.selects(&child)
		}
	}
	if len(tree) > len(boxes) {
		slices.SortStableFunc(tree, func(a, b listNode) int { return strings.Compare(a.Name, b.Name) })
	}
	return tree, nil
}

// parent is the name above, or "".
func parent(name string) string {
	i := strings.LastIndexByte(name, '/')
	return name[:max(i, 0)]
}

// selects tells whether a mailbox fulfils the selection options.
func (o *listOptions) selects(m *Mailbox) bool {
	if o.selectSubscribed && !m.Subscribed || o.selectSpecialUse && m.SpecialUse == "" {
		return false
	}
	return !m.NonExistent || o.selectSubscribed
}

// listed tells whether LIST names n.
func (n *listNode) listed(o *listOptions) bool {
	return (o.selects(&n.Mailbox) || o.recursive && n.childInfo) && o.matches(n.Name)
}

// writeList writes one LIST line, and the STATUS of RFC 5819 after it.
func (s *session) writeList(n *listNode, o *listOptions) error {
	s.enc.Raw("* LIST (").Raw(strings.Join(s.listAttributes(n, o), " ")).Raw(`) "/" `).MailboxName(n.Name)
	if o.recursive && n.childInfo && o.selectSubscribed {
		s.enc.Raw(` ("CHILDINFO" ("SUBSCRIBED"))`)
	}
	s.enc.CRLF()
	if len(o.status) > 0 && !n.NoSelect && !n.NonExistent {
		if err := s.writeStatus(&n.Mailbox, o.status); err != nil && !errors.Is(err, ErrNoMailbox) { // gone meanwhile
			return err
		}
	}
	if o.metadata != nil && !n.NonExistent {
		if err := s.writeMetadata(n.Name, o.metadata); err != nil && !errors.Is(err, ErrNoMailbox) {
			return err
		}
	}
	return s.enc.Err()
}

// listAttributes are the name attributes (RFC 3501 §7.2.2, RFC 3348, 5258, 6154).
func (s *session) listAttributes(n *listNode, o *listOptions) []string {
	var a []string
	switch {
	case n.NonExistent && o.extended:
		a = append(a, `\NonExistent`)
	case n.NoSelect || n.NonExistent:
		a = append(a, `\Noselect`)
	}
	if s.has("CHILDREN") {
		if n.hasChildren {
			a = append(a, `\HasChildren`)
		} else {
			a = append(a, `\HasNoChildren`)
		}
	}
	if o.returnSubscribed && n.Subscribed {
		a = append(a, `\Subscribed`)
	}
	if n.SpecialUse != "" && s.has("SPECIAL-USE") {
		a = append(a, n.SpecialUse)
	}
	return a
}
