package imap

import (
	"fmt"
	"slices"

	"buzon/internal/uidset"
)

// update tells the client what happened in the selected mailbox since it was
// last told. It runs at the end of each command and in IDLE.
func (s *session) update() error {
	if s.box != nil && !s.muted() {
		changes, err := s.news()
		if err != nil {
			return err
		}
		if err := s.tell(changes); err != nil {
			return err
		}
	}
	return s.tellOthers()
}

// news asks for the changes. It needs no buffers.
func (s *session) news() (Changes, error) {
	changes, err := s.box.Changes(s.ctx, s.modSeq)
	if err != nil {
		return Changes{}, fmt.Errorf("read changes: %w", err)
	}
	if changes.Gone {
		// RFC 2180 §3: to end the connection is the one thing every client understands.
		return Changes{}, &fatalError{"The selected mailbox was deleted by another session."}
	}
	return changes, nil
}

// isNews tells whether tell has anything to say.
func (s *session) isNews(c Changes) bool {
	return c.Vanished.Len() > 0 || len(c.Changed) > 0 || c.Many.Len() > 0 || s.vanished.Len() > 0
}

// tell writes changes and makes them part of what the client knows.
func (s *session) tell(c Changes) error {
	before := s.modSeq
	if s.vanished.Len() == 0 {
		s.held = before
	}
	s.modSeq = c.ModSeq
	s.vanished = s.vanished.Or(c.Vanished.And(s.view))
	fresh := s.newUIDs(c.Changed).Or(c.Many.AndNot(s.view))
	if s.holdsExpunges() && s.vanished.Len() > 0 {
		s.view = s.view.Or(fresh) // its own, until the EXPUNGEs may be told
	} else {
		s.tellExpunged()
		s.view = s.nextView(fresh)
		s.vanished = uidset.Set{}
	}
	if fresh.Len() > 0 {
		s.tellExists()
	}
	own := s.own
	s.own = nil
	if s.tellsFlags() {
		if err := s.tellFlags(c.Changed, fresh, own); err != nil {
			return err
		}
		if err := s.tellFlagsOfMany(c.Many.AndNot(fresh), own); err != nil {
			return err
		}
	} else if s.untold == 0 && keepsFlags(c, fresh, own) {
		s.untold = before
	}
	return s.tellFresh(fresh)
}

// keepsFlags tells whether there are new flags in c, made by others, of messages that the client knew.
func keepsFlags(c Changes, fresh uidset.Set, own []int64) bool {
	return c.Many.AndNot(fresh).Len() > 0 || slices.ContainsFunc(c.Changed, func(m Message) bool {
		_, mine := slices.BinarySearch(own, m.ModSeq)
		return !mine && !fresh.Has(m.UID)
	})
}

// tellExpunged writes EXPUNGE for what has vanished (RFC 3501 §7.4.1): each
// number counts what the ones before it took away.
func (s *session) tellExpunged() {
	s.saved = s.saved.AndNot(s.vanished) // RFC 5182 §2.1
	if s.enabled.QResync || s.enabled.UIDOnly {
		s.writeVanished("* VANISHED ", s.vanished) // RFC 7162 §3.2.10.2
		return
	}
	told := uint32(0)
	s.vanished.All(func(uid uint32) bool {
		s.enc.Raw("* ").Number(s.view.Seq(uid) - told).Raw(" EXPUNGE\r\n")
		told++
		return s.enc.Err() == nil
	})
}

// nextView is what the client knows once it has heard everything: the mailbox
// as of modSeq, the same for all sessions in it.
func (s *session) nextView(fresh uidset.Set) uidset.Set {
	if fresh.Len() == 0 && s.vanished.Len() == 0 {
		return s.view
	}
	return s.server.views.share(s.boxID, s.modSeq, func() uidset.Set { return s.view.Or(fresh).AndNot(s.vanished) })
}

