package imap

import (
	"errors"
	"fmt"
	"math"

	"buzon/internal/message"
	"buzon/internal/uidset"
)

// searchPage is how many messages are looked at in one step of the store.
const searchPage = 500 // messages

// finder runs one search over the selected mailbox.
type finder struct {
	s       *session
	program *searchProgram
	blind   bool   // no key asks for flags, dates or sizes: nothing is listed of all
	first   Fields // what is listed of all messages
	then    Fields // and of those that the first did not decide, 0 for nothing
	last    cost
	scanner *scanner
	page    []Message
	rest    []Message
	c       candidate
	header  []byte // of a part
}

// find returns the UIDs of the messages that match. When RETURN asks for MIN,
// MAX or PARTIAL alone, only those need be among them.
func (s *session) find(req *searchRequest) (uids uidset.Set, err error) {
	err = s.reading(func() error {
		uids, err = s.findNow(req)
		return err
	})
	return uids, err
}

func (s *session) findNow(req *searchRequest) (uidset.Set, error) {
	program := req.program
	base, exact := program.root.narrow(s.view.AndNot(s.vanished))
	if exact || base.Len() == 0 {
		return base, nil
	}
	if err := s.bindKeywords(program); err != nil {
		return uidset.Set{}, err
	}
	base, err := s.lookUp(program, base)
	if err != nil || base.Len() == 0 {
		return base, err
	}
	f := newFinder(s, program)
	defer f.scanner.release()
	switch req.options &^ returnSave {
	case returnMin:
		return f.scan(base, false, 1)
	case returnMax:
		return f.scan(base, true, 1)
	case returnMin | returnMax:
		return f.ends(base)
	case returnPartial:
		return f.scan(base, req.partial.fromEnd, req.partial.hi())
	}
	return f.scan(base, false, math.MaxInt)
}

func (s *session) bindKeywords(program *searchProgram) error {
	if len(program.keywords) == 0 {
		return nil
	}
	names, err := s.box.Keywords(s.ctx)
	if err != nil {
		return fmt.Errorf("read keywords: %w", err)
	}
	program.bind(names)
	return nil
}

func newFinder(s *session, program *searchProgram) *finder {
	f := &finder{s: s, program: program, scanner: newScanner(s.ctx, program.needles)}
	var asked [costBody + 1]bool
	program.root.costs(&asked)
	for at, is := range asked {
		if is {
			f.last = max(f.last, cost(at))
		}
	}
	if f.last == costEnvelope { // a field that the envelope cannot decide
		f.last = costHeader
	}
	f.blind = !asked[costFlags] && !asked[costMeta]
	if asked[costMeta] {
		f.first = WithMeta
	}
	if asked[costEnvelope] {
		f.then |= WithEnvelope | WithMeta
	}
	if asked[costHeader] || asked[costBody] {
		f.then |= WithMeta | WithStructure
	}
	f.c.finder = f
	return f
}

// ends finds the first and the last match.
func (f *finder) ends(base uidset.Set) (uidset.Set, error) {
	first, err := f.scan(base, false, 1)
	if err != nil || first.Len() == 0 {
		return first, err
	}
	last, err := f.scan(base, true, 1)
	return first.Or(last), err
}

// scan asks the messages of base in steps, from the end when backward, and
// stops at the step with which there are enough matches.
func (f *finder) scan(base uidset.Set, backward bool, enough int) (uidset.Set, error) {
	var found []uidset.Range
	matched := 0
	for done := 0; done < base.Len() && matched < enough; done += searchPage {
		f.s.progressed(done, base.Len())
		lo := done + 1
		if backward {
			lo = base.Len() - done - searchPage + 1
		}
		matches, err := f.step(base.Slice(uint32(max(lo, 1)), uint32(lo+searchPage-1)))
		if err != nil {
			return uidset.Set{}, err
		}
		found = append(found, matches.Ranges()...)
		matched += matches.Len()
	}
	return uidset.Of(found...), nil
}

