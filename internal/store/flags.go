package store

import (
	"context"

	"buzon/internal/uidset"
)

// Flags is a set of flags in one mailbox: the system flags, and from bit KeywordBit on the mailbox's keywords.
type Flags uint64

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

// Keywords is the names of a mailbox's keywords by number.
func (s *Store) Keywords(ctx context.Context, box MailboxID) ([]string, error) { return nil, errNotYet }

// FlagOp is what StoreFlags does with the given flags.
type FlagOp int

const (
	FlagsReplace FlagOp = iota
	FlagsAdd
	FlagsRemove
)

// StoreFlags changes flags of uids and returns the mailbox's new ModSeq and the UIDs refused because they changed
// after unchangedSince (RFC 7162 §3.1.3; negative: no condition). New keywords are made; ErrKeywordsFull. What already has
// the wanted flags is not written.
func (s *Store) StoreFlags(ctx context.Context, box MailboxID, uids uidset.Set, op FlagOp, flags []string, unchangedSince int64) (modified uidset.Set, err error) {
	return uidset.Set{}, errNotYet
}