// newUIDs are those of changed that the client does not know.
func (s *session) newUIDs(changed []Message) uidset.Set {
	var b uidset.Builder
	for i := range changed {
		if !s.view.Has(changed[i].UID) {
			b.Add(changed[i].UID)
		}
	}
	return b.Set()
}

// tellExists writes EXISTS and RECENT (RFC 3501 §7.3).
func (s *session) tellExists() {
	s.enc.Raw("* ").Number(uint32(s.view.Len())).Raw(" EXISTS\r\n")
	if !s.enabled.Rev2 { // RFC 9051 Appendix E
		s.enc.Raw("* ").Number(s.recent()).Raw(" RECENT\r\n")
	}
}

// recent counts the messages of the view that are \Recent.
func (s *session) recent() uint32 {
	return uint32(s.view.And(uidset.Of(uidset.Range{Lo: max(s.recentFrom, 1), Hi: ^uint32(0)})).Len())
}

// tellFlags writes FETCH with the flags of changed (RFC 3501 §7.4.2), but for
// fresh messages, whose flags the client will ask for, and its own changes.
func (s *session) tellFlags(changed []Message, fresh uidset.Set, own []int64) error {
	if err := s.learnKeywords(changed); err != nil {
		return err
	}
	for i := range changed {
		m := &changed[i]
		if _, mine := slices.BinarySearch(own, m.ModSeq); !mine && !fresh.Has(m.UID) {
			s.tellFlagsOf(*m)
		}
	}
	return s.enc.Err()
}

// tellFlagsOfMany is tellFlags page by page. What changed after modSeq comes next time.
func (s *session) tellFlagsOfMany(changed uidset.Set, own []int64) error {
	return s.pages(changed, func(m *Message) {
		if _, mine := slices.BinarySearch(own, m.ModSeq); !mine && m.ModSeq <= s.modSeq {
			s.tellFlagsOf(*m)
		}
	})
}

// tellModSeqOf writes FETCH with the modseq alone: its flags the client knows.
func (s *session) tellModSeqOf(m Message) {
	s.beginChange(m)
	s.writeModSeq(m.ModSeq)
	s.enc.Raw(")\r\n")
}

// beginChange begins FETCH for a message that changed. It has the UID for who
// uses UIDs (RFC 3501 §6.4.8), after ENABLE QRESYNC (RFC 7162 §3.2.4) and NOTIFY (RFC 5465 §5.1).
func (s *session) beginChange(m Message) {
	s.beginFetch(s.view.Seq(m.UID), m.UID)
	if (s.uids || s.enabled.QResync || s.notify != nil) && !s.enabled.UIDOnly {
		s.enc.Raw("UID ").Number(m.UID).Byte(' ')
	}
}

func (s *session) tellFlagsOf(m Message) {
	s.beginChange(m)
	s.writeFlags(m)
	if s.enabled.CondStore {
		s.enc.Byte(' ')
		s.writeModSeq(m.ModSeq)
	}
	s.enc.Raw(")\r\n")
}

// announceFlags writes FLAGS and PERMANENTFLAGS (RFC 3501 §7.2.6, §7.1).
func (s *session) announceFlags() {
	const all = Seen | Answered | Flagged | Deleted | DraftFlag
	every := Flags(1<<len(s.keywords)-1)<<KeywordBit | all
	s.enc.Raw("* FLAGS ").Flags(every, s.keywords, false).CRLF()
	if s.readOnly {
		s.enc.Raw("* OK [PERMANENTFLAGS ()] Nothing can be changed.\r\n")
		return
	}
	s.enc.Raw("* OK [PERMANENTFLAGS (")
	for _, f := range systemFlags {
		s.enc.Raw(f).Byte(' ')
	}
	for _, k := range s.keywords {
		s.enc.Raw(k).Byte(' ')
	}
	s.enc.Raw(`\*)] These stay, and new keywords can be made.`).CRLF()
}
