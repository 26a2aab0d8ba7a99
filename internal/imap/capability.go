package imap

import (
	"slices"
	"strconv"
	"strings"
)

// capability is one row of the capability table.
type capability struct {
	name string
	when func(s *session) bool // whether to advertise it now
	// value follows "name=" where the capability has one that depends on the account.
	value func(s *session) string
}

// capabilities is the table of what we can. Hiding a row (Account.Hidden)
// takes it from the advertisement and, through command.capability and has,
// from what is accepted.
var capabilities = []capability{
	{name: "IMAP4rev1", when: always},
	{name: "IMAP4rev2", when: (*session).hasRev2}, // RFC 9051
	{name: "LITERAL+", when: always},              // RFC 7888
	{name: "LITERAL-", when: withoutLiteral},
	{name: "SASL-IR", when: beforeLogin},    // RFC 4959
	{name: "STARTTLS", when: mayStartTLS},   // RFC 3501 §6.2.1
	{name: "LOGINDISABLED", when: insecure}, // RFC 3501 §6.2.3
	{name: "ID", when: always},              // RFC 2971
	{name: "ENABLE", when: always},          // RFC 5161
	{name: "IDLE", when: afterLogin},        // RFC 2177
	{name: "NAMESPACE", when: afterLogin},   // RFC 2342
	{name: "UNSELECT", when: afterLogin},    // RFC 3691
	{name: "UIDPLUS", when: afterLogin},     // RFC 4315
	{name: "MOVE", when: afterLogin},        // RFC 6851
	{name: "CHILDREN", when: afterLogin},    // RFC 3348
	{name: "SPECIAL-USE", when: afterLogin}, // RFC 6154
	{name: "CREATE-SPECIAL-USE", when: afterLogin},
	{name: "LIST-EXTENDED", when: afterLogin},                   // RFC 5258
	{name: "LIST-STATUS", when: afterLogin},                     // RFC 5819
	{name: "STATUS=SIZE", when: afterLogin},                     // RFC 8438
	{name: "ESEARCH", when: afterLogin},                         // RFC 4731
	{name: "SEARCHRES", when: afterLogin},                       // RFC 5182
	{name: "PARTIAL", when: afterLogin},                         // RFC 9394
	{name: "SORT", when: afterLogin},                            // RFC 5256
	{name: "SORT=DISPLAY", when: afterLogin},                    // RFC 5957
	{name: "ESORT", when: afterLogin},                           // RFC 5267
	{name: "THREAD=ORDEREDSUBJECT", when: afterLogin},           // RFC 5256
	{name: "THREAD=REFERENCES", when: afterLogin},               // RFC 5256
	{name: "THREAD=REFS", when: afterLogin},                     // draft-ietf-morg-inthread
	{name: "I18NLEVEL=1", when: afterLogin},                     // RFC 5255 §4.3
	{name: "OBJECTID", when: afterLogin},                        // RFC 8474
	{name: "SAVEDATE", when: afterLogin},                        // RFC 8514
	{name: "PREVIEW", when: afterLogin},                         // RFC 8970
	{name: "BINARY", when: afterLogin},                          // RFC 3516
	{name: "WITHIN", when: afterLogin},                          // RFC 5032
	{name: "APPENDLIMIT", when: afterLogin, value: appendLimit}, // RFC 7889
	{name: "UTF8=ACCEPT", when: afterLogin},                     // RFC 6855
	{name: "MULTIAPPEND", when: afterLogin},                     // RFC 3502
	{name: "REPLACE", when: afterLogin},                         // RFC 8508
	{name: "QUOTA", when: afterLogin},                           // RFC 9208
	{name: "QUOTA=RES-STORAGE", when: offersQuota},
	{name: "QUOTA=RES-MESSAGE", when: offersQuota},
	{name: "QUOTA=RES-MAILBOX", when: offersQuota},
	{name: "METADATA", when: afterLogin}, // RFC 5464
	{name: "METADATA-SERVER", when: offersMetadata},
	{name: "LIST-METADATA", when: offersMetadata},   // RFC 9590
	{name: "COMPRESS=DEFLATE", when: notCompressed}, // RFC 4978
	{name: "INPROGRESS", when: afterLogin},          // RFC 9585
	{name: "NOTIFY", when: afterLogin},              // RFC 5465
	{name: "UNAUTHENTICATE", when: afterLogin},      // RFC 8437
	{name: "CONDSTORE", when: afterLogin},           // RFC 7162
	{name: "QRESYNC", when: offersQResync},          // RFC 7162 §3.2
	{name: "UIDONLY", when: afterLogin},             // RFC 9586; hidden unless the owner shows it
}

func always(*session) bool        { return true }
func beforeLogin(s *session) bool { return s.state == notAuthenticated }
func afterLogin(s *session) bool  { return s.state != notAuthenticated }

func offersQResync(s *session) bool { return afterLogin(s) && s.hasQResync() }

// withoutLiteral tells that LITERAL+ is hidden: RFC 7888 §6 allows one of the two.
func withoutLiteral(s *session) bool { return !s.has("LITERAL+") }

func offersQuota(s *session) bool    { return afterLogin(s) && s.has("QUOTA") }
func offersMetadata(s *session) bool { return afterLogin(s) && s.has("METADATA") }

func mayStartTLS(s *session) bool {
	return beforeLogin(s) && s.server.TLS != nil && !s.wire.isTLS()
}

func insecure(s *session) bool { return beforeLogin(s) && !s.wire.peer().Secure() }

func appendLimit(s *session) string { return strconv.FormatInt(s.account.AppendLimit(), 10) }

func (s *session) isHidden(name string) bool { return !s.has(name) }

// has tells whether a capability exists for this session: not hidden from its account.
func (s *session) has(name string) bool { return !slices.Contains(s.hidden, name) }

// capabilityList is what to advertise now.
func (s *session) capabilityList() string {
	var list []string
	for _, c := range capabilities {
		if !c.when(s) || !s.has(strings.ToUpper(c.name)) {
			continue
		}
		name := c.name
		if c.value != nil {
			name += "=" + c.value(s)
		}
		list = append(list, name)
	}
	if s.state == notAuthenticated && s.wire.peer().Secure() {
		for _, m := range s.server.Backend.Mechanisms(s.wire.peer()) {
			list = append(list, "AUTH="+m)
		}
	}
	return strings.Join(list, " ")
}

// capabilityCode is the response code that saves the client the command (RFC 3501 §7.1).
func (s *session) capabilityCode() string { return "CAPABILITY " + s.capabilityList() }

// capability is CAPABILITY (RFC 3501 §6.1.1).
func (s *session) capability(tag string) error {
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	s.enc.Raw("* CAPABILITY ").Raw(s.capabilityList()).CRLF()
	return s.ok(tag, "", "That is what I can.")
}
