package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"buzon/internal/message"
)

// The queue holds what goes to other domains. An envelope is one message with
// its sender; a job is one recipient of it; a destination is a domain, and knows
// when the first of its jobs is due. Claim and NextDue look at destinations
// alone, so they cost what is due and not what waits.

type (
	EnvelopeID int64 // never given again
	JobID      int64 // its envelope and its number in it: see Envelope and String
)

// jobBits is how many bits of a JobID number the recipients of one envelope.
const jobBits = 20

// Envelope is the envelope that a job belongs to.
func (id JobID) Envelope() EnvelopeID { return EnvelopeID(id >> jobBits) }

// String is the name of a job for people: "17.1" is the first recipient of envelope 17.
func (id JobID) String() string {
	return fmt.Sprintf("%d.%d", id.Envelope(), id&(1<<jobBits-1)+1)
}

// ParseJobID reads what String wrote. ErrBadName.
func ParseJobID(s string) (JobID, error) {
	left, right, _ := strings.Cut(s, ".")
	e, err := strconv.ParseInt(left, 10, 63-jobBits)
	if err != nil || e < 0 {
		return 0, fmt.Errorf("job %q: %w", s, ErrBadName)
	}
	n, err := strconv.ParseInt(right, 10, 32)
	if err != nil || n < 1 || n > 1<<jobBits {
		return 0, fmt.Errorf("job %q: %w", s, ErrBadName)
	}
	return firstJob(EnvelopeID(e)) + JobID(n-1), nil
}

// firstJob and lastJob are the first and last job that an envelope can have.
func firstJob(e EnvelopeID) JobID { return JobID(e) << jobBits }
func lastJob(e EnvelopeID) JobID  { return firstJob(e) | (1<<jobBits - 1) }

// Notify is when a sender wants to hear of a recipient (RFC 3461 §4.1); 0 is
// "not said", which means failure and, as we do it, delay.
type Notify = message.Notify

// The bits of Notify. NotifyNever stands alone.
const (
	NotifyNever   = message.NotifyNever
	NotifySuccess = message.NotifySuccess
	NotifyFailure = message.NotifyFailure
	NotifyDelay   = message.NotifyDelay
)

// Outgoing is one envelope of a message to other domains. Several may share
// the body of an Incoming: one that is forwarded has a sender of its own.
type Outgoing struct {
	From       message.Address // reverse-path on the wire; zero is <>
	Account    AccountID       // who submitted or forwards it; 0 is the box itself
	Prefix     []byte          // header lines before Incoming.Prefix (DKIM-Signature); may be nil
	EnvID      string          // RFC 3461 §4.4, decoded
	Return     string          // RFC 3461 §4.3: "FULL", "HDRS" or ""
	RequireTLS bool            // RFC 8689
	UTF8       bool            // RFC 6531: sent with SMTPUTF8
	BodyType   string          // "7BIT", "8BITMIME", "BINARYMIME" or ""
	To         []Recipient     // one who is named twice gets one job
}

// Recipient is one recipient of an Outgoing.
type Recipient struct {
	Address  message.Address
	Notify   Notify
	Original string // ORCPT (RFC 3461 §4.2) as type;address, decoded
}

// Envelope is one queued message and who sends it.
type Envelope struct {
	ID         EnvelopeID
	Body       BodyID
	LogID      string // under which the log knows it
	Account    AccountID
	From       message.Address
	EnvID      string
	Return     string
	RequireTLS bool
	UTF8       bool
	BodyType   string
	Size       int64 // octets with the prefix
	Queued     time.Time
}

// Job is one recipient to whom an envelope is still to be sent.
type Job struct {
	ID       JobID
	Envelope EnvelopeID
	To       message.Address
	Notify   Notify
	Original string
	Attempts int // times it was claimed
	Next     time.Time
	Held     bool // Next means nothing
	Warned   bool
	Reply    message.Reply // the last words of its own or, if later, of its domain; zero before the first attempt
	Host     string        // who said them
}

// Queued is an envelope with its jobs, or some of them.
type Queued struct {
	Envelope
	Jobs []Job
}

// Batch is what Claim gives: due jobs of one domain.
type Batch struct {
	Domain string // message.Address.Domain of all recipients
	Queued []Queued
}
