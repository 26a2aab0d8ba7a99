package junk

import (
	"cmp"
	"io"
	"math"
	"slices"

	"buzon/internal/message"
)

// Named is the features of a message with what they stand for, for people. It takes some hundred KiB.
type Named struct {
	Features
	texts map[Key]text
}

type text struct {
	where kind
	text  string
}

// ReadNamed is Read that keeps the words.
func ReadNamed(r io.ReaderAt, root *message.Part, from int64) (Named, error) {
	n := Named{texts: make(map[Key]text)}
	var err error
	n.Features, err = read(r, root, from, func(k Key, where kind, s string) { n.texts[k] = text{where, s} })
	return n, err
}

// Index is the place of a feature by where it was met (as Clue has it) and its text, -1 where the message has none such.
func (n Named) Index(where, text string) int {
	for i, k := range n.Features {
		if t := n.texts[k]; t.where.String() == where && t.text == text {
			return i
		}
	}
	return -1
}

// Clue is one feature that tells. The octets of Text are the message's, in UTF-8 where that could be known.
type Clue struct {
	Where  string // body, pair, subject, from, to, trace, header, link, markup, parts
	Text   string
	Says   float64 // positive for junk, negative for good mail
	Counts         // messages that had it
}

// Clues are the features that say most of one side, at most most of them, the strongest first. Nil where there is
// nothing to tell them from.
func (n Named) Clues(counts []Counts, learned Counts, most int) []Clue {
	var clues []Clue
	for i, c := range counts {
		if says := evidence(c, learned); says != 0 {
			t := n.texts[n.Features[i]]
			clues = append(clues, Clue{t.where.String(), t.text, says, c})
		}
	}
	slices.SortFunc(clues, func(a, b Clue) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Says), math.Abs(a.Says)), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Text, b.Text))
	})
	return clues[:min(len(clues), most)]
}

func (k kind) String() string {
	switch k {
	case inBody:
		return "body"
	case inPair:
		return "pair"
	case inSubject:
		return "subject"
	case inFrom:
		return "from"
	case inTo:
		return "to"
	case inTrace:
		return "trace"
	case inHeader:
		return "header"
	case inURL:
		return "link"
	case inMarkup:
		return "markup"
	}
	return "parts"
}
