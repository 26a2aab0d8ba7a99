package imap

import (
	"fmt"
	"strings"
)

// selectMailbox is SELECT (RFC 3501 §6.3.1).
func (s *session) selectMailbox(tag string) error { return s.open(tag, false) }

// examine is EXAMINE (RFC 3501 §6.3.2).
func (s *session) examine(tag string) error { return s.open(tag, true) }

func (s *session) open(tag string, readOnly bool) error {
	name, parameters, err := s.selectArguments()
	if err != nil {
		return err
	}
	if s.box != nil && (s.enabled.CondStore || s.enabled.Rev2) { // RFC 7162 §3.2.11, RFC 9051 §7.1
		s.status("*", "OK", "CLOSED", "The mailbox before it is closed.")
	}
	s.closeBox() // also when the new one cannot be opened (RFC 3501 §6.3.1)
	box, err := s.account.Open(s.ctx, name, !readOnly && !s.enabled.Rev2)
	if err != nil {
		return err
	}
	view, err := s.enter(box, name, readOnly)
	if err != nil {
		return err
	}
	s.writeSelection(view)
	s.tellListed(view.Name, name)
	if k := parameters.known; k != nil && k.uidValidity == view.UIDValidity { // RFC 7162 §3.2.5: else it knows nothing
		if err := s.resync(k); err != nil {
			return err
		}
	}
	if readOnly {
		return s.ok(tag, "READ-ONLY", "Opened for reading only.")
	}
	return s.ok(tag, "READ-WRITE", "Opened.")
}

// selectParameters are those of SELECT and EXAMINE (RFC 4466 §2.1).
type selectParameters struct {
	condStore bool   // RFC 7162 §3.1.8
	known     *known // RFC 7162 §3.2.5
}

// selectArguments reads the name and parameters and switches on what they ask
// for. What is not known or hidden is ignored: some clients send CONDSTORE and
// QRESYNC without looking whether we offer them, and a BAD would keep them out
// for good.
func (s *session) selectArguments() (name string, p selectParameters, err error) {
	if err = s.dec.SP(); err != nil {
		return "", p, err
	}
	if name, err = s.dec.Mailbox(); err != nil {
		return "", p, err
	}
	if !s.dec.AtEnd() {
		if err = s.dec.SP(); err != nil {
			return "", p, err
		}
		if err = s.dec.List(func() error { return s.selectParameter(&p) }); err != nil {
			return "", p, err
		}
	}
	if err = s.dec.CRLF(); err != nil {
		return "", p, err
	}
	switch {
	case p.known != nil:
		// RFC 7162 §3.2.5 wants a BAD without ENABLE QRESYNC before. Who sends
		// this knows QRESYNC as well as one who enabled it (eM Client).
		s.enabled.QResync, s.enabled.CondStore = true, true
	case p.condStore:
		s.enabled.CondStore = true // HIGHESTMODSEQ comes with the mailbox
	}
	return name, p, nil
}

// selectParameter reads one parameter, or the argument of one it ignored.
func (s *session) selectParameter(p *selectParameters) error {
	if c, err := s.dec.Peek(); err == nil && c == '(' {
		return s.dec.SkipList()
	}
	word, err := s.dec.Atom()
	if err != nil {
		return err
	}
	switch word = strings.ToUpper(word); {
	case word == "CONDSTORE" && s.has("CONDSTORE"):
		p.condStore = true
	case word == "QRESYNC" && s.hasQResync():
		if err = s.dec.SP(); err == nil {
			p.known, err = s.parseKnown()
		}
	}
	return err
}

// enter makes box the selected one.
func (s *session) enter(box Box, name string, readOnly bool) (View, error) {
	view, err := box.View(s.ctx)
	if err != nil {
		box.Close()
		return View{}, fmt.Errorf("read the mailbox: %w", err)
	}
	keywords, err := box.Keywords(s.ctx)
	if err != nil {
		box.Close()
		return View{}, fmt.Errorf("read keywords: %w", err)
	}
	s.selection = selection{
		box: box, boxID: view.ID, name: name, readOnly: readOnly,
		view: s.server.views.join(view.ID, view.ModSeq, view.UIDs), modSeq: view.ModSeq, recentFrom: view.RecentFrom, keywords: keywords,
	}
	s.forgetRecent()
	s.state = selected
	return view, nil
}

// writeSelection writes what SELECT answers (RFC 3501 §6.3.1).
func (s *session) writeSelection(v View) {
	s.announceFlags()
	s.tellExists()
	s.tellUnseen(v)
	s.enc.Raw("* OK [UIDVALIDITY ").Number(v.UIDValidity).Raw("] UIDs stay valid.\r\n")
	s.enc.Raw("* OK [UIDNEXT ").Number(v.UIDNext).Raw("] The next UID, at least.\r\n")
	if code := s.mailboxIDCode(&v.Mailbox); code != "" {
		s.status("*", "OK", code, "Its id stays when it is renamed.")
	}
	if s.has("CONDSTORE") {
		s.tellHighestModSeq()
	}
}

// tellUnseen writes the number of the first unseen message (RFC 3501 §7.1) where
// it is known: without it a client assumes nothing. RFC 9051 Appendix E has it no more.
func (s *session) tellUnseen(v View) {
	if s.enabled.Rev2 || s.enabled.UIDOnly || !s.view.Has(v.FirstUnseen) {
		return
	}
	s.enc.Raw("* OK [UNSEEN ").Number(s.view.Seq(v.FirstUnseen)).Raw("] The first unseen message.\r\n")
}

// closeBox leaves the selected mailbox, if any, without removing anything.
func (s *session) closeBox() {
	if s.box == nil {
		return
	}
	s.box.Close()
	s.server.views.leave(s.boxID)
	s.selection = selection{}
	if s.state == selected {
		s.state = authenticated
	}
}
