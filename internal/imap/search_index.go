package imap

import (
	"fmt"
	"slices"

	"buzon/internal/fold"
	"buzon/internal/uidset"
)

const (
	// minLookup is what an index needs of a text: it goes by three octets in a row.
	minLookup = 3 // octets, folded

	// maxLookups is how many texts of a search are looked up. Each may keep a
	// set as large as the mailbox is scattered; without one it is scanned.
	maxLookups = 16

	// worthLookup is how many messages are scanned as fast as looked up.
	worthLookup = 32
)

// lookup is a text of the search, with the messages that may have it once the
// index was asked: those that it knows not to have it are left out.
type lookup struct {
	Lookup
	known        bool
	header, body uidset.Set
}

// look is a lookup as a leaf of the tree has it. For what it does not leave
// out the leaf is asked as ever: the index never says yes.
type look struct {
	*lookup
	inHeader bool
}

// may is the messages that may have the text.
func (l look) may() uidset.Set {
	if l.inHeader {
		return l.header
	}
	return l.body
}

// look makes a place for the answer of the index for a text.
func (p *searchParser) look(text string, inHeader bool) []look {
	folded := string(fold.Append(nil, []byte(text)))
	if len(folded) < minLookup {
		return nil
	}
	list := p.program.lookups
	at := slices.IndexFunc(list, func(l *lookup) bool { return l.Folded == folded })
	if at < 0 && len(list) == maxLookups {
		return nil
	}
	if at < 0 {
		at = len(list)
		p.program.lookups = append(list, &lookup{Lookup: Lookup{Folded: folded}})
	}
	l := p.program.lookups[at]
	l.Header, l.Body = l.Header || inHeader, l.Body || !inHeader
	return []look{{l, inHeader}}
}

// lookField is for a key of a field. Where the envelope does not have the
// field, its name is in the header as well as the text.
func (p *searchParser) lookField(name, text string) []look {
	looks := p.look(text, true)
	if _, ok := envelopeFields[foldASCII(name)]; !ok {
		looks = append(looks, p.look(name, true)...)
	}
	return looks
}

// lookUp asks the index and leaves of base what may match. A search does not
// fail because the index does.
func (s *session) lookUp(program *searchProgram, base uidset.Set) (uidset.Set, error) {
	if len(program.lookups) == 0 || base.Len() < worthLookup {
		return base, nil
	}
	asked := make([]Lookup, len(program.lookups))
	for i, l := range program.lookups {
		asked[i] = l.Lookup
	}
	answers, indexed, err := s.box.Candidates(s.ctx, base, asked)
	switch {
	case s.ctx.Err() != nil:
		return base, fmt.Errorf("look into the index: %w", s.ctx.Err())
	case err != nil:
		s.log.Error("search index failed", "mailbox", s.name, "err", err)
		return base, nil
	case indexed.Len() == 0:
		return base, nil
	}
	others := base.AndNot(indexed)
	for i, l := range program.lookups {
		l.known, l.header, l.body = true, others.Or(answers[i].Header), others.Or(answers[i].Body)
	}
	base, _ = program.root.narrow(base)
	return base, nil
}

// excludes tells that the index knows a message not to match this leaf.
func (k *searchKey) excludes(uid uint32) bool {
	for _, l := range k.looks {
		if l.known && !l.may().Has(uid) {
			return true
		}
	}
	return false
}

// narrowLooks is narrow for a leaf.
func (k *searchKey) narrowLooks(view uidset.Set) uidset.Set {
	for _, l := range k.looks {
		if l.known {
			view = view.And(l.may())
		}
	}
	return view
}
