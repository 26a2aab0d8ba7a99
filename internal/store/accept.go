package store

import (
	"context"
	"io"

	"buzon/internal/message"
)

// Incoming is one message to accept whole or not at all.
type Incoming struct {
	From    message.Address
	Body    *io.SectionReader // the octets as they arrived
	Prefix  []byte            // header lines put before them for every recipient (Return-Path, Received); may be nil
	Deliver []Delivery
	Relay   []message.Address // queued for other domains in the same transaction
}

// Delivery is one recipient's copy. The body is held once for all of them.
type Delivery struct {
	Account AccountID
	Mailbox string   // "" is INBOX; made when missing
	Prefix  []byte   // header lines before Incoming.Prefix for this recipient alone (Delivered-To)
	Flags   []string // set from the start
}

// Accept stores the message for all recipients or none, synced to disk on return, then rings the bells.
// ErrOverQuota and ErrNoAccount are the caller's to report.
func (s *Store) Accept(ctx context.Context, in Incoming) error { return errNotYet }
