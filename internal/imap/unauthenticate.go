package imap

import "time"

// unauthenticate is UNAUTHENTICATE (RFC 8437): the connection is as it was
// before log-in, but for TLS, and for what counts how often that failed.
func (s *session) unauthenticate(tag string) error {
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	s.endNotify()
	s.closeBox() // RFC 8437 §3: and nothing is removed or told
	s.status(tag, "OK", "", "Logged out of the account; another may log in.")
	if err := s.enc.Flush(); err != nil {
		return err
	}
	if err := s.uncompress(); err != nil {
		return err
	}
	*s = session{
		server: s.server, wire: s.wire, ctx: s.server.ctx, log: s.server.Log, state: notAuthenticated,
		buffers: s.buffers, dec: s.dec, enc: s.enc, bads: s.bads, logins: s.logins, client: s.client,
	}
	l := s.server.Limits
	s.wire.login, s.wire.budget = time.Now().Add(l.PreLoginTime), l.PreLoginOctets
	s.configureCodec()
	return s.enc.Err()
}

// uncompress ends the compression after what was flushed last (RFC 8437 §4.1).
// What the client said behind the command, before it heard the answer, is lost.
func (s *session) uncompress() error {
	if !s.wire.compressed() {
		return nil
	}
	s.server.compression.end()
	s.dec.r.Reset(s.wire)
	return s.wire.stopCompression()
}
