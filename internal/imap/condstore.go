package imap

import (
	"fmt"
	"strconv"

	"buzon/internal/uidset"
)

// CONDSTORE (RFC 7162 §3.1): every message has the modseq of its last change,
// and a client that kept the highest it was told asks for what came after.

// enableCondStore is what every CONDSTORE-enabling command does (RFC 7162
// §3.1): from here on all FETCH responses for changed flags carry MODSEQ. It
// writes a line, so it is called before a response begins.
func (s *session) enableCondStore() {
	if s.enabled.CondStore {
		return
	}
	s.enabled.CondStore = true
	if s.box != nil {
		s.tellHighestModSeq()
	}
}

// toldModSeq is the modseq up to which the client has been told everything.
// With removals held back it stays before them, so that a client that loses
// its connection now hears of them when it comes back; likewise before flags of
// which NOTIFY has it that nothing is told.
func (s *session) toldModSeq() int64 {
	told := s.modSeq
	if s.vanished.Len() > 0 {
		told = s.held
	}
	if s.untold > 0 {
		told = min(told, s.untold)
	}
	return told
}

// withholds tells whether something is not told that has a lower modseq than the
// client may have seen in this command. A client that keeps the highest it saw
// must be told where it stands: the code counts for more (RFC 7162 §3.2.5.1).
func (s *session) withholds() bool {
	return s.enabled.CondStore && s.box != nil && (s.toldModSeq() < s.modSeq || s.muted())
}

func (s *session) highestModSeqCode() string {
	return "HIGHESTMODSEQ " + strconv.FormatInt(s.toldModSeq(), 10)
}

// tellHighestModSeq writes HIGHESTMODSEQ (RFC 7162 §3.1.2.1).
func (s *session) tellHighestModSeq() {
	s.status("*", "OK", s.highestModSeqCode(), "Everything up to here was told.")
}

// okExpunged ends a command that may have removed messages from the selected
// mailbox. RFC 7162 §3.2.7 and §3.2.9, RFC 6851 §4.4: with QRESYNC the client
// learns where it stands after the removals.
func (s *session) okExpunged(tag string, removed bool, text string) error {
	if !s.enabled.QResync || !removed {
		return s.ok(tag, "", text)
	}
	if err := s.update(); err != nil { // what the code is about comes before it
		return err
	}
	s.status(tag, "OK", s.highestModSeqCode(), text)
	return s.enc.Err()
}

// writeModSeq writes the item MODSEQ (RFC 7162 §3.1.4.2). iOS breaks on any other form.
func (s *session) writeModSeq(n int64) {
	s.enc.Raw("MODSEQ (").Number64(n).Byte(')')
}

func (f *fetcher) writeModSeq(*fetchItem) error {
	f.s.writeModSeq(f.m.ModSeq)
	return nil
}

// pages gives f the messages of uids that are still there, page by page, with
// UID, flags and modseq. Keywords are learned before each page.
func (s *session) pages(uids uidset.Set, f func(m *Message)) error {
	var page []Message
	for from := uids.Min(); from != 0; {
		var err error
		if page, err = s.box.Page(s.ctx, uids, from, pageOfFlags, 0, page[:0]); err != nil {
			return fmt.Errorf("read flags: %w", err)
		}
		if len(page) == 0 {
			break
		}
		if err = s.learnKeywords(page); err != nil {
			return err
		}
		from = after(page[len(page)-1].UID, uids)
		for i := range page {
			f(&page[i])
		}
		if err = s.enc.Err(); err != nil {
			return err
		}
	}
	return nil
}

// highestOf is the highest modseq among uids, 0 when none is there any more.
func (s *session) highestOf(uids uidset.Set) (highest int64, err error) {
	err = s.pages(uids, func(m *Message) { highest = max(highest, m.ModSeq) })
	return highest, err
}
