package imap

import (
	"errors"
	"fmt"
	"sync"

	"buzon/internal/message"
	"buzon/internal/uidset"
)

// fetch runs FETCH and UID FETCH (RFC 3501 §6.4.5, §7.4.2).
func (s *session) fetch(tag string, uid bool) error {
	set, req, err := s.parseFetch(uid)
	if err != nil {
		return err
	}
	f := newFetcher(s, req)
	defer f.release()
	if err := f.run(set); err != nil {
		return err
	}
	switch {
	case f.torn || f.gone && !uid:
		return errFetchGone
	case f.opaque:
		return errUnknownCTE
	}
	return s.ok(tag, "", "Fetched.")
}

// errFetchGone answers a FETCH that found less than it was asked for. RFC 2180
// §4.1.2 lets a server send what there is and then NO, so that the client knows
// to look again. UID FETCH passes over messages that are gone: RFC 3501 §6.4.8
// ignores UIDs that do not exist, and their EXPUNGE comes before its OK.
var errFetchGone = &refusal{"EXPUNGEISSUED", "Some of the messages no longer exist."}

// How many messages are listed in one step of the store. No transaction is
// open between two steps, however slowly the client reads.
const (
	pageOfFlags  = 500 // 150 octets each
	pageOfMeta   = 200 // with envelope or structure: mostly 1 KB each
	pageOfBodies = 100 // one STORE of \Seen for so many
)

// fetchBuffers are what one FETCH works with. They do not grow with messages
// beyond what bounds a header.
type fetchBuffers struct {
	page   []Message
	copy   [32 << 10]byte
	header []byte // of one message, at most message.MaxHeader
	text   []byte // rendered: an envelope, a structure, filtered fields
}

// fetchPool keeps buffers between commands: they hold nothing of a session.
var fetchPool = sync.Pool{New: func() any { return new(fetchBuffers) }}

// maxPooled is how large a grown buffer may be to be kept.
const maxPooled = 64 << 10 // octets

// fetcher is one FETCH in progress.
type fetcher struct {
	s   *session
	req fetchRequest
	*fetchBuffers

	m    *Message // the message being written
	seen bool     // it became \Seen by this FETCH
	part *message.Part
	body Body

	ahead ahead // the bodies of the page

	gone   bool // a message that was asked for is not there any more
	torn   bool // and of one NIL stood for a body
	opaque bool // a part could not be decoded
}

func newFetcher(s *session, req fetchRequest) *fetcher {
	return &fetcher{s: s, req: req, fetchBuffers: fetchPool.Get().(*fetchBuffers)}
}

func (f *fetcher) release() { f.giveBack() }

// giveBack puts the buffers back into the pool.
func (b *fetchBuffers) giveBack() {
	clear(b.page[:cap(b.page)]) // envelopes and structures are not ours to keep
	if cap(b.header) > maxPooled {
		b.header = nil
	}
	if cap(b.text) > maxPooled {
		b.text = nil
	}
	fetchPool.Put(b)
}

// run writes the messages of set, page by page.
func (f *fetcher) run(set uidset.Set) error {
	found := 0
	for from := set.Min(); from != 0 && f.s.enc.Err() == nil; {
		page, err := f.s.box.Page(f.s.ctx, set, from, f.req.page(), f.req.fields, f.page[:0])
		if err != nil {
			return fmt.Errorf("list messages: %w", err)
		}
		f.page = page
		if len(page) == 0 {
			break
		}
		if err := f.writePage(page); err != nil {
			return err
		}
		found += len(page)
		from = after(page[len(page)-1].UID, set)
	}
	f.gone = f.gone || found < set.Len()
	return f.s.enc.Err()
}

// after is where to go on after uid, or 0 at the end of the set.
func after(uid uint32, set uidset.Set) uint32 {
	if uid >= set.Max() {
		return 0
	}
	return uid + 1
}

// page is how many messages to list at once.
func (r *fetchRequest) page() int {
	switch {
	case r.body:
		return pageOfBodies
	case r.fields&(WithEnvelope|WithStructure) != 0:
		return pageOfMeta
	}
	return pageOfFlags
}

func (f *fetcher) writePage(page []Message) error {
	unseen := f.markSeen(page)
	if err := f.s.learnKeywords(page); err != nil {
		return err
	}
	if f.req.body {
		f.ahead.page = page
		defer f.ahead.release()
	}
	for i := range page {
		f.m, f.seen = &page[i], unseen.Has(page[i].UID)
		if err := f.writeMessage(); err != nil {
			return err
		}
		if err := f.s.enc.Err(); err != nil {
			return err
		}
	}
	return nil
}

// markSeen sets \Seen before the page is written, so that the flag can stand in
// the same response (RFC 3501 §7.4.2), and returns the messages that got it.
// When the store refuses, a full disk say, the mail can still be read.
func (f *fetcher) markSeen(page []Message) uidset.Set {
	if !f.req.seen || f.s.readOnly {
		return uidset.Set{}
	}
	var b uidset.Builder
	for i := range page {
		if page[i].Flags&Seen == 0 {
			b.Add(page[i].UID)
		}
	}
	unseen := b.Set()
	stored, err := f.s.markSeen(unseen)
	if err != nil {
		f.s.log.Warn("could not mark messages as seen", "err", err)
		return uidset.Set{}
	}
	unseen = unseen.AndNot(stored.Modified) // others changed these: the update tells of them
	for i := range page {
		page[i].Flags |= Seen
		if stored.ModSeq != 0 && unseen.Has(page[i].UID) {
			page[i].ModSeq = stored.ModSeq
		}
	}
	return unseen
}

// writeMessage writes one FETCH response.
func (f *fetcher) writeMessage() error {
	defer f.closeBody()
	f.part = nil
	if f.req.body {
		if err := f.openBody(); errors.Is(err, ErrNoMessage) {
			f.gone = true
			return nil
		} else if err != nil {
			return err
		}
	}
	if f.req.binary && !f.decodable() {
		f.opaque = true
		return nil
	}
	enc := f.s.enc
	f.s.beginFetch(f.s.view.Seq(f.m.UID), f.m.UID)
	for i := range f.req.items {
		if i > 0 {
			enc.Byte(' ')
		}
		if err := f.req.items[i].write(f, &f.req.items[i]); err != nil {
			return err
		}
	}
	if f.seen && !f.req.flags {
		enc.Byte(' ')
		f.s.writeFlags(*f.m)
	}
	if f.seen && f.s.enabled.CondStore && !f.req.modSeq { // RFC 7162 §3.1: with any change of flags
		enc.Byte(' ')
		f.s.writeModSeq(f.m.ModSeq)
	}
	enc.Byte(')').CRLF()
	return nil
}

func (f *fetcher) openBody() error {
	var err error
	if f.req.body {
		f.body, err = f.ahead.next(f.s)
	} else {
		f.body, err = f.s.box.Body(f.s.ctx, f.m.Body)
	}
	if err != nil {
		f.body = nil
		return fmt.Errorf("open message: %w", err)
	}
	return nil
}

func (f *fetcher) closeBody() {
	if f.body != nil {
		f.body.Release()
		f.body = nil
	}
}
