package message

// folder writes the words of a header field and folds between them before a
// line grows longer than RFC 5322 §2.1.1 recommends.
type folder struct {
	b   []byte
	col int // octets on this line, the first is the fold's space; 0 before all words
}

// word appends words, a space or a fold before each but the first of all.
// Empty ones are left out.
func (f *folder) word(words ...string) {
	for _, w := range words {
		if w == "" {
			continue
		}
		if f.col > 1 && f.col+1+len(w) >= maxLine { // a semicolon may follow
			f.newLine()
		}
		if f.col > 0 {
			f.b = append(f.b, ' ')
			f.col++
		}
		f.b = append(f.b, w...)
		f.col += len(w)
	}
}

// newLine folds: the space before the next word begins a line.
func (f *folder) newLine() {
	f.b = append(f.b, "\r\n"...)
	f.col = 1
}
