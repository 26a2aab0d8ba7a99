package junk

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sync"

	"buzon/internal/message"
)

// Features are those of one message, sorted, each once, at most MaxFeatures.
type Features []Key

// Read takes the features out of a message. r has its octets, root is how Parse saw them, and from is where it starts:
// header fields before that are those that the box itself put there, which would tell what it thought before. Only
// errors of r are returned.
func Read(r io.ReaderAt, root *message.Part, from int64) (Features, error) {
	return read(r, root, from, nil)
}

// read is Read that also calls name for every feature, in the order of the message, where it is not nil.
func read(r io.ReaderAt, root *message.Part, from int64, name func(Key, kind, string)) (Features, error) {
	p := readers.Get().(*reader)
	defer readers.Put(p)
	s := &p.set
	s.name = name
	defer s.empty()
	if err := p.header(r, root, from); err != nil {
		return nil, fmt.Errorf("read features: %w", err)
	}
	p.room, p.parts = MaxText, maxParts
	if err := p.body(r, root); err != nil {
		return nil, fmt.Errorf("read features: %w", err)
	}
	return s.features(), nil
}

func (s *set) features() Features {
	f := make(Features, len(s.used))
	for i, at := range s.used {
		f[i] = s.places[at]
	}
	slices.Sort(f)
	return f
}

func (s *set) empty() {
	for _, at := range s.used {
		s.places[at] = 0
	}
	s.used, s.name, s.last = s.used[:0], nil, 0
}

// reader is what reading a message needs: 40 KiB, kept for the next one.
type reader struct {
	set    set
	words  words
	markup markup
	buf    [4 << 10]byte
	room   int // octets of text still looked at
	parts  int // text parts still looked at
}

var readers = sync.Pool{New: func() any { return new(reader) }}

// body walks the parts.
func (p *reader) body(r io.ReaderAt, part *message.Part) error {
	p.describe(part)
	for i := range part.Parts {
		if err := p.body(r, &part.Parts[i]); err != nil {
			return err
		}
	}
	if part.Type != "text" || len(part.Parts) > 0 || p.parts == 0 || p.room <= 0 {
		return nil
	}
	p.parts--
	p.words.begin(&p.set, inBody, inPair)
	if part.Subtype != "html" {
		err := p.pieces(part.Text(r), p.words.text)
		p.words.end()
		return err
	}
	p.markup.begin(&p.set, &p.words)
	err := p.pieces(part.Text(r), p.markup.read)
	p.markup.end()
	return err
}

// pieces reads text while there is room for its features.
func (p *reader) pieces(r io.Reader, f func([]byte)) error {
	for p.room > 0 && !p.set.full() {
		n, err := r.Read(p.buf[:min(len(p.buf), p.room)])
		p.room -= n
		f(p.buf[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// describe tells what a part says of itself.
func (p *reader) describe(part *message.Part) {
	b := append(p.words.lower[:0], part.Type...)
	b = append(append(b, '/'), part.Subtype...)
	if len(b) <= 2*maxWord {
		p.set.add(inParts, b)
	}
	p.set.add(inParts, clip(part.Encoding))
	p.set.add(inParts, clip(part.Disposition))
	for _, list := range [...][]message.Param{part.Params, part.DispParams} {
		for _, x := range list {
			p.parameter(x)
		}
	}
}

func (p *reader) parameter(x message.Param) {
	switch x.Name {
	case "charset":
		p.set.add(inParts, lower(clip(x.Value)))
	case "name", "filename":
		value := []byte(x.Value)
		if dot := bytes.LastIndexByte(value, '.'); dot >= 0 && len(value)-dot <= 6 {
			p.set.add(inParts, lower(value[dot:]))
		}
	}
}

func clip(s string) []byte { return []byte(s[:min(len(s), maxWord)]) }
