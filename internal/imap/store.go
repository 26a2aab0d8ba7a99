package imap

import (
	"strings"

	"buzon/internal/uidset"
)

// storeArguments are those of STORE.
type storeArguments struct {
	uids   uidset.Set
	op     FlagOp
	silent bool
	flags  []string
	since  int64 // of UNCHANGEDSINCE (RFC 7162 §3.1.3); negative: no condition
}

// store is STORE (RFC 3501 §6.4.6).
func (s *session) store(tag string, uid bool) error {
	a, err := s.storeArguments(uid)
	if err != nil {
		return err
	}
	if s.readOnly {
		return errReadOnly
	}
	var stored Stored
	var refused uidset.Set
	err = s.changing(func() (err error) {
		stored, refused, err = s.storeQuietly(a.uids, a.op, a.flags, a.since)
		return err
	})
	if err != nil {
		return err
	}
	if err = s.tellStored(a, stored.ModSeq, refused); err != nil {
		return err
	}
	if a.since >= 0 {
		return s.okConditional(tag, uid, a.uids, refused)
	}
	return s.ok(tag, "", "Stored.")
}

// tellStored writes the flags that messages have now, also of those that had
// them before: "as if a FETCH of those flags was done" (RFC 3501 §6.4.6). own is
// the modseq that this STORE gave. What others changed meanwhile comes with the update.
func (s *session) tellStored(a storeArguments, own int64, refused uidset.Set) error {
	if a.silent && !s.enabled.CondStore {
		return nil
	}
	return s.pages(a.uids, func(m *Message) {
		switch mine := own != 0 && m.ModSeq == own; {
		case m.ModSeq > s.modSeq && !mine:
		case !a.silent || refused.Has(m.UID): // RFC 7162 §3.1.3: so that the client can decide anew
			s.tellFlagsOf(*m)
		case mine: // RFC 7162 §3.1.3: also with .SILENT
			s.tellModSeqOf(*m)
		}
	})
}

func (s *session) storeArguments(uid bool) (a storeArguments, err error) {
	if a.uids, err = s.setArgument(uid); err != nil {
		return a, err
	}
	if err = s.dec.SP(); err != nil {
		return a, err
	}
	if err = s.storeModifiers(&a); err != nil {
		return a, err
	}
	if err = s.storeItem(&a); err != nil {
		return a, err
	}
	if err = s.dec.SP(); err != nil {
		return a, err
	}
	if a.flags, err = s.storeFlags(); err != nil {
		return a, err
	}
	return a, s.dec.CRLF()
}

// storeItem reads [+|-]FLAGS[.SILENT].
func (s *session) storeItem(a *storeArguments) error {
	item, err := s.dec.Keyword()
	if err != nil {
		return err
	}
	name, silent := strings.CutSuffix(item, ".SILENT")
	a.silent = silent
	switch name {
	case "FLAGS":
		a.op = FlagsReplace
	case "+FLAGS":
		a.op = FlagsAdd
	case "-FLAGS":
		a.op = FlagsRemove
	default:
		return syntaxf("STORE knows FLAGS, +FLAGS and -FLAGS, not %s.", item)
	}
	return nil
}

// storeFlags reads flags with or without parentheses.
func (s *session) storeFlags() ([]string, error) {
	if c, err := s.dec.Peek(); err == nil && c == '(' {
		return s.flagList()
	}
	var flags []string
	for {
		if err := s.flag(&flags); err != nil {
			return nil, err
		}
		if s.dec.AtEnd() {
			return flags, nil
		}
		if err := s.dec.SP(); err != nil {
			return nil, err
		}
	}
}

// flagList reads flags in parentheses.
func (s *session) flagList() (flags []string, err error) {
	err = s.dec.List(func() error { return s.flag(&flags) })
	return flags, err
}

// flag reads one flag and appends it, a system flag in its usual spelling.
// \Recent is not for clients to change (RFC 3501 §2.3.2) and is left out.
func (s *session) flag(flags *[]string) error {
	f, err := s.dec.Flag()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(f, `\`) {
		*flags = append(*flags, f)
		return nil
	}
	for _, known := range systemFlags {
		if strings.EqualFold(f, known) {
			*flags = append(*flags, known)
			return nil
		}
	}
	if strings.EqualFold(f, `\Recent`) {
		return nil
	}
	return refuse("CANNOT", "There is no system flag "+f+".")
}
