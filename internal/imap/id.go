package imap

import "strings"

// maxIDFields is how many fields of ID are read (RFC 2971 §3.3).
const maxIDFields = 30

// id is ID (RFC 2971). What the client calls itself goes to the log, where it helps to understand a user's trouble.
func (s *session) id(tag string) error {
	client, err := s.idArguments()
	if err != nil {
		return err
	}
	if len(client) > 0 {
		s.log.Info("imap client", "id", strings.Join(client, " "))
	}
	s.enc.Raw(`* ID ("name" "Buzon"`)
	if s.server.Version != "" {
		s.enc.Raw(` "version" `).String(s.server.Version)
	}
	s.enc.Raw(")").CRLF()
	return s.ok(tag, "", "Pleased to meet you.")
}

// idArguments reads NIL or a list of pairs.
func (s *session) idArguments() (client []string, err error) {
	if err := s.dec.SP(); err != nil {
		return nil, err
	}
	if c, err := s.dec.Peek(); err != nil || c != '(' {
		if _, _, err := s.dec.NString(); err != nil {
			return nil, err
		}
		return nil, s.dec.CRLF()
	}
	fields := 0
	err = s.dec.List(func() error {
		if fields++; fields > maxIDFields {
			return syntaxf("ID may have at most %d fields.", maxIDFields)
		}
		field, value, err := s.idField()
		if f := strings.ToLower(field); f == "name" || f == "version" || f == "os" {
			client = append(client, value)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return client, s.dec.CRLF()
}

func (s *session) idField() (name, value string, err error) {
	if name, err = s.dec.String(); err != nil {
		return "", "", err
	}
	if err = s.dec.SP(); err != nil {
		return "", "", err
	}
	value, _, err = s.dec.NString()
	return name, value, err
}
