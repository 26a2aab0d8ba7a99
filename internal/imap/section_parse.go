package imap

import (
	"strconv"
	"strings"
)

// maxSectionPath is how many numbers a section may have. message.MaxDepth is
// how deep parts nest.
const maxSectionPath = 100 // numbers

// parseSection reads RFC 3501 §9 section after its "[", and what may follow it in "<>", and
// tells how the answer names it, as in "[1.HEADER]<0>".
func parseSection(d *decoder) (s section, label string, err error) {
	if !d.Take(']') {
		if err = s.parseSpec(d); err == nil {
			err = d.Expect(']')
		}
		if err != nil {
			return s, "", err
		}
	}
	if d.Take('<') {
		err = s.parsePartial(d)
	}
	return s, s.label(), err
}

// parseSpec reads RFC 3501 §9 section-spec: numbers, then perhaps a word.
func (s *section) parseSpec(d *decoder) error {
	for {
		c, err := d.Peek()
		if err != nil {
			return err
		}
		if c < '0' || c > '9' {
			return s.parseKind(d)
		}
		if err := s.parseNumber(d); err != nil {
			return err
		}
		if !d.Take('.') {
			return nil
		}
	}
}

func (s *section) parseNumber(d *decoder) error {
	n, err := d.Number()
	switch {
	case err != nil:
		return err
	case n == 0:
		return syntaxf("A part is never number 0.")
	case len(s.path) == maxSectionPath:
		return syntaxf("The section has too many numbers.")
	}
	s.path = append(s.path, int(n))
	return nil
}

func (s *section) parseKind(d *decoder) error {
	word, err := fetchWord(d)
	if err != nil {
		return err
	}
	kind, ok := sectionKinds[word]
	if !ok || kind == sectionMIME && len(s.path) == 0 { // RFC 3501 §9 section-spec
		return syntaxf("Not a section: %s.", word)
	}
	s.kind = kind
	if !s.filtered() {
		return nil
	}
	if err := d.SP(); err != nil {
		return err
	}
	return s.parseFields(d)
}

// parseFields reads RFC 3501 §9 header-list.
func (s *section) parseFields(d *decoder) error {
	err := d.List(func() error {
		name, err := d.AString()
		s.fields = append(s.fields, name)
		return err
	})
	if err == nil && len(s.fields) == 0 {
		err = syntaxf("A list of header fields must name one.")
	}
	return err
}

// parsePartial reads what follows "<": an offset, and a count that is not 0.
func (s *section) parsePartial(d *decoder) (err error) {
	s.partial = true
	if s.offset, err = d.Number64(); err != nil {
		return err
	}
	if err = d.Expect('.'); err != nil {
		return err
	}
	if s.count, err = d.Number64(); err != nil {
		return err
	}
	if s.count == 0 {
		return syntaxf("At least one octet must be asked for.")
	}
	return d.Expect('>')
}

// label is how the answer names the section (RFC 3501 §7.4.2).
func (s *section) label() string {
	r := renderer{b: []byte{'['}}
	for i, n := range s.path {
		if i > 0 {
			r.b = append(r.b, '.')
		}
		r.number(int64(n))
	}
	if word := s.kind.word(); word != "" {
		if len(s.path) > 0 {
			r.b = append(r.b, '.')
		}
		r.raw(word)
	}
	if s.filtered() {
		r.fieldList(s.fields)
	}
	r.b = append(r.b, ']')
	if s.partial {
		r.raw("<" + strconv.FormatInt(s.offset, 10) + ">")
	}
	return string(r.b)
}

func (k sectionKind) word() string {
	for word, kind := range sectionKinds {
		if kind == k {
			return word
		}
	}
	return ""
}

// fieldList writes the names as the client did: RFC 3501 §9 header-fld-name is
// an astring, and clients compare.
func (r *renderer) fieldList(names []string) {
	sep := " ("
	for _, name := range names {
		r.raw(sep)
		sep = " "
		if strings.ContainsFunc(name, func(c rune) bool { return c >= 0x80 || !isAString(byte(c)) }) {
			r.string(name)
			continue
		}
		if name == "" {
			r.raw(`""`)
			continue
		}
		r.raw(name)
	}
	r.b = append(r.b, ')')
}
