package imap

// startTLS is STARTTLS (RFC 3501 §6.2.1).
func (s *session) startTLS(tag string) error {
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	if !mayStartTLS(s) {
		return syntaxf("TLS cannot be started here.")
	}
	if err := s.ok(tag, "", "Begin TLS now."); err != nil {
		return err
	}
	if err := s.enc.Flush(); err != nil {
		return err
	}
	// What was pipelined in plain text came from nobody knows whom: forget it,
	// or an attacker's command would run inside the user's session (RFC 3501 §11.1, CVE-2011-0411).
	s.dec.r.Reset(s.wire)
	return s.wire.startTLS(s.ctx, s.server.TLS)
}
