// Package config holds what an owner can set (Settings) and what the box
// never exceeds (Limits). Both are immutable snapshots: a change makes a new
// one, which reaches running sessions through an atomic pointer in the store.
//
// To add a setting: one field in Settings, one row in Keys, and its rule in
// Validate where it has one.
package config

import "time"

// The values of Settings.SendWay.
const (
	WayAuto   = "auto"   // direct where port 25 answers, relay otherwise
	WayDirect = "direct" // to the MX of each recipient's domain
	WayRelay  = "relay"  // through a relay, and never otherwise
)

// Settings is one snapshot of everything `buzon settings` can change. The
// store keeps only what differs from Default.
type Settings struct {
	ServerName   string     // "server.name": name in greetings and Received; "" means the machine's own
	LocalName    string     // "local.name": what comes before ".local" in the home network
	Language     string     // "language": "en" or "es", of what we write to people
	CertFile     string     // "tls.cert-file": PEM chain of the user's own certificate
	KeyFile      string     // "tls.key-file": its PEM key; "" means the certificate file holds both
	POP3MarkSeen bool       // "pop3.mark-seen": RETR sets \Seen
	POP3KeepDays int        // "pop3.keep-days": days after arrival until mail that POP3 fetched is removed; 0 keeps it
	MessageSize  int64      // "limits.message-size": octets of one message, at most Limits.MessageSize
	DefaultQuota int64      // "account.quota": octets for a new account; 0 means none
	PageAnywhere bool       // "page.anywhere": admins may use the page from outside the home, over TLS
	SearchIndex  bool       // "search.index": keep an index of all text, so that searching is fast
	HideLogin    []string   // "login.hide": ways to log in (SASL mechanisms) not offered, upper case, sorted
	Hide         []HideRule // "imap.hide": IMAP capabilities not advertised and not accepted, and from whom, sorted
	Show         []HideRule // "imap.show": IMAP capabilities that are hidden unless named here, and to whom, sorted

	SendWay          string        // "send.way": "auto", "direct" or "relay"
	WarnAfter        time.Duration // "send.warn-after": the sender is told that mail still waits
	GiveUpAfter      time.Duration // "send.give-up-after": mail goes back to its sender; longer than WarnAfter
	PerDomain        int           // "send.connections": at once to one domain
	RelayConnections int           // "send.relay-connections": at once to one relay
	SourceAddress    string        // "send.source-address": IP address that connections go out from; "" is the system's choice
	HelloName        string        // "send.hello": name in EHLO when we send; "" is what the address resolves to, else ServerName
	SentPerDay       int           // "send.per-day": messages of one account in 24 hours; 0 is no limit
	NewPerDay        int           // "send.new-per-day": recipients in 24 hours whom the account never wrote to before; 0 is no limit
	SentCopy         bool          // "send.sent-copy": put a copy of what is sent into the account's \Sent mailbox
	Resolver         string        // "dns.resolver": IP:port of the DNS server to ask; "" is the system's
	TrustResolver    bool          // "dns.trusted": believe its word that an answer was authenticated (DNSSEC)

	BlockLists    []BlockList // "receive.block-lists": lists in DNS (RFC 5782) that strangers' addresses are looked up in
	BlockPoints   int         // "receive.block-points": points of those from which mail is refused; 0 never refuses
	SlowStrangers bool        // "receive.slow-strangers": servers that never brought mail before wait some seconds
	Forwarders    []string    // "receive.forwarders": domains whose seals (ARC) are believed, sorted
	Greylist      bool        // "receive.greylist": unknown senders are asked to come again

	CertWay       string // "cert.way": "auto", "http", "tls-alpn", "dns" or "off"
	CertEmail     string // "cert.email": where the authority may write to; may be ""
	CertDirectory string // "cert.directory": https address of the ACME directory; "" is Let's Encrypt's
	CertStaging   string // "cert.staging": of the one for trying first, where CertDirectory is set
	CertProfile   string // "cert.profile": kind of certificate; "" is the authority's choice
	CertRSA       bool   // "cert.rsa": a second certificate with an RSA key
	DNSProvider   string // "dns.provider": who takes our records: "none", "rfc2136", "cloudflare", "desec", "duckdns" or "manual"
	DNSToken      string // "dns.token": secret; for rfc2136 [algorithm:]name:secret
	DNSServer     string // "dns.server": host:port that takes updates, for rfc2136
	KeepAddress   bool   // "dns.keep-address": our names follow the line's address

	OutsideEye string // "doctor.outside": host:port of a checker that looks at us from outside; "" is none
}

// Default is the settings of a new file.
func Default() Settings {
	return Settings{
		LocalName:   "buzon",
		Language:    "en",
		MessageSize: DefaultLimits().MessageSize,
		SearchIndex: true,

		SendWay:          WayAuto,
		WarnAfter:        4 * time.Hour,      // RFC 5321 §4.5.4.1 leaves it open; people call after half a day
		GiveUpAfter:      5 * 24 * time.Hour, // RFC 5321 §4.5.4.1: at least 4 to 5 days
		PerDomain:        1,                  // what strangers' servers ask of a small sender
		RelayConnections: 4,                  // a relay is paid to take all our mail
		SentPerDay:       1000,
		NewPerDay:        200, // a person writes to fewer in a month; a thief of passwords to thousands in an hour

		// The first is enough to refuse: it is what nearly everybody asks, and it lists whole networks only with their owners'
		// consent. The second lists big providers too, for hours; it only counts.
		BlockLists:    []BlockList{{"zen.spamhaus.org", 4}, {"bl.spamcop.net", 2}},
		BlockPoints:   4,
		SlowStrangers: true,

		CertWay:     CertAuto,
		DNSProvider: NoProvider,
	}
}

// With is s with one setting changed, not yet validated as a whole.
func (s Settings) With(name, value string) (Settings, error) {
	k, err := Find(name)
	if err != nil {
		return s, err
	}
	if err := k.parse(&s, value); err != nil {
		return s, &ValueError{Key: k, Value: value, Reason: err}
	}
	return s, nil
}

// Get is a setting as text, in a form that With understands.
func (s Settings) Get(name string) (string, bool) {
	k, err := Find(name)
	if err != nil {
		return "", false
	}
	return k.print(&s), true
}

// Value is one line of a list of settings.
type Value struct {
	Key     Key
	Value   string
	Default string
}

// Changed tells whether the value is not the default.
func (v Value) Changed() bool { return v.Value != v.Default }

// List is all settings in the order of Keys.
func (s Settings) List() []Value {
	normal := Default()
	var list []Value
	for _, k := range Keys() {
		list = append(list, Value{Key: k, Value: k.print(&s), Default: k.print(&normal)})
	}
	return list
}
