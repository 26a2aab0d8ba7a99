package config

import "time"

// Limits are the numbers that keep one peer, or many, from costing more than
// the board has. One place, each with its unit and its reason; the README's
// table is made from here.
type Limits struct {
	Connections    int           // at once, in all services: 19 KB each before any buffer of ours
	PerAddress     int           // connections at once from one address or IPv6 /64: a phone opens one a folder
	PreLoginOctets int64         // that a peer may send before log-in: the longest SASL exchange fits well
	PreLoginTime   time.Duration // from greeting to log-in
	LoginsFree     int           // failed log-ins of an address or account without a delay: people mistype
	LoginDelay     time.Duration // after the next failure, doubled by each further one
	LoginDelayMax  time.Duration // no delay is longer: mail programs give up after a minute
	LoginForget    time.Duration // in which the count of failures halves
	LoginTrust     time.Duration // that an address which logged in is exempt from what strangers do to the account
	LoginEntries   int           // addresses and accounts remembered by the guard: 100 octets each
	MessageSize    int64         // octets of one message
	SMTPLine       int           // octets of a line in a message (RFC 5321 §4.5.3.1.6 asks 1000; real mail has longer ones)
	CommandLine    int           // octets of a POP3 command line, of an IMAP command without its literals; half of it for SMTP
	Recipients     int           // of one message (RFC 5321 §4.5.3.1.8 asks at least 100)
	HeaderSize     int           // octets of a message's header
	Received       int           // trace lines before we call it a loop (RFC 5321 §6.3)
	Compressed     int           // IMAP connections with COMPRESS at once: 40 KB more each
	IMAPLiteral    int64         // octets of a literal in a command other than APPEND, once logged in
	Messages       int64         // of one account: SQLite was measured up to a million
	Mailboxes      int64         // of one account: every LIST reads them all
	MetadataSize   int64         // octets of one annotation (RFC 5464 §4.1 asks 1024 at least): no more fits a literal
	Metadata       int64         // annotations of one mailbox, or of the account itself (RFC 5464 §4.1 asks 10 at least)
	AllMetadata    int64         // annotations of an account and its mailboxes together: no quota counts them
	SMTPIdle       time.Duration // between commands (RFC 5321 §4.5.3.2.7 asks 5 minutes)
	SMTPData       time.Duration // without a single octet of body; each octet read renews it
	POP3Idle       time.Duration // RFC 1939 §3 asks at least 10 minutes
	IMAPIdle       time.Duration // RFC 3501 §5.4 asks at least 30 minutes
	SpoolMemory    int           // octets of a body held in memory before it goes to a file
	PasswordHashes int           // argon2id computations at once: 7 MiB each
	ShutdownGrace  time.Duration // that commands in flight get at SIGTERM

	// Strangers at port 25.
	GateTime          time.Duration // that a client waits at most for what DNS says of it, each time: what is not known by then counts as unknown
	GateLookups       int           // clients looked up in DNS at once; the others wait for their turn: each needs a socket for every question
	GreetWait         time.Duration // that a stranger has to be silent before it is greeted (RFC 5321 §4.3.1): programs that only send junk talk at once
	StrangerDelay     time.Duration // before the first recipient of a message of a stranger is answered: longer than many senders of junk stay
	Delayed           int           // clients delayed at once, each holding a connection; beyond that strangers are not, and those who did wrong are sent away
	SourceConnections int           // connections to port 25 in a minute from one address or IPv6 /64: a mailing list brings one after the other
	SourceParallel    int           // connections to port 25 at once from one address that never brought mail
	SourceMessages    int           // messages in an hour from one address: a big provider's busy host brings fewer to a home
	SourceUnknown     int           // recipients that are not here, in an hour from one address: more is guessing names
	SourceErrors      int           // refused commands in an hour from one address: more is no mail server
	SourceSlow        time.Duration // that an address is slow after that: one connection at once, and no stranger's delay is shorter
	SlowDelay         time.Duration // before each recipient of such an address is answered
	Sources           int           // addresses whose rates are remembered, 200 octets each; who was silent longest goes
	SMTPRate          int           // octets a second that a body must come with on average, after SMTPData: the slowest lines still do
	SMTPSession       time.Duration // of one connection to port 25: then it may begin anew
}

// DefaultLimits fit a board with 64 MB to spare.
func DefaultLimits() Limits {
	return Limits{
		Connections:    1200,
		PerAddress:     40,
		PreLoginOctets: 16 << 10,
		PreLoginTime:   time.Minute,
		LoginsFree:     5,
		LoginDelay:     time.Second,
		LoginDelayMax:  30 * time.Second,
		LoginForget:    10 * time.Minute,
		LoginTrust:     30 * 24 * time.Hour,
		LoginEntries:   4000,
		MessageSize:    50 << 20,
		SMTPLine:       2000,
		CommandLine:    8 << 10,
		Recipients:     200,
		HeaderSize:     256 << 10,
		Received:       50,
		Compressed:     500,
		IMAPLiteral:    64 << 10,
		Messages:       1_000_000,
		Mailboxes:      1000,
		MetadataSize:   64 << 10,
		Metadata:       100,
		AllMetadata:    1000,
		SMTPIdle:       5 * time.Minute,
		SMTPData:       3 * time.Minute,
		POP3Idle:       10 * time.Minute,
		IMAPIdle:       31 * time.Minute,
		SpoolMemory:    12 << 10,
		PasswordHashes: 1,
		ShutdownGrace:  20 * time.Second,

		GateTime:          20 * time.Second,
		GateLookups:       64,
		GreetWait:         time.Second,
		StrangerDelay:     3 * time.Second,
		Delayed:           50,
		SourceConnections: 60,
		SourceParallel:    10,
		SourceMessages:    600,
		SourceUnknown:     10,
		SourceErrors:      30,
		SourceSlow:        time.Hour,
		SlowDelay:         8 * time.Second,
		Sources:           4000,
		SMTPRate:          1000,
		SMTPSession:       60 * time.Minute,
	}
}
