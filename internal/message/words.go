package message

import "strings"

// words is what comes before '<', '@', ':' or the end of a contact: a display
// name, or a local part. As long as it is one piece of the field's text it is
// kept as such, without a copy.
type words struct {
	plain   string
	list    []word // when it is not one piece
	comment string
}

type word struct {
	text  string
	space bool // white space or a comment before it
}

// words reads words up to a special character that ends them.
func (p *contactParser) words() words {
	var w words
	w.comment = p.sc.space()
	from, to := p.sc.i, p.sc.i
	space, whole := false, true
	for {
		at := p.sc.i
		text, asIs, ok := p.word()
		if !ok {
			break
		}
		// One space between is how the words will be joined anyway.
		whole = whole && asIs && (at == to || at == to+1 && p.sc.s[to] == ' ')
		if !whole && w.list == nil && to > from {
			w.list = append(w.list, word{text: p.sc.s[from:to]})
		}
		if !whole {
			w.list = append(w.list, word{text, space})
		}
		to = p.sc.i
		if c := p.sc.space(); c != "" {
			w.comment = c
		}
		space = p.sc.i > to
	}
	if w.list == nil {
		w.plain = p.sc.s[from:to]
	}
	return w
}

// word reads one word. asIs tells that its text is the octets of the field.
func (p *contactParser) word() (text string, asIs, ok bool) {
	switch p.sc.peek() {
	case '"':
		return p.sc.quoted(), false, true
	case '<', '@', ',', ';', ':':
		return "", false, false
	}
	if p.sc.done() || p.angle && p.sc.peek() == '>' {
		return "", false, false
	}
	if n := encodedWordLen(p.sc.s[p.sc.i:]); n > 0 {
		p.sc.i += n // may hold specials, against RFC 2047 §5 (3)
		return p.sc.s[p.sc.i-n : p.sc.i], true, true
	}
	from := p.sc.i
	p.sc.i++ // whatever it is: the caller must get on
	p.sc.until(whiteSpace + `()<>@,;:"`)
	return p.sc.s[from:p.sc.i], true, true
}

// phrase joins the words with one space where there was any.
func (w words) phrase() string {
	if w.list == nil {
		return w.plain
	}
	return joinWords(w.list)
}

// joined joins the words to a local part. RFC 5322 §4.4 obs-local-part: white
// space and comments around its dots are not part of it.
func (w words) joined() string {
	if w.list == nil {
		return strings.ReplaceAll(w.plain, " ", "")
	}
	var b strings.Builder
	for _, x := range w.list {
		b.WriteString(x.text)
	}
	return b.String()
}

// split tells the local part before an @ from a name before it, as in "Ann Lee
// ann@example.org", which lacks its angle brackets.
func (w words) split() (name, local string) {
	if w.list == nil && strings.IndexByte(w.plain, ' ') < 0 {
		return "", w.plain
	}
	list := w.list
	if list == nil {
		for text := range strings.SplitSeq(w.plain, " ") {
			list = append(list, word{text, len(list) > 0})
		}
	}
	at := len(list) - 1
	for at > 0 && !startsLocal(list[at-1], list[at]) {
		at--
	}
	return joinWords(list[:at]), words{list: list[at:]}.joined()
}

// startsLocal tells whether next begins something new after before: white
// space around a dot does not part a local part.
func startsLocal(before, next word) bool {
	return next.space && !strings.HasPrefix(next.text, ".") && !strings.HasSuffix(before.text, ".")
}

func joinWords(list []word) string {
	if len(list) == 1 {
		return list[0].text
	}
	var b strings.Builder
	for _, x := range list {
		if x.space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(x.text)
	}
	return b.String()
}
