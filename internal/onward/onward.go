// Package onward decides what a message sets off beyond the SMTP session that brought it: which copies stay here, what is
// queued for other domains and under which sender, who gets an answer or a report. The session does the talking, the
// store keeps all of it in one transaction, the queue sends it.
//
// Invariants: what leaves in the name of one of our domains is from somebody who may use that name and bears our
// signature; a forwarded message bears a sender of ours (SRS), so that SPF holds and bounces find back; nothing is ever
// sent about a message of the null sender; and no message goes round in a circle.
//
// RFC 6409 (submission), RFC 3461 (reports), RFC 3834 (automatic answers).
package onward

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"time"

	"buzon/internal/message"
	"buzon/internal/store"
)

// Desk plans for one appliance. It may be used concurrently.
type Desk struct {
	Store  *store.Store
	Sign   func(ctx context.Context, domain string, m *io.SectionReader) ([]byte, error) // DKIM-Signature lines for m
	Name   func() string                                                                 // our host name
	Secret []byte                                                                        // of forwarded senders (SRS) and marks against loops; at least 16 octets
	Now    func() time.Time
	Log    *slog.Logger
}

// Mail is a message with its envelope, as a session has it before it answers.
type Mail struct {
	ID         string // under which the log knows it
	From       message.Address
	EnvID      string // RFC 3461 §4.4, decoded
	Return     string // RFC 3461 §4.3
	RequireTLS bool   // RFC 8689
	UTF8       bool   // RFC 6531
	BodyType   string // RFC 6152, RFC 3030
	To         []Recipient
	Body       *io.SectionReader // the octets that arrived
	Trace      []byte            // our Received field
}

// Recipient is one that the session accepted, with what the store found for it.
type Recipient struct {
	Address  message.Address
	Found    store.Resolution
	Notify   message.Notify
	Original string // ORCPT as type;address, decoded
}

// Leaves tells whether a message for these recipients goes to other domains, too.
func Leaves(to []Recipient) bool {
	return slices.ContainsFunc(to, func(r Recipient) bool { return len(r.Found.Foreign) > 0 || len(r.Found.Forwards) > 0 })
}

// Plan is what a message sets off: Accept it, then tell Accepted.
type Plan struct {
	store.Incoming
	Remark   string // for the log
	mail     Mail
	accepted func()
}

// OnAccepted has f called once the message is accepted.
func (p *Plan) OnAccepted(f func()) { p.accepted = f }

// Accounts are those in whose mailboxes the message is to go, each once.
func (m *Mail) Accounts() (list []store.AccountID) {
	for _, r := range m.To {
		for _, acc := range r.Found.Local {
			if !slices.Contains(list, acc.ID) {
				list = append(list, acc.ID)
			}
		}
	}
	return list
}
