package imap

import "slices"

// hideFromClient takes up what is hidden from this account's program, now that
// it has said its name. A list that the client was given before is replaced:
// CAPABILITY may be told at any time (RFC 3501 §7.2.1).
func (s *session) hideFromClient() {
	if s.account == nil {
		return // log-in does it
	}
	hidden := s.account.Hidden(s.client)
	if slices.Equal(hidden, s.hidden) {
		return
	}
	s.hidden = hidden
	s.configureCodec()
	s.enc.Raw("* CAPABILITY ").Raw(s.capabilityList()).CRLF()
}
