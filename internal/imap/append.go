package imap

import (
	"io"
	"time"
)

// append is APPEND (RFC 3501 §6.3.11).
func (s *session) append(tag string) error {
	if err := s.dec.SP(); err != nil {
		return err
	}
	name, err := s.dec.Mailbox()
	if err != nil {
		return err
	}
	if err := s.checkTarget(name); err != nil {
		return err
	}
	drafts, err := s.appendMessages()
	defer func() {
		for _, d := range drafts {
			d.Body.Release()
		}
	}()
	if err != nil {
		return err
	}
	validity, uids, err := s.account.Append(s.ctx, name, drafts)
	if err != nil {
		return tryCreate(err)
	}
	s.ownChange(name)
	return s.okFiled(tag, name, s.appendCode(validity, uids), "Filed.")
}

// okFiled ends a command that filed messages in the mailbox name. Where that is
// the selected one, a client with QRESYNC is told where it stands: it knows the
// messages and their flags by their UIDs, never asks for them, and would else
// take them for another's changes when it comes back (interimap).
func (s *session) okFiled(tag, name, code, text string) error {
	if !s.enabled.QResync || s.box == nil || name != s.name || s.muted() {
		return s.ok(tag, code, text)
	}
	if err := s.update(); err != nil { // what the code is about comes before it
		return err
	}
	if !s.withholds() { // else ok does it
		s.tellHighestModSeq()
	}
	return s.ok(tag, code, text)
}

// checkTarget looks whether there is such a mailbox before the message is
// invited, not after it crossed a phone's network.
func (s *session) checkTarget(name string) error {
	m, err := s.account.Mailbox(s.ctx, name)
	if err == nil && (m.NonExistent || m.NoSelect) {
		err = ErrNoMailbox
	}
	return tryCreate(err)
}

// appendCode is APPENDUID (RFC 4315 §3).
func (s *session) appendCode(validity uint32, uids []uint32) string {
	if !s.has("UIDPLUS") || len(uids) == 0 {
		return ""
	}
	b := append(appendNumber([]byte("APPENDUID "), validity), ' ')
	for i, uid := range uids {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendNumber(b, uid)
	}
	return string(b)
}

// appendMessage reads flags, date and body of one message.
func (s *session) appendMessage(budget *appendBudget) (d Draft, err error) {
	if c, err := s.dec.Peek(); err == nil && c == '(' {
		if d.Flags, err = s.flagList(); err != nil {
			return d, err
		}
		if err = s.dec.SP(); err != nil {
			return d, err
		}
	}
	if d.Received, err = s.appendDate(); err != nil {
		return d, err
	}
	d.Body, err = s.appendBody(budget)
	return d, err
}

// appendDate reads a date-time in quotes and a space, if they are there.
func (s *session) appendDate() (time.Time, error) {
	if c, err := s.dec.Peek(); err != nil || c != '"' {
		return time.Time{}, err
	}
	text, err := s.dec.String()
	if err != nil {
		return time.Time{}, err
	}
	t, err := parseDateTime(text)
	if err != nil {
		return time.Time{}, err
	}
	return t, s.dec.SP()
}

// appendBody reads the literal, also ~{n} (RFC 3516 §4.4), or UTF8 (~{n} ...) (RFC 6855 §4).
func (s *session) appendBody(budget *appendBudget) (Received, error) {
	wrapped := false
	if c, err := s.dec.Peek(); err == nil && (c == 'U' || c == 'u') {
		if err := s.appendUTF8(); err != nil {
			return nil, err
		}
		wrapped = true
	}
	r, size, err := s.dec.LiteralReader(s.account.AppendLimit(), budget.take)
	if err != nil {
		return nil, err
	}
	if size == 0 {
		return nil, refuse("CANNOT", "An empty message cannot be filed.")
	}
	body, err := s.account.Receive(s.ctx, r)
	if err != nil {
		return nil, err
	}
	if err := s.appendEnd(r, wrapped); err != nil {
		body.Release()
		return nil, err
	}
	return body, nil
}

func (s *session) appendUTF8() error {
	word, err := s.dec.Keyword()
	if err != nil {
		return err
	}
	if word != "UTF8" || !s.enabled.UTF8 {
		return syntaxf("Expected the message as a literal.")
	}
	if err := s.dec.SP(); err != nil {
		return err
	}
	return s.dec.Expect('(')
}

// appendEnd makes sure that the Backend took the whole message.
func (s *session) appendEnd(r io.Reader, wrapped bool) error {
	var one [1]byte
	if n, err := r.Read(one[:]); n > 0 || err != io.EOF {
		return syntaxf("The message was not read to its end.")
	}
	if !wrapped {
		return nil
	}
	return s.dec.Expect(')')
}
