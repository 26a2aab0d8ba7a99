package imap

import (
	"slices"
	"strings"
)

// rev2Parts are the extensions that are part of IMAP4rev2 (RFC 9051 Appendix
// E). Clients that see IMAP4rev2 take them for granted.
var rev2Parts = []string{
	"BINARY", "CHILDREN", "ENABLE", "ESEARCH", "IDLE", "LIST-EXTENDED", "LIST-STATUS", "MOVE", "NAMESPACE", "SASL-IR",
	"SEARCHRES", "SPECIAL-USE", "STATUS=SIZE", "UIDPLUS", "UNSELECT",
}

// hasRev2 tells whether IMAP4rev2 exists for this session: with one of its parts hidden it does not.
func (s *session) hasRev2() bool {
	return s.has("IMAP4REV2") && !slices.ContainsFunc(rev2Parts, s.isHidden)
}

// enableRev2 makes the session one of IMAP4rev2 (RFC 9051), which changes what
// a client of IMAP4rev1 would not understand. The rest of it is there for all:
// most of IMAP4rev2 is extensions made part of it.
//
//   - mailbox names and quoted strings are UTF-8 (Appendix A)
//   - \Recent and RECENT are no more (Appendix E)
//   - SEARCH answers ESEARCH (§6.4.4)
//   - SELECT tells LIST, and CLOSED of the mailbox before (§6.3.2, §7.1)
//   - a name that was changed is told, with OLDNAME (§6.3.9.7)
//   - message/global has a structure (§7.5.2), which follows from UTF-8
func (s *session) enableRev2() {
	s.enabled.Rev2 = true
	s.forgetRecent()
}

// forgetRecent makes no message \Recent to a client of IMAP4rev2.
func (s *session) forgetRecent() {
	if s.enabled.Rev2 {
		s.recentFrom = ^uint32(0) // above every UID that the backend gives
	}
}

// tellListed tells a client of IMAP4rev2 what a mailbox is called, and what it
// was called or the client called it (RFC 9051 §6.3.2, §6.3.9.7).
func (s *session) tellListed(name, old string) {
	if !s.enabled.Rev2 {
		return
	}
	s.writeOldName("", name, old)
}

// listedName is what a client of IMAP4rev2 calls name in the server's way, where there is such a mailbox.
func (s *session) listedName(name string) string {
	if s.enabled.Rev2 {
		if m, err := s.account.Mailbox(s.ctx, name); err == nil { // else the command itself tells what is wrong
			return m.Name
		}
	}
	return name
}

// writeOldName writes LIST for a name, and what it was called.
func (s *session) writeOldName(attribute, name, old string) {
	s.enc.Raw("* LIST (").Raw(attribute).Raw(`) "/" `).MailboxName(name)
	if old != "" && old != name {
		s.enc.Raw(` ("OLDNAME" (`).MailboxName(old).Raw("))")
	}
	s.enc.CRLF()
}

// tellRenamed is tellListed for a new name, where there is something to tell:
// the server wrote the name in its own way (RFC 9051 §6.3.4), or it is another.
func (s *session) tellRenamed(name, old string) {
	if !strings.EqualFold(old, "INBOX") && name != old {
		s.tellListed(name, old)
	}
}
