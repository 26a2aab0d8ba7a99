package imap

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"buzon/internal/fold"
	"buzon/internal/message"
	"buzon/internal/uidset"
)

const (
	// maxSortText is what all texts of one SORT take together. It is shared out
	// among the messages, so that a large mailbox costs no more than a small one
	// with long subjects: texts that are alike so far count as the same, and the
	// next criterion decides.
	maxSortText = 16 << 20 // octets

	// A text is compared by so many octets, depending on how many there are.
	leastSortText = 16  // octets
	mostSortText  = 500 // octets

	// maxHeavy is how many SORTs and THREADs are at work at a time in all sessions.
	maxHeavy = 2
)

// sorter holds the keys of all messages of one SORT, each collated once.
type sorter struct {
	uids    []uint32
	columns []sortColumn
	longest int // octets of a text that are compared
	scratch []byte
}

// sortColumn holds one criterion's keys by message: numbers, or texts one
// after the other in one piece of memory.
type sortColumn struct {
	sortCriterion
	numbers []int64
	texts   []byte
	ends    []uint32 // of the texts
}

// order gives uids as the criteria put them. Messages that are gone meanwhile are left out.
func (s *session) order(uids uidset.Set, criteria []sortCriterion) (sorted, error) {
	o := newSorter(uids.Len(), criteria)
	err := s.eachMessage(uids, o.fields(), func(m *Message) error { return o.add(s, m) })
	if err != nil {
		return nil, err
	}
	return o.sorted(), nil
}

func newSorter(n int, criteria []sortCriterion) *sorter {
	o := &sorter{uids: make([]uint32, 0, n)}
	texts := 0
	for _, c := range criteria {
		column := sortColumn{sortCriterion: c}
		if c.text != nil {
			texts++
			column.ends = make([]uint32, 0, n)
		} else {
			column.numbers = make([]int64, 0, n)
		}
		o.columns = append(o.columns, column)
	}
	o.longest = min(max(maxSortText/max(n*texts, 1), leastSortText), mostSortText)
	return o
}

func (o *sorter) fields() Fields {
	f := WithMeta
	for i := range o.columns {
		if o.columns[i].envelope {
			f |= WithEnvelope
		}
	}
	return f
}

func (o *sorter) add(s *session, m *Message) error {
	var e *message.Envelope
	if o.fields()&WithEnvelope != 0 {
		e = s.envelopeOf(m)
	}
	o.uids = append(o.uids, m.UID)
	for i := range o.columns {
		c := &o.columns[i]
		if c.text == nil {
			c.numbers = append(c.numbers, c.number(m, e))
			continue
		}
		text := c.text(e)
		// Collating makes nothing much shorter: what is far beyond the cap cannot count.
		text = text[:min(len(text), 4*o.longest)]
		o.scratch = fold.Append(o.scratch[:0], []byte(text))
		c.texts = append(c.texts, o.scratch[:min(len(o.scratch), o.longest)]...)
		c.ends = append(c.ends, uint32(len(c.texts)))
	}
	return nil
}

func (c *sortColumn) key(i uint32) []byte {
	start := uint32(0)
	if i > 0 {
		start = c.ends[i-1]
	}
	return c.texts[start:c.ends[i]]
}

func (c *sortColumn) compare(a, b uint32) int {
	var n int
	if c.ends != nil {
		n = bytes.Compare(c.key(a), c.key(b))
	} else {
		n = cmp.Compare(c.numbers[a], c.numbers[b])
	}
	if c.reverse {
		return -n
	}
	return n
}

// sorted gives the UIDs in order. RFC 5256 §3: the sequence number is the last
// criterion, which REVERSE does not turn round.
func (o *sorter) sorted() sorted {
	order := make([]uint32, len(o.uids))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		for i := range o.columns {
			if n := o.columns[i].compare(a, b); n != 0 {
				return n
			}
		}
		return cmp.Compare(a, b)
	})
	for i, at := range order {
		order[i] = o.uids[at]
	}
	return order
}

// set is the list as a set.
func (l sorted) set() uidset.Set {
	ascending := slices.Clone(l)
	slices.Sort(ascending)
	var b uidset.Builder
	for _, uid := range ascending {
		b.Add(uid)
	}
	return b.Set()
}

// eachMessage lists uids page by page. No transaction is open between pages.
func (s *session) eachMessage(uids uidset.Set, fields Fields, f func(m *Message) error) error {
	b := fetchPool.Get().(*fetchBuffers)
	defer b.giveBack()
	for from := uids.Min(); from != 0; {
		page, err := s.box.Page(s.ctx, uids, from, pageOfMeta, fields, b.page[:0])
		if err != nil {
			return fmt.Errorf("list messages: %w", err)
		}
		b.page = page
		if len(page) == 0 {
			break
		}
		for i := range page {
			if err := f(&page[i]); err != nil {
				return err
			}
		}
		from = after(page[len(page)-1].UID, uids)
	}
	return s.ctx.Err()
}

// envelopeOf is a message's envelope, empty when the cache is damaged: one
// message must not keep the others from being listed.
func (s *session) envelopeOf(m *Message) *message.Envelope {
	e, err := message.DecodeEnvelope(m.Envelope)
	if err != nil {
		s.log.Error("cached envelope of a message is damaged", "mailbox", s.name, "uid", m.UID, "err", err)
		return &message.Envelope{}
	}
	return e
}
