package outbound

import "strings"

// Preset is what is known of a provider whose relay people use.
type Preset struct {
	Name  string // what a person types, lower case
	Title string // what the provider calls itself
	Host  string
	Port  int
	TLS   string // TLSImplicit or TLSStart
	User  string // a user name that is the same for everyone; "" is one's own
	OAuth bool   // takes no password, only a token (RFC 7628)
	SPF   string // the name to include in one's own SPF record; "" where only the provider's addresses may send
	// OwnOnly says that mail from one's own domain is refused or rewritten, unless that domain or address was made known
	// to the provider.
	OwnOnly bool
	Hint    string // the key of a sentence (package text) on where the user name and password come from
	Page    string // where the provider explains it
}

// How a relay's connection is protected.
const (
	TLSImplicit = "implicit" // RFC 8314 §3.3, usually port 465
	TLSStart    = "starttls" // RFC 3207, usually port 587; never given up for plain text
	TLSNone     = "none"
)

// The keys of the hints.
const (
	hintAppPassword = "relay_hint_app_password"
	hintOAuth       = "relay_hint_oauth"
	hintOwn         = "relay_hint_own_password"
	hintKey         = "relay_hint_smtp_key"
	hintFixedUser   = "relay_hint_fixed_user"
	hintToken       = "relay_hint_token_twice"
	hintRegion      = "relay_hint_region"
	hintPaid        = "relay_hint_paid"
)

// FindPreset looks a provider up by its name or its host, in any case.
func FindPreset(name string) (Preset, bool) {
	for _, p := range Presets() {
		if strings.EqualFold(p.Name, name) || strings.EqualFold(p.Host, name) {
			return p, true
		}
	}
	return Preset{}, false
}

// Presets are the providers, mailboxes of persons first, then those that send for others, then hosts of domains.
func Presets() []Preset {
	return append(append(mailboxPresets(), senderPresets()...), hosterPresets()...)
}
