package imap

import (
	"errors"
	"strings"

	"buzon/internal/uidset"
)

// returnOption is what RETURN asks for (RFC 4731 §3.1, RFC 5182 §2.1).
type returnOption uint8

const (
	returnMin returnOption = 1 << iota
	returnMax
	returnAll
	returnCount
	returnSave
	returnPartial
)

// returnOptions are their names.
var returnOptions = map[string]returnOption{
	"MIN":   returnMin,
	"MAX":   returnMax,
	"ALL":   returnAll,
	"COUNT": returnCount,
	"SAVE":  returnSave,

	"PARTIAL": returnPartial, // RFC 9394
}

// searchRequest is a SEARCH as it was asked.
type searchRequest struct {
	extended bool // RETURN was there: the answer is ESEARCH
	options  returnOption
	partial  partialRange // of PARTIAL
	program  *searchProgram
}

// search runs SEARCH and UID SEARCH (RFC 3501 §6.4.4).
func (s *session) search(tag string, uid bool) error {
	req, err := s.parseSearch()
	if err == nil {
		err = s.runSearch(tag, uid, req)
	}
	var syntax *syntaxError
	if err != nil && req.options&returnSave != 0 && !errors.As(err, &syntax) {
		s.saved = uidset.Set{} // RFC 5182 §2.1: emptied by NO, kept by BAD
	}
	if err != nil {
		return err
	}
	return s.ok(tag, "", "Searched.")
}

func (s *session) runSearch(tag string, uid bool, req searchRequest) error {
	if !req.extended && s.enabled.Rev2 { // RFC 9051 §6.4.4
		req.extended, req.options = true, returnAll
	}
	uids, err := s.find(&req)
	if err != nil {
		return err
	}
	if req.options&returnSave != 0 {
		s.saved = saveResult(uids, &req)
	}
	highest, err := s.searchModSeq(uids, req)
	if err != nil {
		return err
	}
	result := uids
	if !uid {
		result = seqsOf(s.view, uids)
	}
	if req.extended {
		s.writeESearch(tag, uid, req, found{result}, highest)
	} else {
		s.writeSearch(result, highest)
	}
	return nil
}

// parseSearch reads the arguments of SEARCH: perhaps RETURN (RFC 4731 §3.1),
// perhaps CHARSET, then keys.
func (s *session) parseSearch() (req searchRequest, err error) {
	p := newSearchParser(s)
	word, err := p.firstWord()
	if word == "RETURN" && err == nil {
		req.extended = true
		if err = p.parseReturn(&req); err == nil {
			word, err = p.firstWord()
		}
	}
	if word == "CHARSET" && err == nil {
		if err = p.parseCharset(); err == nil {
			word, err = p.firstWord()
		}
	}
	if err == nil {
		req.program, err = p.parseProgram(word)
	}
	return req, err
}

// parseReturn reads the list after RETURN. RFC 4731 §3.1: an empty one means ALL.
func (p *searchParser) parseReturn(req *searchRequest) error {
	if err := p.d.SP(); err != nil {
		return err
	}
	if err := p.d.List(func() error { return p.parseReturnOption(req) }); err != nil {
		return err
	}
	if req.options == 0 {
		req.options = returnAll
	}
	if req.options&returnAll != 0 && req.partial.given() { // RFC 9394 §3.1
		return syntaxf("RETURN may not have both ALL and PARTIAL.")
	}
	return nil
}

func (p *searchParser) parseReturnOption(req *searchRequest) error {
	word, err := p.d.Keyword()
	if err != nil {
		return err
	}
	option, ok := returnOptions[word]
	if !ok || option == returnPartial && (!p.s.has("PARTIAL") || req.partial.given()) {
		return syntaxf("There is no return option %s, or only one.", word)
	}
	req.options |= option
	if option == returnPartial {
		req.partial, err = parsePartialRange(p.d)
	}
	return err
}

// saveResult is what $ becomes. RFC 5182 §2.1, RFC 9394 §3.2: with MIN, MAX or
// PARTIAL and neither ALL nor COUNT, only those.
func saveResult(found uidset.Set, req *searchRequest) uidset.Set {
	if req.options&(returnMin|returnMax|returnPartial) == 0 || req.options&(returnAll|returnCount) != 0 || found.Len() == 0 {
		return found
	}
	var b uidset.Builder
	if req.options&returnMin != 0 {
		b.Add(found.Min())
	}
	if req.options&returnMax != 0 {
		b.Add(found.Max())
	}
	if req.partial.given() {
		return b.Set().Or(req.partial.of(found))
	}
	return b.Set()
}

// writeSearch writes RFC 3501 §7.2.5's response. It is there when nothing was found, too.
func (s *session) writeSearch(found uidset.Set, highest int64) {
	s.enc.Raw("* SEARCH")
	found.All(func(n uint32) bool {
		s.enc.Byte(' ').Number(n)
		return s.enc.Err() == nil
	})
	if highest > 0 { // RFC 7162 §3.1.5
		s.enc.Raw(" (MODSEQ ").Number64(highest).Byte(')')
	}
	s.enc.CRLF()
}

// parseCharset reads the name after CHARSET. RFC 6855 §3: not once UTF8=ACCEPT is enabled.
func (p *searchParser) parseCharset() error {
	if err := p.d.SP(); err != nil {
		return err
	}
	name, err := p.d.AString()
	if err != nil {
		return err
	}
	if p.utf8 {
		return syntaxf("CHARSET may not be used after ENABLE UTF8=ACCEPT.")
	}
	p.charset, p.badCharset = findSearchCharset(strings.TrimSpace(name))
	return nil
}
