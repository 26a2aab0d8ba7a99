package imap

import (
	"strings"

	"buzon/internal/uidset"
)

// fetchRequest is what a FETCH asks of each message.
type fetchRequest struct {
	items  []fetchItem
	fields Fields // that the items need of the listing
	body   bool   // an item reads the body
	binary bool   // an item decodes a part
	seen   bool   // an item sets \Seen
	flags  bool   // FLAGS is among the items
	modSeq bool   // MODSEQ is among the items

	since        bool  // CHANGEDSINCE was given (RFC 7162 §3.1.4.1):
	changedSince int64 // only what changed after it
	vanished     bool  // VANISHED, too (RFC 7162 §3.2.6)

	partial partialRange // of PARTIAL (RFC 9394 §3.3)
}

// fetchItem is one data item, ready to be written.
type fetchItem struct {
	*fetchKind
	label   string // how the answer names it
	section section
	lazy    bool // of PREVIEW (RFC 8970 §4.1)
}

// maxFetchItems caps one FETCH; every item is written for every message.
const maxFetchItems = 200 // items

// parseFetch reads the arguments of FETCH.
func (s *session) parseFetch(uid bool) (set uidset.Set, req fetchRequest, err error) {
	d := s.dec
	if err = d.SP(); err != nil {
		return set, req, err
	}
	n, err := parseNumSet(d)
	if err == nil {
		err = d.SP()
	}
	if err == nil {
		req, err = parseFetchRequest(d, uid && !s.enabled.UIDOnly) // RFC 9586 §3.3: the response has it
	}
	if err == nil {
		err = s.parseFetchModifiers(&req, uid)
	}
	if err == nil {
		err = s.checkFetchItems(&req)
	}
	if err == nil {
		err = d.CRLF()
	}
	if err == nil {
		set, err = s.resolve(n, uid)
	}
	if err == nil && req.modSeq {
		s.enableCondStore()
	}
	if err == nil {
		set, err = s.narrowFetch(set, n, &req)
	}
	return set, req, err
}

// checkFetchItems refuses items of capabilities that are hidden.
func (s *session) checkFetchItems(req *fetchRequest) error {
	for i := range req.items {
		if it := &req.items[i]; it.capability != "" && !s.has(it.capability) {
			return syntaxf("There is no data item %s.", it.label)
		}
	}
	return nil
}

// parseFetchRequest reads the data items: a macro, one item, or a list.
func parseFetchRequest(d *decoder, uid bool) (fetchRequest, error) {
	var req fetchRequest
	if uid { // RFC 3501 §6.4.8: always in the answer of UID FETCH
		req.addWord("UID")
	}
	c, err := d.Peek()
	if err != nil {
		return req, err
	}
	if c == '(' {
		return req, req.parseList(d)
	}
	word, err := fetchWord(d)
	if err != nil {
		return req, err
	}
	if macro, ok := fetchMacros[word]; ok {
		for _, w := range macro {
			req.addWord(w)
		}
		return req, nil
	}
	return req, req.parseItem(d, word)
}

// fetchMacros are RFC 3501 §6.4.5's.
var fetchMacros = map[string][]string{
	"ALL":  {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"},
	"FAST": {"FLAGS", "INTERNALDATE", "RFC822.SIZE"},
	"FULL": {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"},
}

func (r *fetchRequest) parseList(d *decoder) error {
	err := d.List(func() error {
		word, err := fetchWord(d)
		if err != nil {
			return err
		}
		return r.parseItem(d, word)
	})
	if err == nil && len(r.items) == 0 {
		err = syntaxf("The list of data items is empty.")
	}
	return err
}

// fetchWord reads a data item's name, or a section's, in upper case.
func fetchWord(d *decoder) (string, error) {
	word, err := d.run(func(c byte) bool {
		return isAlpha(c) || '0' <= c && c <= '9' || c == '.'
	}, "a data item")
	return strings.ToUpper(word), err
}

func isAlpha(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// parseItem reads what follows the word, if the word has a section.
func (r *fetchRequest) parseItem(d *decoder, word string) error {
	if d.Take('[') {
		return r.parseSectionItem(d, word)
	}
	kind, ok := fetchKinds[word]
	if !ok {
		return syntaxf("There is no data item %s.", word)
	}
	if kind.parse != nil {
		if err := kind.parse(r, d, kind); err != nil {
			return err
		}
		return r.checkCount()
	}
	r.addWord(word)
	return r.checkCount()
}

func (r *fetchRequest) parseSectionItem(d *decoder, word string) error {
	kind, ok := fetchKinds[word+"["]
	if !ok {
		return syntaxf("There is no data item %s with a section.", word)
	}
	sec, label, err := parseSection(d)
	if err != nil {
		return err
	}
	if kind.binary && (sec.kind != sectionAll || sec.partial && word == "BINARY.SIZE") { // RFC 3516 §7
		return syntaxf("%s takes numbers alone.", word)
	}
	r.add(fetchItem{fetchKind: kind, label: kind.label + label, section: sec})
	return r.checkCount()
}

func (r *fetchRequest) checkCount() error {
	if len(r.items) > maxFetchItems {
		return syntaxf("That is more than %d data items.", maxFetchItems)
	}
	return nil
}

// addWord adds an item that is one word of fetchKinds.
func (r *fetchRequest) addWord(word string) {
	kind := fetchKinds[word]
	r.add(fetchItem{fetchKind: kind, label: kind.label, section: kind.section})
	r.flags = r.flags || word == "FLAGS"
	r.modSeq = r.modSeq || word == "MODSEQ"
}

// add adds an item once: what is asked for twice is answered once.
func (r *fetchRequest) add(item fetchItem) {
	for i := range r.items {
		if r.items[i].label == item.label && r.items[i].section.count == item.section.count {
			r.seen = r.seen || item.seen
			return
		}
	}
	r.items = append(r.items, item)
	r.fields |= item.fields
	r.binary = r.binary || item.binary
	if item.body {
		r.body = true
		r.fields |= WithMeta
		if !item.section.whole() {
			r.fields |= WithStructure
		}
	}
	r.seen = r.seen || item.seen
}
