package imap

import (
	"strings"

	"buzon/internal/uidset"
)

// maxSearchModSeqs caps the keys MODSEQ of one search: each is looked up when it is read.
const maxSearchModSeqs = 16 // keys

// modSeqKey is MODSEQ (RFC 7162 §3.1.5): messages that changed at n or later.
// They are looked up in the index, not asked one by one. The key switches
// CONDSTORE on.
func modSeqKey(p *searchParser) (searchKey, error) {
	if !p.s.has("CONDSTORE") {
		return searchKey{}, syntaxf("There is no search key MODSEQ.")
	}
	n, err := p.modSeq()
	if err != nil {
		return searchKey{}, err
	}
	if p.program.modSeqs++; p.program.modSeqs > maxSearchModSeqs {
		return searchKey{}, refuse("LIMIT", "The search has too many keys MODSEQ.")
	}
	if n == 0 {
		return everyMessage(), nil
	}
	changed, _, err := p.s.box.Since(p.s.ctx, n-1, p.s.view)
	return searchKey{op: opSet, set: changed}, err
}

// modSeq reads perhaps an entry, whose modseq here is the message's own, and the number.
func (p *searchParser) modSeq() (int64, error) {
	if err := p.d.SP(); err != nil {
		return 0, err
	}
	if c, err := p.d.Peek(); err != nil || c != '"' {
		return p.d.Number64()
	}
	if _, err := p.d.String(); err != nil { // "/flags/\\Seen"
		return 0, err
	}
	if err := p.d.SP(); err != nil {
		return 0, err
	}
	kind, err := p.d.Keyword()
	switch {
	case err != nil:
		return 0, err
	case !strings.Contains(" ALL PRIV SHARED ", " "+kind+" "):
		return 0, syntaxf("Expected priv, shared or all, found %s.", kind)
	}
	return p.number()
}

// searchModSeq is the modseq to tell with a result: the highest of what is
// told, which with MIN or MAX alone is one or two messages (RFC 7162 §3.1.5,
// RFC 4731 §3.2). It is 0 when MODSEQ was not among the keys or nothing was found.
func (s *session) searchModSeq(found uidset.Set, req searchRequest) (int64, error) {
	if req.program.modSeqs == 0 {
		return 0, nil
	}
	s.enableCondStore()
	if req.extended {
		found = saveResult(found, &req)
	}
	return s.highestOf(found)
}
