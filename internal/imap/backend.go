// Package imap speaks IMAP4rev1 (RFC 3501) and its extensions on the server's
// side: the codec, the state of a session, and a file a command. What mail
// there is comes from a Backend; there is no SQL here. Types that clients and
// servers share are those of github.com/emersion/go-imap/v2.
package imap

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/netip"
	"time"

	"github.com/emersion/go-sasl"

	"buzon/internal/uidset"
)

// Errors a Backend wraps so that a command can answer with the right response
// code (RFC 5530); any other error is NO [SERVERBUG]-free "try again" on the
// wire and its detail in the log.
var (
	ErrCredentials  = errors.New("wrong name or password")    // AUTHENTICATIONFAILED
	ErrMalformed    = errors.New("malformed log-in")          // BAD
	ErrNoMailbox    = errors.New("no such mailbox")           // NONEXISTENT, TRYCREATE where it fits
	ErrExists       = errors.New("mailbox already exists")    // ALREADYEXISTS
	ErrBadName      = errors.New("not a valid name")          // CANNOT
	ErrSpecialUse   = errors.New("special use not to be had") // USEATTR
	ErrOverQuota    = errors.New("over quota")                // OVERQUOTA
	ErrKeywordsFull = errors.New("too many keywords")         // LIMIT
	ErrNoMessage    = errors.New("no such message")           // EXPUNGEISSUED
	ErrTooLarge     = errors.New("message is too large")      // TOOBIG
	ErrMetadataFull = errors.New("too many annotations")      // METADATA TOOMANY
	ErrInUse        = errors.New("mailbox cannot be changed") // CANNOT, INUSE
)

// Peer is the other end of a connection.
type Peer struct {
	Addr netip.Addr
	TLS  *tls.ConnectionState // nil without TLS
}

// Secure tells whether a password may cross the connection: under TLS, or on loopback.
func (p Peer) Secure() bool { return p.TLS != nil || p.Addr.IsLoopback() }

// Backend opens accounts.
type Backend interface {
	// Mechanisms are the SASL mechanisms to offer this peer.
	Mechanisms(p Peer) []string
	// Authenticate starts a SASL exchange; done gets the account when it succeeds.
	Authenticate(ctx context.Context, p Peer, mechanism string, done func(Account)) (sasl.Server, error)
	Login(ctx context.Context, p Peer, user, password string) (Account, error)
}

// Account is the mail of one logged-in person.
type Account interface {
	Name() string                  // for the log: the account's address
	Arrive(p Peer)                 // the session begins: called once, before all else
	Named(client string)           // the program says what it calls itself (ID)
	Leave()                        // the session is over: called once, after all else
	Hidden(client string) []string // capabilities not to advertise nor accept, given what the program calls itself (ID) or ""
	AppendLimit() int64            // octets of one message (RFC 7889)
	MetadataSize() int64           // octets of one annotation (RFC 5464)

	Mailboxes(ctx context.Context) ([]Mailbox, error) // every selectable and \NoSelect one, and names only subscribed; by name
	Mailbox(ctx context.Context, name string) (Mailbox, error)
	Recent(ctx context.Context, name string) (int64, error) // how many messages SELECT would call \Recent
	Create(ctx context.Context, name, specialUse string) (Mailbox, error)
	Delete(ctx context.Context, name string) error
	Rename(ctx context.Context, from, to string) error
	Subscribe(ctx context.Context, name string, on bool) error

	Quota(ctx context.Context) (Quota, error)
	DeletedSize(ctx context.Context, name string) (int64, error) // octets of what has \Deleted (RFC 9208 §4.1.4)

	// Annotations lists what a mailbox has, without values, by name; mailbox "" is the account itself (RFC 5464 §3).
	Annotations(ctx context.Context, mailbox string) ([]Annotation, error)
	// Annotation is the value of one entry, nil where there is none.
	Annotation(ctx context.Context, mailbox, entry string) ([]byte, error)
	// Annotate sets and removes entries, all or none. ErrMetadataFull.
	Annotate(ctx context.Context, mailbox string, list []Annotation) error

	// Receive spools one message from r; the caller releases it. ErrTooLarge; an error of r comes back as it is.
	Receive(ctx context.Context, r io.Reader) (Received, error)
	// Append files drafts in one mailbox, all or none, and returns the UIDs in order.
	Append(ctx context.Context, name string, drafts []Draft) (uidValidity uint32, uids []uint32, err error)
	// Watch is Box.Watch for all mailboxes and the list of them.
	Watch(ring func()) (stop func())
	// Open gives the mailbox for a session; claim makes this the session that \Recent messages are told to.
	Open(ctx context.Context, name string, claim bool) (Box, error)
}

// Quota is what an account uses and may use; a limit of 0 is none.
type Quota struct {
	Octets, UsedOctets       int64
	Messages, UsedMessages   int64
	Mailboxes, UsedMailboxes int64
}

// Annotation is an entry of RFC 5464; names are in lower case.
type Annotation struct {
	Entry string
	Value []byte // nil removes the entry; not in lists
	Size  int64  // octets of the value, in lists
}

// Received is a spooled message.
type Received interface {
	Size() int64
	Release()
}

