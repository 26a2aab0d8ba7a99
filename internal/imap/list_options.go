package imap

import "strings"

// listOptions are the arguments of LIST (RFC 3501 §6.3.8, RFC 5258).
type listOptions struct {
	reference string
	patterns  []string
	wild      int  // octets of the patterns with wildcards
	extended  bool // the syntax of RFC 5258 was used

	selectSubscribed bool
	selectSpecialUse bool
	recursive        bool

	returnSubscribed bool
	status           []*statusItem    // RETURN (STATUS (...)), RFC 5819
	metadata         *metadataRequest // RETURN (METADATA (...)), RFC 9590
}

// listArguments reads LIST's arguments.
func (s *session) listArguments() (o listOptions, err error) {
	if err = s.dec.SP(); err != nil {
		return o, err
	}
	if err = s.listSelection(&o); err != nil {
		return o, err
	}
	if o.reference, err = s.dec.Mailbox(); err != nil {
		return o, err
	}
	if err = s.dec.SP(); err != nil {
		return o, err
	}
	if err = s.listPatterns(&o); err != nil {
		return o, err
	}
	if !s.dec.AtEnd() {
		if err = s.listReturn(&o); err != nil {
			return o, err
		}
	}
	return o, s.dec.CRLF()
}

// listSelection reads the selection options and their space, if there are any.
func (s *session) listSelection(o *listOptions) error {
	if c, err := s.dec.Peek(); err != nil || c != '(' {
		return err
	}
	if err := s.listExtended(o); err != nil {
		return err
	}
	err := s.dec.List(func() error {
		name, err := s.dec.Keyword()
		switch {
		case err != nil:
			return err
		case name == "SUBSCRIBED":
			o.selectSubscribed, o.returnSubscribed = true, true // RFC 5258 §3.1
		case name == "REMOTE": // there are none: nothing more to list
		case name == "RECURSIVEMATCH":
			o.recursive = true
		case name == "SPECIAL-USE" && s.has("SPECIAL-USE"):
			o.selectSpecialUse = true
		default:
			return syntaxf("LIST cannot select by %s.", name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// RFC 5258 §3.1: it needs something to match recursively by.
	if o.recursive && !o.selectSubscribed && !o.selectSpecialUse {
		return syntaxf("RECURSIVEMATCH needs another selection option.")
	}
	return s.dec.SP()
}

// listExtended notes that RFC 5258's syntax is used, if it may be.
func (s *session) listExtended(o *listOptions) error {
	if !s.has("LIST-EXTENDED") {
		return syntaxf("LIST takes a reference and a pattern.")
	}
	o.extended = true
	return nil
}

// listPatterns reads one pattern, or several in parentheses.
func (s *session) listPatterns(o *listOptions) error {
	if c, err := s.dec.Peek(); err != nil || c != '(' {
		return s.listPattern(o)
	}
	if err := s.listExtended(o); err != nil {
		return err
	}
	return s.dec.List(func() error { return s.listPattern(o) })
}

// maxPatterns is how many patterns one LIST may have: each is matched with each name.
const maxPatterns = 20

// maxWild is how long all patterns with wildcards of one LIST may be together:
// each octet of them is held against each of each name.
const maxWild = 1024 // octets

// listPattern reads one pattern and puts the reference before it (RFC 3501 §6.3.8).
func (s *session) listPattern(o *listOptions) error {
	raw, err := s.dec.ListMailbox()
	if err != nil {
		return err
	}
	p, err := s.dec.mailboxName(raw)
	if err != nil {
		p = raw // not a name anything could have: it matches nothing
	}
	if p != "" {
		p = canonicalInbox(o.reference + p)
	}
	if strings.ContainsAny(p, "*%") {
		o.wild += len(p)
	}
	if len(o.patterns) == maxPatterns || o.wild > maxWild {
		return refuse("LIMIT", "LIST takes no more patterns than that, and no longer ones.")
	}
	o.patterns = append(o.patterns, p)
	return nil
}

// listReturn reads RETURN (...).
func (s *session) listReturn(o *listOptions) error {
	if err := s.dec.SP(); err != nil {
		return err
	}
	word, err := s.dec.Keyword()
	if err != nil {
		return err
	}
	if word != "RETURN" {
		return syntaxf("Expected RETURN, found %s.", word)
	}
	if err := s.listExtended(o); err != nil {
		return err
	}
	if err := s.dec.SP(); err != nil {
		return err
	}
	return s.dec.List(func() error { return s.listReturnOption(o) })
}

func (s *session) listReturnOption(o *listOptions) error {
	name, err := s.dec.Keyword()
	switch {
	case err != nil:
		return err
	case name == "SUBSCRIBED":
		o.returnSubscribed = true
	case name == "CHILDREN" && s.has("CHILDREN"): // told in any case
	case name == "SPECIAL-USE" && s.has("SPECIAL-USE"): // told in any case (RFC 6154 §2 allows it)
	case name == "STATUS" && s.has("LIST-STATUS"):
		if err := s.dec.SP(); err != nil {
			return err
		}
		o.status, err = s.statusItemList()
		return err
	case name == "METADATA" && s.has("METADATA") && s.has("LIST-METADATA"):
		o.metadata = &metadataRequest{maxSize: -1}
		if err := s.dec.SP(); err != nil {
			return err
		}
		return s.listMetadata(o.metadata)
	default:
		return syntaxf("LIST cannot return %s.", name)
	}
	return nil
}

// isRoot tells the special request with an empty pattern.
func (o *listOptions) isRoot() bool {
	return len(o.patterns) == 1 && o.patterns[0] == "" && !o.selectSubscribed && !o.selectSpecialUse
}

// matches tells whether a name fits one of the patterns.
func (o *listOptions) matches(name string) bool {
	for _, p := range o.patterns {
		if matchList(p, name) {
			return true
		}
	}
	return false
}
