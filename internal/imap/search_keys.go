package imap

import (
	"time"

	"buzon/internal/message"
)

// parseSearchKey reads the arguments of one key.
type parseSearchKey func(p *searchParser) (searchKey, error)

// searchKeys are the keys by name; OR, NOT, parentheses and sets of numbers are
// the parser's own. A key of an extension is a row here.
var searchKeys = map[string]parseSearchKey{
	"ALL": func(*searchParser) (searchKey, error) { return everyMessage(), nil },

	"ANSWERED":   hasFlag(Answered, Answered),
	"DELETED":    hasFlag(Deleted, Deleted),
	"DRAFT":      hasFlag(DraftFlag, DraftFlag),
	"FLAGGED":    hasFlag(Flagged, Flagged),
	"SEEN":       hasFlag(Seen, Seen),
	"UNANSWERED": hasFlag(Answered, 0),
	"UNDELETED":  hasFlag(Deleted, 0),
	"UNDRAFT":    hasFlag(DraftFlag, 0),
	"UNFLAGGED":  hasFlag(Flagged, 0),
	"UNSEEN":     hasFlag(Seen, 0),
	"KEYWORD":    keywordKey(true),
	"UNKEYWORD":  keywordKey(false),
	"RECENT":     func(p *searchParser) (searchKey, error) { return p.recent(), nil },
	"OLD":        func(p *searchParser) (searchKey, error) { return negate(p.recent()), nil },
	"NEW":        newKey,

	"LARGER":  sizeKey(func(size, n int64) bool { return size > n }),
	"SMALLER": sizeKey(func(size, n int64) bool { return size < n }),

	"BEFORE": receivedKey(func(day, n int64) bool { return day < n }),
	"ON":     receivedKey(func(day, n int64) bool { return day == n }),
	"SINCE":  receivedKey(func(day, n int64) bool { return day >= n }),

	"SENTBEFORE": sentKey(func(day, n int64) bool { return day < n }),
	"SENTON":     sentKey(func(day, n int64) bool { return day == n }),
	"SENTSINCE":  sentKey(func(day, n int64) bool { return day >= n }),

	// RFC 5032 §3: both include the moment itself.
	"OLDER":   withinKey(func(t, limit time.Time) bool { return !t.After(limit) }),
	"YOUNGER": withinKey(func(t, limit time.Time) bool { return !t.Before(limit) }),

	"SAVEDBEFORE":       savedKey(func(day, n int64) bool { return day < n }), // RFC 8514
	"SAVEDON":           savedKey(func(day, n int64) bool { return day == n }),
	"SAVEDSINCE":        savedKey(func(day, n int64) bool { return day >= n }),
	"SAVEDATESUPPORTED": savedSupportedKey,

	"EMAILID":  objectIDKey(emailIDLetter, func(m *Message) int64 { return m.Body }), // RFC 8474
	"THREADID": objectIDKey(threadIDLetter, func(m *Message) int64 { return m.Thread }),

	"UID":    uidKey,
	"MODSEQ": modSeqKey,

	"BCC":     fieldKey("Bcc"),
	"CC":      fieldKey("Cc"),
	"FROM":    fieldKey("From"),
	"SUBJECT": fieldKey("Subject"),
	"TO":      fieldKey("To"),
	"HEADER":  headerKey,
	"BODY":    textKey(false),
	"TEXT":    textKey(true),
}

// searchKeyOf is the capability that must be visible for a key to exist.
var searchKeyOf = map[string]string{
	"OLDER": "WITHIN", "YOUNGER": "WITHIN",
	"SAVEDBEFORE": "SAVEDATE", "SAVEDON": "SAVEDATE", "SAVEDSINCE": "SAVEDATE", "SAVEDATESUPPORTED": "SAVEDATE",
	"EMAILID": "OBJECTID", "THREADID": "OBJECTID",
}

// hasFlag matches messages whose flags in mask are want.
func hasFlag(mask, want Flags) parseSearchKey {
	return func(*searchParser) (searchKey, error) {
		return searchKey{test: func(c *candidate) verdict { return verdictOf(c.m.Flags&mask == want) }}, nil
	}
}

// keywordKey matches messages that have the keyword, or have it not.
func keywordKey(want bool) parseSearchKey {
	return func(p *searchParser) (searchKey, error) {
		if err := p.d.SP(); err != nil {
			return searchKey{}, err
		}
		name, err := p.d.Atom()
		if err != nil {
			return searchKey{}, err
		}
		flag := p.keyword(name)
		return searchKey{test: func(c *candidate) verdict { return verdictOf((c.m.Flags&*flag != 0) == want) }}, nil
	}
}

