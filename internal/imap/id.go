package imap

import (
	"slices"
	"strings"
)

// maxIDFields is how many fields of ID are read (RFC 2971 §3.3).
const maxIDFields = 30

// maxClient is how much of a program's name a session keeps.
const maxClient = 200 // octets

// id is ID (RFC 2971). What the client calls itself goes to the log, where it helps to understand a user's trouble.
func (s *session) id(tag string) error {
	client, err := s.idArguments()
	if err != nil {
		return err
	}
	if client != "" {
		s.client = strings.Clone(client[:min(len(client), maxClient)])
		s.log.Info("imap client", "id", s.client)
		if s.account != nil {
			s.account.Named(s.client)
		}
		s.hideFromClient()
	}
	s.enc.Raw(`* ID ("name" "Buzon"`)
	if s.server.Version != "" {
		s.enc.Raw(` "version" `).String(s.server.Version)
	}
	s.enc.Raw(")").CRLF()
	return s.ok(tag, "", "Pleased to meet you.")
}

// idFields are those of which we take notice, in the order in which the
// program's name is put together: "Outlook 16.0 Windows".
var idFields = [...]string{"name", "version", "os"}

// idArguments reads NIL or a list of pairs.
func (s *session) idArguments() (client string, err error) {
	if err := s.dec.SP(); err != nil {
		return "", err
	}
	if c, err := s.dec.Peek(); err != nil || c != '(' {
		if _, _, err := s.dec.NString(); err != nil {
			return "", err
		}
		return "", s.dec.CRLF()
	}
	fields := 0
	var told [len(idFields)]string
	err = s.dec.List(func() error {
		if fields++; fields > maxIDFields {
			return syntaxf("ID may have at most %d fields.", maxIDFields)
		}
		field, value, err := s.idField()
		if i := slices.Index(idFields[:], strings.ToLower(field)); i >= 0 {
			told[i] = value
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(strings.Join(told[:], " ")), s.dec.CRLF()
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
