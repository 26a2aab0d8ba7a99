package report

import (
	"errors"
	"fmt"
	"io"
	"time"

	"buzon/internal/message"
)

// Kind is what became of a message for a recipient: the actions of RFC 3464 §2.3.3.
type Kind uint8

// The kinds. Zero is none.
const (
	Failed    Kind = iota + 1 // it will not arrive, and nothing more is tried
	Delayed                   // it has not arrived yet, and we keep trying
	Delivered                 // it is in the mailbox
	Relayed                   // it went to a server that tells no more (RFC 3461 §6.2.2)
	Expanded                  // it went to the several addresses behind this one
)

// String is the word of the field Action.
func (k Kind) String() string {
	if k < Failed || k > Expanded {
		return "none"
	}
	return [...]string{"failed", "delayed", "delivered", "relayed", "expanded"}[k-Failed]
}

// DSN is a delivery status notification (RFC 3461 §6, RFC 3464): a report to a sender. It is sent from the null sender.
type DSN struct {
	Kind         Kind
	Language     string // "en", "es"; any other is English
	ReportingMTA string // our host name
	EnvID        string // ENVID decoded, empty when there was none
	Arrival      time.Time
	Recipients   []Recipient

	To        message.Address // the sender of the original
	From      message.Address // who reports: MAILER-DAEMON or postmaster at a domain of ours
	MessageID string          // of the report, without brackets and not to be guessed; "" makes one
	Now       time.Time       // in the zone in which its reader lives

	// Original is the message as it was accepted. It is read by Build and again whenever the report is. Where it is nil or
	// empty the report has no third part (RFC 3464 §2).
	Original     *io.SectionReader
	OriginalSize int64 // octets; 0 is all of Original
	HeadersOnly  bool  // RET=HDRS (RFC 3461 §4.3)
	UTF8         bool  // the original came with SMTPUTF8
}

// Recipient is one recipient's part of a report.
type Recipient struct {
	Final          message.Address // where the message was to go
	Original       string          // ORCPT as type;address, decoded; empty when there was none
	Action         Kind            // zero is the report's Kind
	Status         string          // such as "5.1.1"; "" is taken from Diagnostic
	Diagnostic     message.Reply   // the last words; zero when there were none
	RemoteMTA      string          // the host that said them, empty when it was us
	Last           time.Time       // of the last attempt; zero is left out
	WillRetryUntil time.Time       // Delayed: when we give up; zero is left out
}

var (
	errNoKind      = errors.New("report without a kind")
	errNoRecipient = errors.New("report about no recipient")
	errNullSender  = errors.New("report to the null sender")
	errNoReporter  = errors.New("report from nobody")
)

// Wanted tells whether the sender of a message, from, gets a report of this kind about a recipient (RFC 3461 §4.1). The
// null sender never does: reports about reports would not end (RFC 3464 §2, RFC 5321 §6.1).
func Wanted(notify message.Notify, kind Kind, from message.Address) bool {
	if from.IsZero() || notify.Has(message.NotifyNever) {
		return false
	}
	if notify == 0 { // RFC 3461 §4.1: without NOTIFY, failures and, where we like, delays
		return kind == Failed || kind == Delayed
	}
	switch kind {
	case Failed:
		return notify.Has(message.NotifyFailure)
	case Delayed:
		return notify.Has(message.NotifyDelay)
	case Delivered, Relayed, Expanded:
		return notify.Has(message.NotifySuccess)
	}
	return false
}

// Mail writes the report. Only errors of reading Original, and of fields that must not be empty, are returned.
func (d DSN) Mail() (Mail, error) {
	if err := d.check(); err != nil {
		return Mail{}, fmt.Errorf("build report: %w", err)
	}
	if d.MessageID == "" {
		d.MessageID = message.NewMessageID(d.From.Domain)
	}
	if d.Arrival.IsZero() {
		d.Arrival = d.Now
	}
	o, err := d.readOriginal()
	if err != nil {
		return Mail{}, fmt.Errorf("build report: %w", err)
	}
	return d.mail(o), nil
}

func (d DSN) check() error {
	switch {
	case d.Kind.String() == "none":
		return errNoKind
	case len(d.Recipients) == 0:
		return errNoRecipient
	case d.To.IsZero():
		return errNullSender
	case d.From.IsZero():
		return errNoReporter
	}
	return nil
}
