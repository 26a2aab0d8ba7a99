package imap

import (
	"buzon/internal/uidset"
)

// star stands for "*" in a numRange: no message has number 0.
const star = 0

// numRange is one element of a sequence set as it was written, in either order.
type numRange struct{ from, to uint32 }

// numSet is a sequence set of RFC 3501 §9 as the client wrote it, or "$"
// (RFC 5182 §2.1). Which messages it names depends on the mailbox: see resolve.
type numSet struct {
	ranges []numRange
	saved  bool // "$"
}

// maxNumRanges caps the elements of one sequence set. A line holds no more;
// this is for those sent as a literal or over many lines in SEARCH.
const maxNumRanges = 16 << 10 // elements, 8 octets each

// parseNumSet reads a sequence set, or "$".
func parseNumSet(d *decoder) (numSet, error) {
	if d.Take('$') {
		return numSet{saved: true}, nil
	}
	var n numSet
	for {
		r, err := parseNumRange(d)
		if err != nil {
			return numSet{}, err
		}
		if len(n.ranges) == maxNumRanges {
			return numSet{}, syntaxf("A set has too many numbers.")
		}
		n.ranges = append(n.ranges, r)
		if !d.Take(',') {
			return n, nil
		}
	}
}

func parseNumRange(d *decoder) (r numRange, err error) {
	if r.from, err = parseSeqNumber(d); err != nil {
		return r, err
	}
	r.to = r.from
	if d.Take(':') {
		r.to, err = parseSeqNumber(d)
	}
	return r, err
}

// parseSeqNumber reads RFC 3501 §9 seq-number.
func parseSeqNumber(d *decoder) (uint32, error) {
	if d.Take('*') {
		return star, nil
	}
	n, err := d.Number()
	if err == nil && n == 0 {
		err = syntaxf("A message number is never 0.")
	}
	return n, err
}

// hasStar tells whether the range depends on the last message.
func (r numRange) hasStar() bool { return r.from == star || r.to == star }

// within is the range with last for "*", in ascending order. RFC 3501 §9:
// "*:4" and "4:*" are the same, also when 4 is beyond the last message.
func (r numRange) within(last uint32) uidset.Range {
	lo, hi := r.from, r.to
	if lo == star {
		lo = last
	}
	if hi == star {
		hi = last
	}
	return uidset.Range{Lo: min(lo, hi), Hi: max(lo, hi)}
}

// set is the numbers of n with last for "*"; last is not 0.
func (n numSet) set(last uint32) uidset.Set {
	ranges := make([]uidset.Range, len(n.ranges))
	for i, r := range n.ranges {
		ranges[i] = r.within(last)
	}
	return uidset.Of(ranges...)
}

// resolve gives the UIDs of the messages that n names in the selected mailbox,
// as UIDs or as sequence numbers of this session's view.
func (s *session) resolve(n numSet, uid bool) (uidset.Set, error) {
	if !uid && !n.saved {
		if err := s.checkSequence(n); err != nil {
			return uidset.Set{}, err
		}
	}
	return s.existing(n, uid), nil
}

// checkSequence refuses sequence numbers beyond the end (RFC 3501 §9
// seq-number). That says the same of "*" in an empty mailbox, but clients that
// ask for 1:* without a look at EXISTS mean "whatever is there": they get nothing.
func (s *session) checkSequence(n numSet) error {
	count := uint32(s.view.Len())
	for _, r := range n.ranges {
		if count == 0 && r.hasStar() {
			continue
		}
		if max(r.from, r.to) > count {
			return syntaxf("There is no message with that number; the mailbox has %d.", count)
		}
	}
	return nil
}

// existing gives the UIDs of what n names and the view has. RFC 3501 §6.4.8: a
// UID that does not exist is ignored.
func (s *session) existing(n numSet, uid bool) uidset.Set {
	return s.view.And(s.named(n, uid))
}

// named gives n in UIDs, between which others may stand that the view has not:
// no larger than what the client wrote, however the view is broken up.
func (s *session) named(n numSet, uid bool) uidset.Set {
	switch {
	case s.view.Len() == 0:
		return uidset.Set{}
	case n.saved: // RFC 5182 §2.1: UIDs, whatever the command counts in
		return s.saved
	case uid:
		return n.set(s.view.Max())
	}
	return uidsOf(s.view, n.set(uint32(s.view.Len())))
}

// uidsOf turns ranges of view's sequence numbers into ranges of its UIDs, with
// gaps filled; numbers beyond its end are ignored.
func uidsOf(view, seqs uidset.Set) uidset.Set {
	count := uint32(view.Len())
	var b uidset.Builder
	for _, r := range seqs.Ranges() {
		if r.Lo <= count {
			b.AddRange(uidset.Range{Lo: view.UID(r.Lo), Hi: view.UID(min(r.Hi, count))})
		}
	}
	return b.Set()
}

// seqsOf turns UIDs of view into sequence numbers.
func seqsOf(view, uids uidset.Set) uidset.Set {
	var b uidset.Builder
	for _, r := range view.And(uids).Ranges() {
		lo := view.Seq(r.Lo)
		b.AddRange(uidset.Range{Lo: lo, Hi: lo + r.Hi - r.Lo})
	}
	return b.Set()
}