// step asks at most searchPage messages, without bodies first.
func (f *finder) step(uids uidset.Set) (uidset.Set, error) {
	page, err := f.list(uids)
	if err != nil {
		return uidset.Set{}, fmt.Errorf("list messages: %w", err)
	}
	f.page = page
	matches, open := f.askPage(page)
	if open.Len() == 0 {
		return matches, nil
	}
	late, err := f.lookInside(open)
	return matches.Or(late), err
}

// list reads what is cheap to read of messages, nothing where no key asks for it.
func (f *finder) list(uids uidset.Set) ([]Message, error) {
	if !f.blind {
		return f.s.box.Page(f.s.ctx, uids, uids.Min(), searchPage, f.first, f.page[:0])
	}
	page := f.page[:0]
	uids.All(func(uid uint32) bool {
		page = append(page, Message{UID: uid})
		return true
	})
	return page, nil
}

// askPage asks with what the listing has, and returns what is still open.
func (f *finder) askPage(page []Message) (matches, open uidset.Set) {
	at := costFlags
	if f.first&WithMeta != 0 {
		at = costMeta
	}
	var yeses, unknowns uidset.Builder
	for i := range page {
		f.c.reset(&page[i], at)
		switch f.program.root.ask(&f.c, at) {
		case yes:
			yeses.Add(page[i].UID)
		case unknown:
			unknowns.Add(page[i].UID)
		}
	}
	return yeses.Set(), unknowns.Set()
}

// insidePage is how many messages are listed with their envelopes at once.
const insidePage = 100 // messages

// lookInside asks the messages that flags, dates and sizes did not decide.
func (f *finder) lookInside(uids uidset.Set) (uidset.Set, error) {
	var matches uidset.Builder
	for from := uids.Min(); from != 0; {
		page, err := f.s.box.Page(f.s.ctx, uids, from, insidePage, f.then, f.rest[:0])
		if err != nil {
			return uidset.Set{}, fmt.Errorf("list messages: %w", err)
		}
		f.rest = page
		if len(page) == 0 {
			break
		}
		for i := range page {
			match, err := f.look(&page[i])
			if err != nil {
				return uidset.Set{}, err
			}
			if match {
				matches.Add(page[i].UID)
			}
		}
		from = after(page[len(page)-1].UID, uids)
	}
	return matches.Set(), nil
}

// look asks one message at rising cost until it has an answer. One that was
// removed meanwhile, or cannot be read, does not match: it must not keep the
// others from being found.
func (f *finder) look(m *Message) (bool, error) {
	f.c.reset(m, costEnvelope)
	defer f.c.close()
	v := unknown
	for at := costEnvelope; at <= f.last && v == unknown && f.c.err == nil; at++ {
		f.c.at = at
		v = f.program.root.ask(&f.c, at)
	}
	if err := f.s.ctx.Err(); err != nil {
		return false, err
	}
	if err := f.c.err; err != nil {
		if !errors.Is(err, ErrNoMessage) {
			f.s.log.Error("message cannot be searched", "mailbox", f.s.name, "uid", m.UID, "err", err)
		}
		return false, nil
	}
	return v == yes, nil
}

// candidate is the message being asked, with what was read of it so far.
type candidate struct {
	finder *finder
	m      *Message
	at     cost
	err    error // why it cannot be read; every answer is unknown then

	env      *message.Envelope
	root     *message.Part
	body     Body
	header   []byte // of the message; valid when hasHeader
	inHeader hits
	inBody   hits

	hasHeader, headerScanned, bodyScanned bool
}

func (c *candidate) reset(m *Message, at cost) {
	*c = candidate{finder: c.finder, m: m, at: at, header: c.header}
}

func (c *candidate) close() {
	if c.body != nil {
		c.body.Release()
		c.body = nil
	}
}

// fail notes the first error.
func (c *candidate) fail(err error) verdict {
	if c.err == nil {
		c.err = err
	}
	return unknown
}