// newKey is RECENT UNSEEN (RFC 3501 §6.4.4).
func newKey(p *searchParser) (searchKey, error) {
	unseen, err := hasFlag(Seen, 0)(p)
	return searchKey{op: opAnd, kids: []searchKey{p.recent(), unseen}}, err
}

func sizeKey(matches func(size, n int64) bool) parseSearchKey {
	return func(p *searchParser) (searchKey, error) {
		n, err := p.number()
		return searchKey{cost: costMeta, test: func(c *candidate) verdict { return verdictOf(matches(c.m.Size, n)) }}, err
	}
}

// receivedKey compares the day of INTERNALDATE, disregarding time and zone (RFC
// 3501 §6.4.4): the day that FETCH shows, in the zone in which it shows it.
func receivedKey(matches func(day, n int64) bool) parseSearchKey {
	return func(p *searchParser) (searchKey, error) {
		n, err := p.date()
		return searchKey{cost: costMeta, test: func(c *candidate) verdict {
			return verdictOf(matches(dayNumber(datable(c.m.Received)), n))
		}}, err
	}
}

// sentKey compares the day of the Date field as the sender wrote it. A message
// without a date that can be read matches none of these keys.
func sentKey(matches func(day, n int64) bool) parseSearchKey {
	return func(p *searchParser) (searchKey, error) {
		n, err := p.date()
		return searchKey{cost: costEnvelope, test: func(c *candidate) verdict {
			t, ok := message.ParseDate(c.envelope().Date)
			return verdictOf(ok && matches(dayNumber(t), n))
		}}, err
	}
}

// withinKey compares INTERNALDATE with a number of seconds ago (RFC 5032 §3).
func withinKey(matches func(t, limit time.Time) bool) parseSearchKey {
	return func(p *searchParser) (searchKey, error) {
		if err := p.d.SP(); err != nil {
			return searchKey{}, err
		}
		seconds, err := p.d.Number()
		if err == nil && seconds == 0 {
			err = syntaxf("The interval must be at least one second.")
		}
		limit := p.now.Add(-time.Duration(seconds) * time.Second)
		return searchKey{cost: costMeta, test: func(c *candidate) verdict { return verdictOf(matches(c.m.Received, limit)) }}, err
	}
}

func uidKey(p *searchParser) (searchKey, error) {
	if err := p.d.SP(); err != nil {
		return searchKey{}, err
	}
	return p.parseSet(true)
}

// fieldKey looks for a text in a field that the envelope has.
func fieldKey(name string) parseSearchKey {
	return func(p *searchParser) (searchKey, error) {
		text, err := p.text()
		k := searchField(name, text)
		k.looks = p.lookField(name, text)
		return k, err
	}
}

func headerKey(p *searchParser) (searchKey, error) {
	if err := p.d.SP(); err != nil {
		return searchKey{}, err
	}
	name, err := p.d.AString()
	if err != nil {
		return searchKey{}, err
	}
	text, err := p.text()
	k := searchField(name, text)
	k.looks = p.lookField(name, text)
	return k, err
}

// searchField makes the key for one field: the envelope's where it has the
// field, which is much cheaper, else the header's.
func searchField(name, text string) searchKey {
	n := newNeedle(text)
	inHeader := func(c *candidate) verdict { return c.fieldHas(name, n) }
	read, ok := envelopeFields[foldASCII(name)]
	if !ok {
		return searchKey{cost: costHeader, test: inHeader}
	}
	return searchKey{cost: costEnvelope, test: func(c *candidate) verdict {
		if v := c.envelopeHas(read, n); v != unknown {
			return v
		}
		return inHeader(c)
	}}
}

// textKey looks for a text in the body, or in the header as well.
func textKey(header bool) parseSearchKey {
	return func(p *searchParser) (searchKey, error) {
		text, err := p.text()
		if err != nil {
			return searchKey{}, err
		}
		if text == "" { // every text has the empty one in it
			return everyMessage(), nil
		}
		at, err := p.needle(text)
		if err != nil {
			return searchKey{}, err
		}
		body := searchKey{cost: costBody, test: func(c *candidate) verdict { return c.bodyHas(at) }, looks: p.look(text, false)}
		if !header {
			return body, nil
		}
		inHeader := searchKey{cost: costHeader, test: func(c *candidate) verdict { return c.headerHas(at) }, looks: p.look(text, true)}
		return searchKey{op: opOr, kids: []searchKey{inHeader, body}}, nil
	}
}
