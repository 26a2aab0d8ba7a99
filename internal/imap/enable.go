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
			on = append(on, name)
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
	}
	return false
}
