package imap

import "strconv"

// OBJECTID (RFC 8474). An id is its kind's letter and a number: ids of
// different kinds must differ (§5.2), and digits alone invite mistakes (§8.1).
const (
	mailboxIDLetter = 'F'
	emailIDLetter   = 'M'
	threadIDLetter  = 'T'
)

// maxObjectID is RFC 8474 §7's.
const maxObjectID = 255 // octets

func (f *fetcher) writeEmailID(*fetchItem) error {
	f.s.enc.Raw("EMAILID (").Byte(emailIDLetter).Number64(f.m.Body).Byte(')')
	return nil
}

func (f *fetcher) writeThreadID(*fetchItem) error {
	f.s.enc.Raw("THREADID (").Byte(threadIDLetter).Number64(f.m.Thread).Byte(')')
	return nil
}

// objectID is MAILBOXID.
func (m *Mailbox) objectID() string { return string(mailboxIDLetter) + m.ID }

// mailboxIDCode is the response code of CREATE and SELECT (RFC 8474 §4.1, §4.2),
// empty when the capability is hidden.
func (s *session) mailboxIDCode(m *Mailbox) string {
	if !s.has("OBJECTID") {
		return ""
	}
	return "MAILBOXID (" + m.objectID() + ")"
}

// objectIDKey matches one object (RFC 8474 §6).
func objectIDKey(letter byte, field func(m *Message) int64) parseSearchKey {
	return func(p *searchParser) (searchKey, error) {
		if err := p.d.SP(); err != nil {
			return searchKey{}, err
		}
		text, err := p.d.AString()
		if err == nil && !isObjectID(text) {
			err = syntaxf("Not an object id: %q.", text)
		}
		id, ok := parseObjectID(text, letter)
		return searchKey{cost: costMeta, test: func(c *candidate) verdict { return verdictOf(ok && field(c.m) == id) }}, err
	}
}

// isObjectID tells RFC 8474 §7 objectid.
func isObjectID(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlpha(c) && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= maxObjectID
}

// parseObjectID reads an id that we gave. RFC 8474 §7: letters in another case are another id.
func parseObjectID(s string, letter byte) (int64, bool) {
	if s == "" || s[0] != letter {
		return 0, false
	}
	id, err := strconv.ParseInt(s[1:], 10, 64)
	return id, err == nil && strconv.FormatInt(id, 10) == s[1:]
}
