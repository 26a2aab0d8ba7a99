package imap

import (
	"fmt"
	"strings"

	"buzon/internal/uidset"
)

// storeArguments are those of STORE.
type storeArguments struct {
	uids   uidset.Set
	op     FlagOp
	silent bool
	flags  []string
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
	if err = s.storeQuietly(a.uids, a.op, a.flags); err != nil {
		return err
	}
	if !a.silent {
		if err = s.tellStored(a.uids); err != nil {
			return err
		}
	}
	return s.ok(tag, "", "Stored.")
}

// tellStored writes the flags that messages have now, also of those that had
// them before: "as if a FETCH of those flags was done" (RFC 3501 §6.4.6).
func (s *session) tellStored(uids uidset.Set) error {
	const limit = 500 // messages read at a time
	var page []Message
	for from := uint32(1); from != 0; {
		var err error
		if page, err = s.box.Page(s.ctx, uids, from, limit, 0, page[:0]); err != nil {
			return fmt.Errorf("read flags: %w", err)
		}
		if err = s.learnKeywords(page); err != nil {
			return err
		}
		for i := range page {
			s.tellFlagsOf(page[i])
		}
		if from = 0; len(page) == limit {
			from = page[limit-1].UID + 1
		}
		if err = s.enc.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) storeArguments(uid bool) (a storeArguments, err error) {
	if a.uids, err = s.setArgument(uid); err != nil {
		return a, err
	}
	if err = s.dec.SP(); err != nil {
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
