package imap

import "time"

// SAVEDATE (RFC 8514): when a message came into its mailbox, by delivery, APPEND, COPY or MOVE.

func (f *fetcher) writeSaveDate(*fetchItem) error {
	f.s.enc.Raw("SAVEDATE ")
	if f.m.Saved.IsZero() {
		f.s.enc.Raw("NIL")
		return nil
	}
	f.text = appendDateTime(f.text[:0], f.m.Saved)
	f.s.enc.Bytes(f.text)
	return nil
}

// savedKey compares the day of SAVEDATE as receivedKey does that of
// INTERNALDATE. RFC 8514 §4.3: where there is none, the key looks at INTERNALDATE.
func savedKey(matches func(day, n int64) bool) parseSearchKey {
	return func(p *searchParser) (searchKey, error) {
		n, err := p.date()
		return searchKey{cost: costMeta, test: func(c *candidate) verdict {
			return verdictOf(matches(dayNumber(datable(savedOrReceived(c.m))), n))
		}}, err
	}
}

func savedOrReceived(m *Message) time.Time {
	if m.Saved.IsZero() {
		return m.Received
	}
	return m.Saved
}

// savedSupportedKey is SAVEDATESUPPORTED (RFC 8514 §4.3): here every mailbox keeps the date.
func savedSupportedKey(*searchParser) (searchKey, error) { return everyMessage(), nil }
