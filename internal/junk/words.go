package junk

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// words cuts running text into words. It is fed piece by piece; what of a piece may go on in the next one is held.
type words struct {
	to         *set
	kind, pair kind
	chunk      []byte // a run without white space
	long       bool   // it is longer than maxChunk
	lower      []byte // the word being read, in small letters
	letters    int    // its characters
}

func (w *words) begin(to *set, k, pair kind) {
	w.to, w.kind, w.pair = to, k, pair
	w.chunk, w.long = w.chunk[:0], false
	to.part()
}

// text takes a piece of text.
func (w *words) text(b []byte) {
	for len(b) > 0 {
		n := 0
		for n < len(b) && !isBreak[b[n]] {
			n++
		}
		w.hold(b[:n])
		if n == len(b) {
			return
		}
		w.end()
		b = b[n+1:]
	}
}

// isBreak tells the ASCII characters that end a run: white space and what stands around links and addresses.
var isBreak = func() (t [256]bool) {
	for c := range byte(0x21) {
		t[c] = true
	}
	for _, c := range []byte("<>\"()[]{}|,;\x7f") {
		t[c] = true
	}
	return t
}()

func (w *words) hold(b []byte) {
	room := maxChunk - len(w.chunk)
	if len(b) > room {
		b, w.long = b[:room], true
	}
	w.chunk = append(w.chunk, b...)
}

// end ends a run: whole links and addresses first, then its words.
func (w *words) end() {
	if len(w.chunk) == 0 {
		return
	}
	c := w.chunk
	switch {
	case w.long:
		w.to.add(w.kind, []byte("(long)"))
	case bytes.Contains(c, []byte("://")) || len(c) > 4 && bytes.EqualFold(c[:4], []byte("www.")):
		link(w.to, c)
	case bytes.IndexByte(c, '@') > 0:
		w.address(c)
	default:
		w.split(c)
	}
	w.chunk, w.long = w.chunk[:0], false
}

// address tells the domain of a mail address in the text.
func (w *words) address(c []byte) {
	_, domain, _ := bytes.Cut(c, []byte("@"))
	domain = bytes.TrimRight(domain, ".:!?'*_>")
	host(w.to, w.kind, domain)
}

// split takes the words of a run.
func (w *words) split(c []byte) {
	w.lower, w.letters = w.lower[:0], 0
	for i := 0; i < len(c); {
		if b := c[i]; b < utf8.RuneSelf {
			i++
			if isWord[b] == 0 {
				w.flush()
				continue
			}
			w.lower = append(w.lower, isWord[b])
			w.letters++
			continue
		}
		r, n := utf8.DecodeRune(c[i:])
		i += n
		w.rune(r)
	}
	w.flush()
}

func (w *words) rune(r rune) {
	switch {
	case isIdeograph(r): // written without spaces: each is a word, and pairs of them tell
		w.flush()
		w.lower = utf8.AppendRune(w.lower, r)
		w.letters = minWord
		w.flush()
	case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || unicode.Is(unicode.Sc, r):
		w.lower = utf8.AppendRune(w.lower, unicode.ToLower(r))
		w.letters++
	case unicode.Is(unicode.Cf, r): // soft hyphens and spaces of no width only hide words
	default:
		w.flush()
	}
}

// isWord is the lower case of the ASCII characters that words are made of, 0 for the others.
var isWord = func() (t [256]byte) {
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = c, c
	}
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c
	}
	for _, c := range []byte("$%'-") {
		t[c] = c
	}
	return t
}()

// flush ends a word.
func (w *words) flush() {
	word, letters := bytes.Trim(w.lower, "'-"), w.letters
	w.lower, w.letters = w.lower[:0], 0
	switch {
	case letters < minWord || len(word) < minWord:
	case len(word) > maxWord:
		w.to.add(w.kind, []byte("(long)"))
	default:
		w.to.word(w.kind, w.pair, word)
	}
}

func isIdeograph(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
