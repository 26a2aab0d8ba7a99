package store

import (
	"context"
	"time"

	"buzon/internal/uidset"
)

// Fields says which columns a listing needs beyond UID, Flags and ModSeq.
type Fields uint8

const (
	WithMeta      Fields = 1 << iota // Received, Saved, Size, Thread, Body
	WithEnvelope                     // the cached binary envelope
	WithStructure                    // the cached binary part tree and PrefixLen
)

// Message is one row of a mailbox.
type Message struct {
	UID       uint32
	Flags     Flags
	ModSeq    int64
	Received  time.Time // INTERNALDATE
	Saved     time.Time // SAVEDATE (RFC 8514)
	Size      int64     // octets, prefix included (RFC822.SIZE)
	Body      BodyID
	Thread    ThreadID
	Envelope  []byte // message.DecodeEnvelope; includes nothing of the prefix
	Structure []byte // message.DecodePart; offsets count from the start of the whole message as Open gives it (prefix included)
}

// Page appends to buf at most limit messages of box with UID in uids, ascending, beginning at from; call again with the last UID+1.
// No transaction stays open between calls, so a slow client holds nothing. Envelope and Structure are valid until buf is reused.
func (s *Store) Page(ctx context.Context, box MailboxID, uids uidset.Set, from uint32, limit int, f Fields, buf []Message) ([]Message, error) {
	return nil, errNotYet
}

// View is a mailbox's UIDs and counters as of one ModSeq, read together.
type View struct {
	Mailbox
	UIDs uidset.Set
}

func (s *Store) View(ctx context.Context, box MailboxID) (View, error) { return View{}, errNotYet }

// Changes is what happened to a mailbox after a modseq.
type Changes struct {
	ModSeq   int64 // ask again from here
	Vanished uidset.Set
	Changed  []Message // new ones and those with new flags, by ascending UID, without Fields
	UIDNext  uint32
	Gone     bool // the mailbox itself was removed
}

// Changes lists everything after since. since 0 lists all that is there.
func (s *Store) Changes(ctx context.Context, box MailboxID, since int64) (Changes, error) {
	return Changes{}, errNotYet
}
