package imap

import "fmt"

// selectMailbox is SELECT (RFC 3501 §6.3.1).
func (s *session) selectMailbox(tag string) error { return s.open(tag, false) }

// examine is EXAMINE (RFC 3501 §6.3.2).
func (s *session) examine(tag string) error { return s.open(tag, true) }

func (s *session) open(tag string, readOnly bool) error {
	name, err := s.selectArguments()
	if err != nil {
		return err
	}
	s.closeBox() // also when the new one cannot be opened (RFC 3501 §6.3.1)
	box, err := s.account.Open(s.ctx, name, !readOnly)
	if err != nil {
		return err
	}
	view, err := s.enter(box, name, readOnly)
	if err != nil {
		return err
	}
	s.writeSelection(view)
	if readOnly {
		return s.ok(tag, "READ-ONLY", "Opened for reading only.")
	}
	return s.ok(tag, "READ-WRITE", "Opened.")
}

// selectArguments reads the name and parameters (RFC 4466 §2.1). Some clients
// send CONDSTORE and QRESYNC without looking whether we offer them (eM Client
// does), and a BAD would keep them out for good: what is not known is ignored.
func (s *session) selectArguments() (name string, err error) {
	if err = s.dec.SP(); err != nil {
		return "", err
	}
	if name, err = s.dec.Mailbox(); err != nil {
		return "", err
	}
	if !s.dec.AtEnd() {
		if err = s.dec.SP(); err != nil {
			return "", err
		}
		if err = s.dec.SkipList(); err != nil {
			return "", err
		}
	}
	return name, s.dec.CRLF()
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
	s.state = selected
	return view, nil
}

// writeSelection writes what SELECT answers (RFC 3501 §6.3.1). It leaves UNSEEN
// out, as RFC 9051 does: it would cost a scan, and without it a client
// assumes nothing.
func (s *session) writeSelection(v View) {
	s.announceFlags()
	s.tellExists()
	s.enc.Raw("* OK [UIDVALIDITY ").Number(v.UIDValidity).Raw("] UIDs stay valid.\r\n")
	s.enc.Raw("* OK [UIDNEXT ").Number(v.UIDNext).Raw("] The next UID, at least.\r\n")
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
