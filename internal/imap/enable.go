package imap

import "strings"

// enable is ENABLE (RFC 5161). What we do not know, or hide, is ignored.
func (s *session) enable(tag string) error {
	names, err := s.enableArguments()
	if err != nil {
		return err
	}
	var on []string
	for _, name := range names {
		if s.has(name) && s.enableFeature(name) {
			on = append(on, strings.Replace(name, "REV", "rev", 1)) // as IMAP4rev2 is written
		}
	}
	s.configureCodec()
	s.enc.Raw(strings.TrimSuffix("* ENABLED "+strings.Join(on, " "), " ")).CRLF()
	return s.ok(tag, "", "Done.")
}

func (s *session) enableArguments() ([]string, error) {
	var names []string
	for len(names) == 0 || !s.dec.AtEnd() {
		if err := s.dec.SP(); err != nil {
			return nil, err
		}
		name, err := s.dec.Keyword()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, s.dec.CRLF()
}

// enableFeature switches one feature on; it tells whether this is news.
func (s *session) enableFeature(name string) bool {
	switch {
	case name == "UTF8=ACCEPT" && !s.enabled.UTF8: // RFC 6855 §3
		s.enabled.UTF8 = true
		return true
	case name == "IMAP4REV2" && s.hasRev2() && !s.enabled.Rev2: // RFC 9051 §6.3.1
		s.enableRev2()
		return true
	// These are listed also when a command switched them on before: a client
	// would take silence for a refusal.
	case name == "CONDSTORE": // RFC 7162 §3.1
		s.enableCondStore()
		return true
	case name == "QRESYNC" && s.hasQResync(): // RFC 7162 §3.2.3
		s.enableQResync()
		return true
	case name == "UIDONLY" && !s.enabled.UIDOnly: // RFC 9586 §3.1
		s.enabled.UIDOnly = true
		return true
	}
	return false
}
