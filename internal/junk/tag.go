package junk

import (
	"bytes"
	"html"
)

// element takes the tag just read.
func (m *markup) element() {
	tag := m.tag
	closing := len(tag) > 0 && tag[0] == '/'
	if closing {
		tag = tag[1:]
	}
	n := 0
	for n < len(tag) && isWord[tag[n]] != 0 {
		tag[n] = isWord[tag[n]]
		n++
	}
	name, attributes := tag[:n], tag[n:]
	if !isInline(string(name)) {
		m.words.end()
		m.to.part()
	}
	switch {
	case closing && bytes.Equal(name, m.skip):
		m.skip = m.skip[:0]
	case closing || len(m.skip) > 0:
		return
	case isUnseen(string(name)):
		m.skip = append(m.skip, name...)
	}
	if len(name) <= maxWord {
		m.to.add(inMarkup, name)
	}
	m.attributes(name, attributes)
}

// isUnseen tells the elements whose content is not for reading.
func isUnseen(name string) bool {
	return name == "style" || name == "script"
}

// isInline tells the elements that do not part words on the screen.
func isInline(name string) bool {
	switch name {
	case "a", "abbr", "b", "big", "code", "em", "font", "i", "mark", "q", "s", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "wbr":
		return true
	}
	return false
}

func (m *markup) attributes(element, b []byte) {
	for {
		name, value, rest := attribute(b)
		if name == nil {
			return
		}
		b = rest
		m.attribute(element, name, value)
	}
}

// attribute cuts the first one off.
func attribute(b []byte) (name, value, rest []byte) {
	b = bytes.TrimLeft(b, " \t\r\n/=\"'")
	if len(b) == 0 {
		return nil, nil, nil
	}
	n := bytes.IndexAny(b, " \t\r\n=/")
	if n < 0 {
		return b, nil, nil
	}
	name, b = b[:n], bytes.TrimLeft(b[n:], " \t\r\n")
	if len(b) == 0 || b[0] != '=' {
		return name, nil, b
	}
	b = bytes.TrimLeft(b[1:], " \t\r\n")
	if len(b) > 0 && (b[0] == '"' || b[0] == '\'') {
		value, rest, _ = bytes.Cut(b[1:], b[:1])
		return name, value, rest
	}
	n = bytes.IndexAny(b, " \t\r\n")
	if n < 0 {
		return name, b, nil
	}
	return name, b[:n], b[n:]
}

func (m *markup) attribute(element, name, value []byte) {
	if len(name) > maxWord || len(value) == 0 {
		return
	}
	name = lower(name)
	switch string(name) {
	case "href", "src", "action", "background":
		m.tell(element, " ", name)
		if bytes.Contains(value, []byte("://")) {
			link(m.to, []byte(html.UnescapeString(string(value))))
		} else if scheme, _, ok := bytes.Cut(value, []byte(":")); ok && len(scheme) < 12 {
			m.tell([]byte("scheme"), " ", lower(scheme)) // mailto, javascript, cid, data
		}
	case "alt", "title":
		m.words.text([]byte(" "))
		m.words.text([]byte(html.UnescapeString(string(value))))
		m.words.text([]byte(" "))
	case "color", "bgcolor", "face", "size", "align", "border", "type", "method", "content", "class", "rel":
		if len(value) <= maxWord {
			m.tell(name, "=", lower(value))
		}
	case "style":
		m.style(value)
	default:
		m.tell(name, "=", nil)
	}
}

// tell tells two words and what stands between them.
func (m *markup) tell(a []byte, between string, b []byte) {
	m.told = append(append(append(m.told[:0], a...), between...), b...)
	m.to.add(inMarkup, m.told)
}

// style tells each declaration.
func (m *markup) style(value []byte) {
	for d := range bytes.SplitSeq(value, []byte(";")) {
		if d = bytes.TrimSpace(d); len(d) > 0 && len(d) <= maxWord {
			m.tell([]byte("style"), ":", bytes.ReplaceAll(lower(d), []byte(" "), nil))
		}
	}
}

// lower makes ASCII letters small, in place.
func lower(b []byte) []byte {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}
