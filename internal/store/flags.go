package store

import (
	"context"
	"fmt"
	"math"
	"strings"

	"zombiezen.com/go/sqlite"

	"buzon/internal/uidset"
)

// Flags is a set of flags in one mailbox: the system flags, and from bit KeywordBit on the mailbox's keywords.
type Flags uint64

// The system flags (RFC 3501 §2.3.2), and one of our own.
const (
	Seen Flags = 1 << iota
	Answered
	Flagged
	Deleted
	Draft_  // \Draft
	Fetched // by POP3, for pop3.keep-days; never shown
	_
	_
	KeywordBit = 8 // bit of a mailbox's keyword number 0; 55 keywords fit
)

const (
	maxKeywords = 55                                        // one bit less than fits, as SQLite's integers have a sign
	keywordMask = Flags(1)<<(KeywordBit+maxKeywords) - 1<<8 // all bits of keywords

	// maxKeyword is far beyond what programs use ("$MailFlagBit0").
	maxKeyword = 128 // octets
)

// FlagOp is what StoreFlags does with the given flags.
type FlagOp int

// What STORE can do (RFC 3501 §6.4.6).
const (
	FlagsReplace FlagOp = iota
	FlagsAdd
	FlagsRemove
)

// flagNames is a list of flags taken apart.
type flagNames struct {
	system   Flags
	keywords []string
}

// parseFlags takes a list of flags apart. ErrBadName for a system flag that
// there is not, or that no client may set (\Recent), and for what is no atom.
func parseFlags(names []string) (flagNames, error) {
	var f flagNames
	for _, name := range names {
		switch bit := systemFlag(name); {
		case bit != 0:
			f.system |= bit
		case isKeyword(name):
			f.keywords = append(f.keywords, name)
		default:
			return flagNames{}, fmt.Errorf("%w: flag %q", ErrBadName, name)
		}
	}
	return f, nil
}

func systemFlag(name string) Flags {
	switch strings.ToLower(name) {
	case `\seen`:
		return Seen
	case `\answered`:
		return Answered
	case `\flagged`:
		return Flagged
	case `\deleted`:
		return Deleted
	case `\draft`:
		return Draft_
	}
	return 0
}

// isKeyword is flag-keyword, an atom of RFC 3501 §9.
func isKeyword(name string) bool {
	if name == "" || len(name) > maxKeyword {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`(){%*"\]`, c) >= 0 {
			return false
		}
	}
	return true
}

// Keywords is the names of a mailbox's keywords by number.
func (s *Store) Keywords(ctx context.Context, box MailboxID) (names []string, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		names, err = keywords(c, box)
		return err
	})
	return names, wrap("keywords", err)
}

// keywords have numbers without gaps, as none is removed before its mailbox.
func keywords(c *sqlite.Conn, box MailboxID) ([]string, error) {
	var names []string
	err := each(c, `SELECT name FROM keyword WHERE mailbox = ?+0 ORDER BY bit`,
		func(st *sqlite.Stmt) { names = append(names, st.ColumnText(0)) }, int64(box))
	return names, err
}

// keywordBits is the bits of keywords in box, in any case (RFC 3501 §2.3.2
// leaves it open; clients disagree). Those unknown are made, or left out.
// ErrKeywordsFull.
func keywordBits(tx *tx, box MailboxID, names []string, create bool) (Flags, error) {
	if len(names) == 0 {
		return 0, nil
	}
	known, err := keywords(tx.Conn, box)
	if err != nil {
		return 0, err
	}
	var bits Flags
	for _, name := range names {
		i := indexFold(known, name)
		if i < 0 {
			if !create {
				continue
			}
			if i = len(known); i == maxKeywords {
				return 0, ErrKeywordsFull
			}
			if err := insertKeyword(tx, box, i, name); err != nil {
				return 0, err
			}
			known = append(known, name)
		}
		bits |= 1 << (KeywordBit + i)
	}
	return bits, nil
}

func indexFold(list []string, name string) int {
	for i, other := range list {
		if strings.EqualFold(other, name) {
			return i
		}
	}
	return -1
}

