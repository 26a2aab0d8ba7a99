package imap

import (
	"math"

	"buzon/internal/uidset"
)

// partialRange is the range of PARTIAL (RFC 9394 §4): places in a result, from
// 1 on, counted from its end with a minus. The zero value is none.
type partialRange struct {
	from, to uint32 // as they were written, in either order
	fromEnd  bool
}

func (r partialRange) given() bool { return r.from != 0 }

// lo and hi are the range in ascending order, as far as a result can reach.
func (r partialRange) lo() int { return int(min(r.from, r.to, math.MaxInt32)) }
func (r partialRange) hi() int { return int(min(max(r.from, r.to), math.MaxInt32-1)) }

// within gives the places of a result of n that the range names, counted from
// 1 at its start. What the result has not is left out; lo > hi means nothing.
func (r partialRange) within(n int) (lo, hi int) {
	if r.fromEnd {
		return max(n+1-r.hi(), 1), n + 1 - r.lo()
	}
	return r.lo(), min(r.hi(), n)
}

// of is the part of a result in mailbox order that the range names.
func (r partialRange) of(found uidset.Set) uidset.Set {
	if !r.given() {
		return found
	}
	lo, hi := r.within(found.Len())
	if lo > hi {
		return uidset.Set{}
	}
	return found.Slice(uint32(lo), uint32(hi))
}

// parsePartialRange reads a space and RFC 9394 §4 partial-range.
func parsePartialRange(d *decoder) (r partialRange, err error) {
	if err = d.SP(); err != nil {
		return r, err
	}
	r.fromEnd = d.Take('-')
	if r.from, err = parsePlace(d); err != nil {
		return r, err
	}
	if err = d.Expect(':'); err != nil {
		return r, err
	}
	if r.fromEnd {
		if err = d.Expect('-'); err != nil {
			return r, err
		}
	}
	r.to, err = parsePlace(d)
	return r, err
}

func parsePlace(d *decoder) (uint32, error) {
	n, err := d.Number()
	if err == nil && n == 0 {
		err = syntaxf("Places are counted from 1.")
	}
	return n, err
}

// writePartialRange writes the range as it was asked for.
func (s *session) writePartialRange(r partialRange) {
	if r.fromEnd {
		s.enc.Byte('-').Number(r.from).Raw(":-").Number(r.to)
		return
	}
	s.enc.Number(r.from).Byte(':').Number(r.to)
}

// partialModifier is PARTIAL of UID FETCH (RFC 9394 §3.3).
func (s *session) partialModifier(req *fetchRequest, uid bool) (err error) {
	if !uid || !s.has("PARTIAL") {
		return syntaxf("PARTIAL is for UID FETCH.")
	}
	req.partial, err = parsePartialRange(s.dec)
	return err
}
