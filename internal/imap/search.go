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
)

// returnOptions are their names.
var returnOptions = map[string]returnOption{
	"MIN":   returnMin,
	"MAX":   returnMax,
	"ALL":   returnAll,
	"COUNT": returnCount,
	"SAVE":  returnSave,
}

// searchRequest is a SEARCH as it was asked.
type searchRequest struct {
	extended bool // RETURN was there: the answer is ESEARCH
	options  returnOption
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
	found, err := s.find(req.program, req.options)
	if err != nil {
		return err
	}
	if req.options&returnSave != 0 {
		s.saved = saveResult(found, req.options)
	}
	result := found
	if !uid {
		result = seqsOf(s.view, found)
	}
	if req.extended {
		s.writeESearch(tag, uid, req.options, result)
	} else {
		s.writeSearch(result)
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
		if req.options, err = p.parseReturn(); err == nil {
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
func (p *searchParser) parseReturn() (options returnOption, err error) {
	if err = p.d.SP(); err != nil {
		return 0, err
	}
	err = p.d.List(func() error {
		word, err := p.d.Keyword()
		option, ok := returnOptions[word]
		if err == nil && !ok {
			err = syntaxf("There is no return option %s.", word)
		}
		options |= option
		return err
	})
	if options == 0 {
		options = returnAll
	}
	return options, err
}

// saveResult is what $ becomes. RFC 5182 §2.1: with MIN or MAX and neither ALL
// nor COUNT, only those.
func saveResult(found uidset.Set, options returnOption) uidset.Set {
	if options&(returnMin|returnMax) == 0 || options&(returnAll|returnCount) != 0 || found.Len() == 0 {
		return found
	}
	var b uidset.Builder
	if options&returnMin != 0 {
		b.Add(found.Min())
	}
	if options&returnMax != 0 {
		b.Add(found.Max())
	}
	return b.Set()
}

// writeSearch writes RFC 3501 §7.2.5's response. It is there when nothing was found, too.
func (s *session) writeSearch(found uidset.Set) {
	s.enc.Raw("* SEARCH")
	found.All(func(n uint32) bool {
		s.enc.Byte(' ').Number(n)
		return s.enc.Err() == nil
	})
	s.enc.CRLF()
}

// writeESearch writes RFC 4731 §3.1's response. RFC 5182 §2.1: none when
// SAVE alone was asked for.
func (s *session) writeESearch(tag string, uid bool, options returnOption, found uidset.Set) {
	if options == returnSave {
		return
	}
	s.enc.Raw("* ESEARCH (TAG ").String(tag).Byte(')')
	if uid {
		s.enc.Raw(" UID")
	}
	if found.Len() > 0 {
		s.writeESearchNumbers(options, found)
	}
	if options&returnCount != 0 {
		s.enc.Raw(" COUNT ").Number(uint32(found.Len()))
	}
	s.enc.CRLF()
}

// writeESearchNumbers writes what RFC 4731 §3.1 leaves out when nothing was found.
func (s *session) writeESearchNumbers(options returnOption, found uidset.Set) {
	if options&returnMin != 0 {
		s.enc.Raw(" MIN ").Number(found.Min())
	}
	if options&returnMax != 0 {
		s.enc.Raw(" MAX ").Number(found.Max())
	}
	if options&returnAll != 0 {
		s.enc.Raw(" ALL ").Bytes(appendSet(nil, found))
	}
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
