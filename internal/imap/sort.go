package imap

import (
	"strings"

	"buzon/internal/uidset"
)

// sortRequest is a SORT as it was asked.
type sortRequest struct {
	searchRequest
	criteria []sortCriterion
}

// sortCriterion is one key of SORT, perhaps with REVERSE before it.
type sortCriterion struct {
	*sortKey
	reverse bool
}

// maxSortCriteria caps the keys of one SORT. There are nine, and to sort by one twice is no use.
const maxSortCriteria = 9 // keys

// sort runs SORT and UID SORT (RFC 5256 §3, extended by RFC 5267 §3).
func (s *session) sort(tag string, uid bool) error {
	req, err := s.parseSort()
	if err != nil {
		return err
	}
	if err := s.runSort(tag, uid, req); err != nil {
		if req.options&returnSave != 0 {
			s.saved = uidset.Set{} // RFC 5182 §2.1
		}
		return err
	}
	return s.ok(tag, "", "Sorted.")
}

// parseSort reads the arguments: perhaps RETURN, the criteria, the charset,
// which is no option here, and the keys of the search.
func (s *session) parseSort() (req sortRequest, err error) {
	p := newSearchParser(s)
	if p.d.next(" RETURN ") && s.has("ESORT") {
		req.extended = true
		if _, err = p.firstWord(); err == nil {
			err = p.parseReturn(&req.searchRequest)
		}
	}
	if err == nil {
		err = p.d.SP()
	}
	if err == nil {
		err = p.d.List(func() error { return req.parseCriterion(s) })
	}
	if err == nil && len(req.criteria) == 0 {
		err = syntaxf("SORT needs something to sort by.")
	}
	if err == nil {
		req.program, err = p.parseAfterCharset()
	}
	return req, err
}

func (r *sortRequest) parseCriterion(s *session) error {
	word, err := s.dec.Keyword()
	if err != nil {
		return err
	}
	c := sortCriterion{reverse: word == "REVERSE"}
	if c.reverse {
		if err := s.dec.SP(); err != nil {
			return err
		}
		if word, err = s.dec.Keyword(); err != nil {
			return err
		}
	}
	key, ok := sortKeys[word]
	if !ok || !s.has(key.capability) {
		return syntaxf("SORT cannot sort by %s.", word)
	}
	c.sortKey = key
	if len(r.criteria) == maxSortCriteria {
		return syntaxf("SORT takes no more keys than that.")
	}
	r.criteria = append(r.criteria, c)
	return nil
}

// parseAfterCharset reads the charset and the keys of SORT and THREAD.
func (p *searchParser) parseAfterCharset() (*searchProgram, error) {
	if err := p.d.SP(); err != nil {
		return nil, err
	}
	name, err := p.d.AString()
	if err != nil {
		return nil, err
	}
	p.charset, p.badCharset = findSearchCharset(strings.TrimSpace(name))
	word, err := p.firstWord()
	if err != nil {
		return nil, err
	}
	return p.parseProgram(word)
}

func (s *session) runSort(tag string, uid bool, req sortRequest) error {
	var uids uidset.Set
	var list sorted
	err := s.reading(func() (err error) {
		uids, list, err = s.findSorted(req)
		return err
	})
	if err != nil {
		return err
	}
	if req.options&returnSave != 0 {
		s.saved = saveSorted(list, &req.searchRequest)
	}
	highest, err := s.searchModSeq(uids, searchRequest{program: req.program})
	if err != nil {
		return err
	}
	if !uid {
		for i, u := range list {
			list[i] = s.view.Seq(u)
		}
	}
	if req.extended {
		s.writeESearch(tag, uid, req.searchRequest, list, highest)
	} else {
		s.writeSort(list, highest)
	}
	return nil
}

// findSorted searches and sorts. Nobody waits for the client meanwhile.
func (s *session) findSorted(req sortRequest) (uidset.Set, sorted, error) {
	leave, err := s.enterHeavy()
	if err != nil {
		return uidset.Set{}, nil, err
	}
	defer leave()
	uids, err := s.find(&searchRequest{program: req.program})
	if err != nil {
		return uids, nil, err
	}
	list, err := s.order(uids, req.criteria)
	return uids, list, err
}

// writeSort writes RFC 5256 §4's response, with the modseq of RFC 7162 §3.1.6.
func (s *session) writeSort(list sorted, highest int64) {
	s.enc.Raw("* SORT")
	for _, n := range list {
		if s.enc.Byte(' ').Number(n).Err() != nil {
			return
		}
	}
	if highest > 0 {
		s.enc.Raw(" (MODSEQ ").Number64(highest).Byte(')')
	}
	s.enc.CRLF()
}

// saveSorted is what $ becomes, as saveResult has it for SEARCH.
func saveSorted(list sorted, req *searchRequest) uidset.Set {
	one := func(place int) uidset.Set { return uidset.Of(uidset.Range{Lo: list.at(place), Hi: list.at(place)}) }
	if req.options&(returnMin|returnMax|returnPartial) == 0 || req.options&(returnAll|returnCount) != 0 || len(list) == 0 {
		return list.set()
	}
	var saved uidset.Set
	if req.options&returnMin != 0 {
		saved = saved.Or(one(1))
	}
	if req.options&returnMax != 0 {
		saved = saved.Or(one(len(list)))
	}
	if lo, hi := req.partial.within(len(list)); req.partial.given() && lo <= hi {
		saved = saved.Or(list[lo-1 : hi].set())
	}
	return saved
}

// enterHeavy waits until not too many commands are at work that hold something
// of every message.
func (s *session) enterHeavy() (leave func(), err error) {
	if s.server.heavy == nil {
		return func() {}, nil
	}
	select {
	case s.server.heavy <- struct{}{}:
		return func() { <-s.server.heavy }, nil
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
}
