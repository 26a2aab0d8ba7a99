package pop3

import (
	"context"
	"strings"
)

// utf8 is UTF8 (RFC 6856 §2). Names, passwords and messages are UTF-8 here with or without it.
func (s *session) utf8(context.Context, string) error {
	s.ok(sayUTF8)
	return nil
}

// language is LANG (RFC 6856 §3): alone it lists the languages, with a tag it changes to one.
func (s *session) language(_ context.Context, arg string) error {
	tag := strings.ToLower(strings.TrimSpace(arg))
	base, _, _ := strings.Cut(tag, "-") // es-MX gets es
	switch base {
	case "":
		s.languages()
		return nil
	case "en", "i", "*": // i-default (RFC 2277 §4.5) is English
		s.lang = english
	case "es":
		s.lang = spanish
	default:
		s.fail("", sayNoLanguage)
		return nil
	}
	s.ok(sayLanguage)
	return nil
}

func (s *session) languages() {
	s.ok(sayLanguages)
	s.writer().WriteString("en English\r\nes Español\r\n")
	s.endList()
}
