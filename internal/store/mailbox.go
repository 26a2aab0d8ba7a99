package store

import (
	"context"
)

type Mailbox struct {
	ID          MailboxID
	Account     AccountID
	Name        string // UTF-8, "/" between levels, "INBOX" in upper case
	UIDValidity uint32
	UIDNext     uint32
	ModSeq      int64 // HIGHESTMODSEQ; starts at 1, rises with every change
	Total       int64 // messages
	Unseen      int64
	Deleted     int64  // with \Deleted
	Size        int64  // octets
	SpecialUse  string // "\\Drafts" … or ""
	Subscribed  bool
	NoSelect    bool // only a subscription or a parent
}

// By name, INBOX first
func (s *Store) Mailboxes(ctx context.Context, acc AccountID) ([]Mailbox, error) {
	return nil, errNotYet
}
func (s *Store) Mailbox(ctx context.Context, acc AccountID, name string) (Mailbox, error) {
	return Mailbox{}, errNotYet
}
func (s *Store) MailboxByID(ctx context.Context, id MailboxID) (Mailbox, error) {
	return Mailbox{}, errNotYet
}

// CreateMailbox makes name and the parents it lacks. ErrExists, ErrBadName (control characters, empty levels, over 255 octets a level, 20 levels).
func (s *Store) CreateMailbox(ctx context.Context, acc AccountID, name, specialUse string) (Mailbox, error) {
	return Mailbox{}, errNotYet
}

// With children: becomes NoSelect (RFC 3501 §6.3.4)
func (s *Store) DeleteMailbox(ctx context.Context, acc AccountID, name string) error {}

// INBOX: moves its mail (RFC 3501 §6.3.5)
func (s *Store) RenameMailbox(ctx context.Context, acc AccountID, from, to string) error {}

// Any name (RFC 3501 §6.3.6)
func (s *Store) Subscribe(ctx context.Context, acc AccountID, name string, on bool) error {
	return errNotYet
}
