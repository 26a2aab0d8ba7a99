// Package config holds what an owner can set (Settings) and what the box
// never exceeds (Limits). Both are immutable snapshots: a change makes a new
// one, which reaches running sessions through an atomic pointer in the store.
package config

// Settings is one snapshot of everything `buzon settings` can change. The
// store keeps only what differs from Default.
type Settings struct {
	ServerName   string   // "server.name": name in greetings and Received; "" means the machine's own
	Language     string   // "language": "en" or "es", of what we write to people
	CertFile     string   // "tls.cert-file": PEM chain of the user's own certificate
	KeyFile      string   // "tls.key-file": its PEM key; "" means the certificate file holds both
	POP3MarkSeen bool     // "pop3.mark-seen": RETR sets \Seen
	POP3KeepDays int      // "pop3.keep-days": days after arrival until mail that POP3 fetched is removed; 0 keeps it
	MessageSize  int64    // "limits.message-size": octets of one message, at most Limits.MessageSize's ceiling
	DefaultQuota int64    // "account.quota": octets for a new account; 0 means none
	Hide         []string // "imap.hide": IMAP capabilities not advertised and not accepted, upper case
}
