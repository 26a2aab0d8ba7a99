package imap

// UIDONLY (RFC 9586): a client that wants no sequence numbers gets none. It is
// off unless the owner shows it (setting imap.show, see Unusual): some programs that find
// it offered stumble over it.

// errUIDRequired refuses what has sequence numbers in it (RFC 9586 §3.2).
var errUIDRequired = &syntaxError{"[UIDREQUIRED] You asked for UIDs only; please name messages by UID."}

// checkUIDOnly refuses a command that has a twin with UIDs once UIDONLY is
// enabled. EXPUNGE names no messages and stays (RFC 9586 §3.3).
func (s *session) checkUIDOnly(c *command) error {
	if s.enabled.UIDOnly && c.name != "EXPUNGE" && commands["UID "+c.name] != nil {
		return errUIDRequired
	}
	return nil
}

// beginFetch writes what a response about a message begins with; with uid the
// message's UID is its first item.
func (s *session) beginFetch(number, uid uint32) {
	if s.enabled.UIDOnly {
		s.enc.Raw("* ").Number(uid).Raw(" UIDFETCH (")
		return
	}
	s.enc.Raw("* ").Number(number).Raw(" FETCH (")
}

// Unusual is the capabilities that a Backend hides unless its owner asks for
// them: there are programs in wide use that fail when they see them offered
// (Outlook with UIDONLY).
func Unusual() []string { return []string{"UIDONLY"} }