// Draft is one message of APPEND.
type Draft struct {
	Body     Received
	Flags    []string
	Received time.Time // INTERNALDATE; zero is now
}

// Mailbox is a name in the tree with its counters. Names are UTF-8, "/" between levels, INBOX in upper case.
type Mailbox struct {
	Name                   string
	ID                     string // MAILBOXID (RFC 8474)
	UIDValidity            uint32
	UIDNext                uint32
	ModSeq                 int64
	Total, Unseen, Deleted int64
	Size                   int64
	SpecialUse             string
	Subscribed             bool
	NoSelect               bool // a parent without mail
	NonExistent            bool // only subscribed
}

// Flags of a message: system flags in the low bits, then the mailbox's keywords from KeywordBit on.
type Flags uint64

const (
	Seen Flags = 1 << iota
	Answered
	Flagged
	Deleted
	DraftFlag
	KeywordBit = 8
)

// Fields says what a listing needs beyond UID, Flags and ModSeq.
type Fields uint8

const (
	WithMeta Fields = 1 << iota // Received, Saved, Size, Thread, Body
	WithEnvelope
	WithStructure
	WithPreview
	WithReferences
)

// Message is one row of a mailbox.
type Message struct {
	UID             uint32
	Flags           Flags
	ModSeq          int64
	Received, Saved time.Time
	Size            int64
	Body            int64  // EMAILID
	Thread          int64  // THREADID
	Envelope        []byte // message.DecodeEnvelope
	Structure       []byte // message.DecodePart
	Preview         []byte // message.Preview; nil when it was not made at delivery
	References      []byte // message.Structure.AppendThreadIDs; nil when they were not kept at delivery
}

// View is a mailbox's UIDs and counters read together.
type View struct {
	Mailbox
	UIDs        uidset.Set
	RecentFrom  uint32 // first UID that is \Recent for this session
	FirstUnseen uint32 // UID; 0: none, or it would cost too much to find it
}

// Changes is what happened after a modseq.
type Changes struct {
	ModSeq   int64
	Vanished uidset.Set
	Changed  []Message  // new ones too; without Fields; by UID
	Many     uidset.Set // these instead of a long Changed: to be listed with Page
	UIDNext  uint32
	Gone     bool
}

// FlagOp is what STORE does with its flags.
type FlagOp int

const (
	FlagsReplace FlagOp = iota
	FlagsAdd
	FlagsRemove
)

// Stored is what Store did.
type Stored struct {
	ModSeq   int64      // that the changed messages have now, and no others; 0 when nothing changed
	Modified uidset.Set // refused, because they changed after unchangedSince
}

// Copied pairs source and destination UIDs in ascending order (RFC 4315 §3).
type Copied struct {
	UIDValidity uint32
	From, To    uidset.Set
}

// Lookup is a text that a search looks for, folded by package fold, of three octets at least.
type Lookup struct {
	Folded       string
	Header, Body bool // where
}

// Candidates is the messages that may have the text of a Lookup.
type Candidates struct{ Header, Body uidset.Set }

// Box is an opened mailbox. It holds no transaction and no lock.
type Box interface {
	View(ctx context.Context) (View, error)
	Keywords(ctx context.Context) ([]string, error) // by number from KeywordBit
	Changes(ctx context.Context, since int64) (Changes, error)
	// Since tells which messages of uids changed after a modseq, and which of uids were removed after it.
	Since(ctx context.Context, since int64, uids uidset.Set) (changed, vanished uidset.Set, err error)
	// Page appends at most limit messages with UID in uids from from on, ascending. What it returns is valid until buf is used again or Changes is called.
	Page(ctx context.Context, uids uidset.Set, from uint32, limit int, f Fields, buf []Message) ([]Message, error)
	// Store changes flags, but not of messages that changed after unchangedSince (RFC 7162 §3.1.3; negative: no condition).
	Store(ctx context.Context, uids uidset.Set, op FlagOp, flags []string, unchangedSince int64) (Stored, error)
	Expunge(ctx context.Context, uids uidset.Set) (uidset.Set, error) // only those with \Deleted
	Copy(ctx context.Context, uids uidset.Set, to string) (Copied, error)
	Move(ctx context.Context, uids uidset.Set, to string) (Copied, error)
	// Replace files d in the mailbox to and removes uid from this one, both or neither (RFC 8508). ErrNoMessage.
	Replace(ctx context.Context, uid uint32, to string, d Draft) (uidValidity, newUID uint32, err error)
	Body(ctx context.Context, body int64) (Body, error)
	// Candidates tells which messages of uids are in an index of texts, and which of those may have each text: the others have it not.
	Candidates(ctx context.Context, uids uidset.Set, texts []Lookup) (list []Candidates, indexed uidset.Set, err error)
	// Watch calls ring, from any goroutine, when the mailbox may have changed, until stop.
	// ring does not block. It is a call and not a channel, so that an idle session
	// needs no second goroutine: it wakes the one that waits for the client.
	Watch(ring func()) (stop func())
	Close()
}

// Body is a stored message, chunk by chunk.
type Body interface {
	io.ReaderAt
	io.WriterTo
	Size() int64
	Release()
}
