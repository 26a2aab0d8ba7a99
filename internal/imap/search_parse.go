package imap

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding"

	"buzon/internal/uidset"
)

// What one search may cost to ask. Clients that search an address book send a
// chain of ORs as deep as it is long.
const (
	maxSearchDepth = 500  // levels of OR, NOT and parentheses
	maxSearchKeys  = 2000 // keys
	maxSearchTexts = 32   // BODY and TEXT: each looks at every octet
)

// searchProgram is a search ready to run.
type searchProgram struct {
	root     searchKey
	needles  []needle     // of BODY and TEXT
	keywords []keywordRef // to be found among the mailbox's before it runs
	lookups  []*lookup    // to be asked of the index
	modSeqs  int          // keys MODSEQ: the answer tells the highest modseq
}

// keywordRef is a keyword that a key asks for; its flag is 0 while the mailbox has none such.
type keywordRef struct {
	name string
	flag *Flags
}

// searchParser reads the keys of one SEARCH.
type searchParser struct {
	s       *session
	d       *decoder
	now     time.Time // of WITHIN (RFC 5032)
	utf8    bool
	charset encoding.Encoding // of the strings; nil is UTF-8

	badCharset bool // reported at the end, when the whole command was read
	keys       int
	program    searchProgram
}

func newSearchParser(s *session) *searchParser {
	return &searchParser{s: s, d: s.dec, now: s.server.now(), utf8: s.enabled.UTF8}
}

// firstWord reads a space and the word after it, empty when a set or a
// parenthesis follows: what the command begins with may not be a key yet.
func (p *searchParser) firstWord() (string, error) {
	if err := p.d.SP(); err != nil {
		return "", err
	}
	return p.word()
}

// word reads the name of a key in upper case, empty when it has none.
func (p *searchParser) word() (string, error) {
	c, err := p.d.Peek()
	if err != nil {
		return "", err
	}
	if c == '(' || c == '*' || c == '$' || '0' <= c && c <= '9' {
		return "", nil
	}
	return p.d.Keyword()
}

// parseProgram reads keys to the end of the command; word is the name of the first.
func (p *searchParser) parseProgram(word string) (*searchProgram, error) {
	root, err := p.parseAll(word, 0, p.d.AtEnd)
	if err == nil {
		err = p.d.CRLF()
	}
	switch {
	case err != nil:
		return nil, err
	case p.badCharset:
		return nil, errBadCharset
	}
	p.program.root = root
	return &p.program, nil
}

// parseAll reads keys, one at least, until end says so: they are all to match.
func (p *searchParser) parseAll(word string, depth int, end func() bool) (searchKey, error) {
	all := searchKey{op: opAnd}
	for {
		k, err := p.parseNamed(word, depth)
		if err != nil {
			return k, err
		}
		all.kids = append(all.kids, k)
		if end() {
			return all, nil
		}
		if word, err = p.firstWord(); err != nil {
			return k, err
		}
	}
}

// parseKey reads a space and one key.
func (p *searchParser) parseKey(depth int) (searchKey, error) {
	word, err := p.firstWord()
	if err != nil {
		return searchKey{}, err
	}
	return p.parseNamed(word, depth)
}

// parseNamed reads what follows the name of a key.
func (p *searchParser) parseNamed(word string, depth int) (searchKey, error) {
	if p.keys++; p.keys > maxSearchKeys || depth > maxSearchDepth {
		return searchKey{}, refuse("LIMIT", "The search has too many keys, or nests them too deep.")
	}
	switch word {
	case "":
		return p.parseGroupOrSet(depth)
	case "NOT":
		k, err := p.parseKey(depth + 1)
		return searchKey{op: opNot, kids: []searchKey{k}}, err
	case "OR":
		return p.parseOr(depth)
	}
	parse, ok := searchKeys[word]
	if !ok || !p.s.has(searchKeyOf[word]) {
		return searchKey{}, syntaxf("There is no search key %s.", word)
	}
	return parse(p)
}

func (p *searchParser) parseOr(depth int) (searchKey, error) {
	a, err := p.parseKey(depth + 1)
	if err != nil {
		return a, err
	}
	b, err := p.parseKey(depth + 1)
	return searchKey{op: opOr, kids: []searchKey{a, b}}, err
}

func (p *searchParser) parseGroupOrSet(depth int) (searchKey, error) {
	if !p.d.Take('(') {
		if c, err := p.d.Peek(); err == nil && c != '$' && p.s.enabled.UIDOnly { // RFC 9586 §3.2
			return searchKey{}, errUIDRequired
		}
		return p.parseSet(false)
	}
	word, err := p.word()
	if err != nil {
		return searchKey{}, err
	}
	return p.parseAll(word, depth+1, func() bool { return p.d.Take(')') })
}

// parseSet reads a set of messages. Numbers beyond the end match nothing: here
// they are a condition, not messages to be worked on.
func (p *searchParser) parseSet(uid bool) (searchKey, error) {
	n, err := parseNumSet(p.d)
	if err != nil {
		return searchKey{}, err
	}
	return searchKey{op: opSet, set: p.s.named(n, uid)}, nil
}

// text reads a string and decodes it from the search's charset.
func (p *searchParser) text() (string, error) {
	if err := p.d.SP(); err != nil {
		return "", err
	}
	s, err := p.d.AString()
	if err != nil || p.badCharset {
		return "", err
	}
	return decodeSearch(p.charset, s)
}

// date reads RFC 3501 §9 date, with or without quotes, as a day.
func (p *searchParser) date() (int64, error) {
	if err := p.d.SP(); err != nil {
		return 0, err
	}
	s, err := p.d.AString()
	if err != nil {
		return 0, err
	}
	t, err := parseDate(s)
	return dayNumber(t), err
}

func (p *searchParser) number() (int64, error) {
	if err := p.d.SP(); err != nil {
		return 0, err
	}
	return p.d.Number64()
}

// needle adds a text to look for in bodies and returns its place.
func (p *searchParser) needle(text string) (int, error) {
	n := newNeedle(text)
	at := slices.IndexFunc(p.program.needles, func(o needle) bool { return o == n })
	if at >= 0 {
		return at, nil
	}
	if len(p.program.needles) == maxSearchTexts {
		return 0, refuse("LIMIT", "The search has too many BODY and TEXT keys.")
	}
	p.program.needles = append(p.program.needles, n)
	return len(p.program.needles) - 1, nil
}

// keyword makes a place for the flag of a keyword.
func (p *searchParser) keyword(name string) *Flags {
	flag := new(Flags)
	p.program.keywords = append(p.program.keywords, keywordRef{name, flag})
	return flag
}

// bind finds the keywords among the mailbox's. Keywords are compared in any
// case, as flags are (RFC 3501 §2.3.2).
func (g *searchProgram) bind(names []string) {
	for _, ref := range g.keywords {
		i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, ref.name) })
		if i >= 0 {
			*ref.flag = 1 << (KeywordBit + i)
		}
	}
}

// everyMessage matches every message.
func everyMessage() searchKey { return searchKey{op: opAnd} }

// recent matches the messages that are \Recent for this session.
func (p *searchParser) recent() searchKey {
	return searchKey{op: opSet, set: uidset.Of(uidset.Range{Lo: max(p.s.recentFrom, 1), Hi: ^uint32(0)})}
}

func negate(k searchKey) searchKey { return searchKey{op: opNot, kids: []searchKey{k}} }
