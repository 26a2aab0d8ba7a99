package junk

import (
	"bytes"
	"html"
)

// markup reads HTML piece by piece, as forgiving as programs that show it: its text goes to words as a reader would see
// it, and what its elements and attributes tell becomes features. It holds one tag at a time, the start of it if it is long.
type markup struct {
	to    *set
	words *words
	state markupState
	tag   []byte // between < and >, at most maxTag octets
	quote byte   // the one the tag is in, 0 outside
	dash  int    // of the end of a comment
	ref   []byte // a character reference being read, with its &
	told  []byte // room for a feature
	skip  []byte // the element whose text nobody sees: style, script, title
}

type markupState uint8

const (
	inText markupState = iota
	inTag
	inComment
	inReference
)

const (
	maxTag       = 1024 // octets of a tag that are looked at
	maxReference = 32   // octets of a character reference; the longest name has 33
)

func (m *markup) begin(to *set, w *words) {
	m.to, m.words = to, w
	m.state, m.tag, m.ref, m.skip = inText, m.tag[:0], m.ref[:0], m.skip[:0]
}

// read takes a piece of the document.
func (m *markup) read(b []byte) {
	for len(b) > 0 {
		switch m.state {
		case inText:
			b = m.readText(b)
		case inTag:
			b = m.readTag(b)
		case inComment:
			b = m.readComment(b)
		case inReference:
			b = m.readReference(b)
		}
	}
}

func (m *markup) end() {
	if m.state == inReference {
		m.seen(m.ref)
	}
	m.words.end()
}

func (m *markup) readText(b []byte) []byte {
	n := bytes.IndexAny(b, "<&")
	if n < 0 {
		m.seen(b)
		return nil
	}
	m.seen(b[:n])
	if b[n] == '<' {
		m.state, m.tag, m.quote = inTag, m.tag[:0], 0
	} else {
		m.state, m.ref = inReference, append(m.ref[:0], '&')
	}
	return b[n+1:]
}

// seen is text that a reader sees.
func (m *markup) seen(b []byte) {
	if len(m.skip) == 0 {
		m.words.text(b)
	}
}

// readReference takes "&amp;" and its like; what is none stays as it is.
func (m *markup) readReference(b []byte) []byte {
	for i, c := range b {
		if c != ';' && len(m.ref) < maxReference && isReference(c) {
			m.ref = append(m.ref, c)
			continue
		}
		if c == ';' {
			m.ref = append(m.ref, c)
			i++
		}
		m.state = inText
		m.seen([]byte(html.UnescapeString(string(m.ref))))
		return b[i:]
	}
	return nil
}

func isReference(c byte) bool {
	return c == '#' || c != '$' && c != '%' && c != '\'' && c != '-' && isWord[c] != 0
}

func (m *markup) readComment(b []byte) []byte {
	for i, c := range b {
		switch {
		case c == '-':
			m.dash++
		case c == '>' && m.dash >= 2:
			m.state = inText
			return b[i+1:]
		default:
			m.dash = 0
		}
	}
	return nil
}

func (m *markup) readTag(b []byte) []byte {
	for i, c := range b {
		switch {
		case m.quote != 0:
			if c == m.quote {
				m.quote = 0
			}
		case c == '>':
			m.element()
			m.state = inText
			return b[i+1:]
		case (c == '"' || c == '\'') && len(m.tag) > 0 && m.tag[len(m.tag)-1] == '=':
			m.quote = c
		case len(m.tag) == 0 && !isTagStart(c): // "a < b"
			m.state = inText
			m.seen([]byte("<"))
			return b[i:]
		}
		if len(m.tag) < maxTag {
			m.tag = append(m.tag, c)
		}
		if len(m.tag) == 3 && string(m.tag) == "!--" {
			m.state, m.dash = inComment, 0
			m.comment()
			return b[i+1:]
		}
	}
	return nil
}

func isTagStart(c byte) bool { return c == '/' || c == '!' || c == '?' || isWord[c] >= 'a' }

// comment tells one in the middle of a word: it is there to hide the word.
func (m *markup) comment() {
	if len(m.words.chunk) > 0 && len(m.skip) == 0 {
		m.to.add(inMarkup, []byte("(comment in word)"))
	} else {
		m.to.add(inMarkup, []byte("(comment)"))
	}
}