func insertKeyword(tx *tx, box MailboxID, bit int, name string) error {
	st, err := tx.Prepare(`INSERT INTO keyword(mailbox, bit, name) VALUES(?, ?, ?)`)
	if err != nil {
		return err
	}
	st.BindInt64(1, int64(box))
	st.BindInt64(2, int64(bit))
	st.BindText(3, name)
	_, err = st.Step()
	return err
}

// Stored tells what StoreFlags did.
type Stored struct {
	ModSeq   int64      // that every changed message has now; 0 when none was changed
	Modified uidset.Set // refused, because they changed after unchangedSince (RFC 7162 §3.1.3)
}

// StoreFlags changes flags of uids, but of none that changed after
// unchangedSince (negative: no condition). New keywords are made;
// ErrKeywordsFull, ErrBadName. What already has the wanted flags is not
// written. Fetched stays as it is.
func (s *Store) StoreFlags(ctx context.Context, box MailboxID, uids uidset.Set, op FlagOp, flags []string, unchangedSince int64) (Stored, error) {
	names, err := parseFlags(flags)
	if err != nil {
		return Stored{}, fmt.Errorf("store flags: %w", err)
	}
	if unchangedSince < 0 {
		unchangedSince = math.MaxInt64
	}
	return s.storeFlags(ctx, box, uids, op, names, unchangedSince)
}

// MarkFetched sets Fetched, which has no name, on uids.
func (s *Store) MarkFetched(ctx context.Context, box MailboxID, uids uidset.Set) error {
	_, err := s.storeFlags(ctx, box, uids, FlagsAdd, flagNames{system: Fetched}, math.MaxInt64)
	return err
}

func (s *Store) storeFlags(ctx context.Context, box MailboxID, uids uidset.Set, op FlagOp, names flagNames, since int64) (stored Stored, err error) {
	err = s.write(ctx, func(tx *tx) error {
		ch, err := begin(tx, box)
		if err != nil {
			return err
		}
		bits, err := keywordBits(tx, box, names.keywords, op != FlagsRemove)
		if err != nil {
			return err
		}
		edit := editFor(op, names.system|bits)
		stored, err = edit.apply(tx, ch, uids, since)
		return err
	})
	if err != nil {
		return Stored{}, fmt.Errorf("store flags: %w", err)
	}
	return stored, nil
}

// flagEdit makes flags&keep|set of flags.
type flagEdit struct{ keep, set Flags }

func editFor(op FlagOp, bits Flags) flagEdit {
	switch op {
	case FlagsAdd:
		return flagEdit{^Flags(0), bits}
	case FlagsRemove:
		return flagEdit{^bits, 0}
	}
	return flagEdit{Fetched, bits}
}

// apply edits the messages of uids that it would change. Those with a modseq
// above since are left as they are.
func (e flagEdit) apply(tx *tx, ch *change, uids uidset.Set, since int64) (Stored, error) {
	var wanted, modified uidset.Builder
	err := scan(tx.Conn, `SELECT uid, flags, modseq FROM msg WHERE mailbox = ?+0 AND uid >= ? ORDER BY uid`, ch.box, uids, 0,
		func(uid uint32, st *sqlite.Stmt) bool {
			old := Flags(st.ColumnInt64(1))
			edited := old&e.keep | e.set
			if st.ColumnInt64(2) > since {
				modified.Add(uid)
			} else if edited != old {
				wanted.Add(uid)
				ch.by.reflag(old, edited)
			}
			return true
		})
	if err != nil {
		return Stored{}, err
	}
	stored := Stored{Modified: modified.Set()}
	ranges := wanted.Set().Ranges()
	for _, r := range ranges {
		err := run(tx.Conn, `UPDATE msg SET flags = flags & ? | ?, modseq = ? WHERE mailbox = ?+0 AND uid BETWEEN ? AND ?`,
			int64(e.keep), int64(e.set), ch.modSeq, int64(ch.box), int64(r.Lo), int64(r.Hi))
		if err != nil {
			return Stored{}, err
		}
	}
	if len(ranges) == 0 {
		return stored, nil
	}
	stored.ModSeq = ch.modSeq
	return stored, ch.finish(tx)
}

// reflag counts a message whose flags change.
func (c *counts) reflag(old, edited Flags) {
	var before, after counts
	before.add(old, 0)
	after.add(edited, 0)
	c.plus(before, -1)
	c.plus(after, 1)
}
