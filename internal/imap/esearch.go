package imap

import (
	"buzon/internal/uidset"
)

// results is what SEARCH or SORT found, as numbers in the order to be told. A
// place is counted from 1.
type results interface {
	Len() int
	at(place int) uint32
	write(e *encoder, from, to int) // as a sequence set; from <= to
}

// found is a result in mailbox order.
type found struct{ uidset.Set }

func (f found) at(place int) uint32 { return f.UID(uint32(place)) }

func (f found) write(e *encoder, from, to int) {
	e.Bytes(appendSet(nil, f.Slice(uint32(from), uint32(to))))
}

// sorted is a result of SORT.
type sorted []uint32

func (l sorted) Len() int            { return len(l) }
func (l sorted) at(place int) uint32 { return l[place-1] }

// write writes what follows in ascending order as ranges. RFC 5267 §3.2: in
// descending order a range would say the same as in ascending.
func (l sorted) write(e *encoder, from, to int) {
	for i := from - 1; i < to && e.Err() == nil; {
		last := i
		for last+1 < to && l[last+1] == l[last]+1 {
			last++
		}
		if i > from-1 {
			e.Byte(',')
		}
		e.Number(l[i])
		if last > i {
			e.Byte(':').Number(l[last])
		}
		i = last + 1
	}
}

// writeESearch writes RFC 4731 §3.1's response. RFC 5182 §2.1: none when
// SAVE alone was asked for.
func (s *session) writeESearch(tag string, uid bool, req searchRequest, r results, highest int64) {
	if req.options == returnSave {
		return
	}
	s.enc.Raw("* ESEARCH (TAG ").String(tag).Byte(')')
	if uid {
		s.enc.Raw(" UID")
	}
	if r.Len() > 0 {
		s.writeESearchNumbers(req.options, r)
	}
	if req.partial.given() {
		s.writePartial(req.partial, r)
	}
	if req.options&returnCount != 0 {
		s.enc.Raw(" COUNT ").Number(uint32(r.Len()))
	}
	if highest > 0 { // RFC 4731 §3.2: without parentheses; iOS breaks on any other form
		s.enc.Raw(" MODSEQ ").Number64(highest)
	}
	s.enc.CRLF()
}

// writeESearchNumbers writes what RFC 4731 §3.1 leaves out when nothing was
// found. RFC 5267 §3.1: of SORT, MIN and MAX are the first and the last.
func (s *session) writeESearchNumbers(options returnOption, r results) {
	if options&returnMin != 0 {
		s.enc.Raw(" MIN ").Number(r.at(1))
	}
	if options&returnMax != 0 {
		s.enc.Raw(" MAX ").Number(r.at(r.Len()))
	}
	if options&returnAll != 0 {
		s.enc.Raw(" ALL ")
		r.write(s.enc, 1, r.Len())
	}
}

// writePartial writes RFC 9394 §3.1's item: NIL when the whole range is beyond the result.
func (s *session) writePartial(p partialRange, r results) {
	s.enc.Raw(" PARTIAL (")
	s.writePartialRange(p)
	s.enc.Byte(' ')
	if lo, hi := p.within(r.Len()); lo <= hi {
		r.write(s.enc, lo, hi)
	} else {
		s.enc.Raw("NIL")
	}
	s.enc.Byte(')')
}
