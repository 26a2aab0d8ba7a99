// Package uidset holds sets of IMAP unique identifiers (RFC 3501 §2.3.1.1) as
// sorted ranges, so that a mailbox of 100,000 messages in a row costs eight
// octets. A Set is immutable once shared: every operation that changes it
// returns a new one, so that sessions can hold the same view of a mailbox.
//
// The n-th UID of a set is message sequence number n (RFC 3501 §2.3.1.2).
package uidset

import (
	"slices"
	"sort"
)

// Range is the UIDs from Lo to Hi, both included. Lo is never 0 and never above Hi.
type Range struct{ Lo, Hi uint32 }

// Len is the number of UIDs in the range.
func (r Range) Len() int { return int(r.Hi-r.Lo) + 1 }

// Set is a sorted list of ranges that neither touch nor overlap. The zero value is empty.
type Set struct {
	ranges []Range
	before []uint32 // before[i]: how many UIDs stand in ranges[:i]
	n      int
}

// Of makes a set of ranges in any order, overlapping or not. It takes over the slice.
func Of(ranges ...Range) Set {
	if !sort.SliceIsSorted(ranges, func(i, j int) bool { return ranges[i].Lo < ranges[j].Lo }) {
		slices.SortFunc(ranges, func(a, b Range) int { return int(int64(a.Lo) - int64(b.Lo)) })
	}
	var b Builder
	for _, r := range ranges {
		b.AddRange(r)
	}
	return b.Set()
}

// Builder collects UIDs in ascending order of their lower end.
type Builder struct{ ranges []Range }

// Add appends one UID, which is not below any added before.
func (b *Builder) Add(uid uint32) { b.AddRange(Range{uid, uid}) }

// AddRange appends a range whose Lo is not below the Lo of any added before.
func (b *Builder) AddRange(r Range) {
	if k := len(b.ranges) - 1; k >= 0 && (r.Lo <= b.ranges[k].Hi || r.Lo == b.ranges[k].Hi+1) {
		b.ranges[k].Hi = max(b.ranges[k].Hi, r.Hi)
		return
	}
	b.ranges = append(b.ranges, r)
}

// Set ends the collecting; the builder is empty afterwards.
func (b *Builder) Set() Set {
	s := Set{ranges: slices.Clip(b.ranges)}
	b.ranges = nil
	if len(s.ranges) > 1 {
		s.before = make([]uint32, len(s.ranges))
	}
	for i, r := range s.ranges {
		if s.before != nil {
			s.before[i] = uint32(s.n)
		}
		s.n += r.Len()
	}
	return s
}

// Len is the number of UIDs.
func (s Set) Len() int { return s.n }

// Ranges are the set's ranges in order. The caller must not change them.
func (s Set) Ranges() []Range { return s.ranges }

// at is the index of the first range that ends at uid or later.
func (s Set) at(uid uint32) int {
	return sort.Search(len(s.ranges), func(i int) bool { return s.ranges[i].Hi >= uid })
}

func (s Set) countBefore(i int) int {
	switch {
	case i >= len(s.ranges):
		return s.n
	case s.before == nil:
		return 0
	}
	return int(s.before[i])
}

// Has tells whether uid is in the set.
func (s Set) Has(uid uint32) bool {
	i := s.at(uid)
	return i < len(s.ranges) && s.ranges[i].Lo <= uid
}

// Seq is the sequence number of uid, from 1, or 0 when it is not in the set.
func (s Set) Seq(uid uint32) uint32 {
	i := s.at(uid)
	if i == len(s.ranges) || s.ranges[i].Lo > uid {
		return 0
	}
	return uint32(s.countBefore(i)) + uid - s.ranges[i].Lo + 1
}

// UID is the UID with sequence number seq, or 0 when seq is 0 or beyond the end.
func (s Set) UID(seq uint32) uint32 {
	if seq == 0 || int(seq) > s.n {
		return 0
	}
	i := sort.Search(len(s.ranges), func(i int) bool { return s.countBefore(i+1) >= int(seq) })
	return s.ranges[i].Lo + seq - 1 - uint32(s.countBefore(i))
}

// Min is the lowest UID, or 0 when the set is empty.
func (s Set) Min() uint32 {
	if s.n == 0 {
		return 0
	}
	return s.ranges[0].Lo
}

// Max is the highest UID, or 0 when the set is empty.
func (s Set) Max() uint32 {
	if s.n == 0 {
		return 0
	}
	return s.ranges[len(s.ranges)-1].Hi
}

// Slice is the UIDs with sequence numbers lo to hi, both included, cut to what there is.
func (s Set) Slice(lo, hi uint32) Set {
	hi = min(hi, uint32(s.n))
	if lo = max(lo, 1); lo > hi {
		return Set{}
	}
	return s.And(Of(Range{s.UID(lo), s.UID(hi)}))
}

// Or is the union.
func (s Set) Or(o Set) Set {
	if s.n == 0 {
		return o
	}
	if o.n == 0 {
		return s
	}
	var b Builder
	i, j := 0, 0
	for i < len(s.ranges) || j < len(o.ranges) {
		if j == len(o.ranges) || i < len(s.ranges) && s.ranges[i].Lo <= o.ranges[j].Lo {
			b.AddRange(s.ranges[i])
			i++
		} else {
			b.AddRange(o.ranges[j])
			j++
		}
	}
	return b.Set()
}

// And is the intersection.
func (s Set) And(o Set) Set {
	var b Builder
	i, j := 0, 0
	for i < len(s.ranges) && j < len(o.ranges) {
		x, y := s.ranges[i], o.ranges[j]
		if lo, hi := max(x.Lo, y.Lo), min(x.Hi, y.Hi); lo <= hi {
			b.AddRange(Range{lo, hi})
		}
		if x.Hi < y.Hi {
			i++
		} else {
			j++
		}
	}
	return b.Set()
}

// AndNot is the UIDs of s that are not in o.
func (s Set) AndNot(o Set) Set {
	if o.n == 0 || s.n == 0 {
		return s
	}
	var b Builder
	j := 0
	for _, r := range s.ranges {
		for j < len(o.ranges) && o.ranges[j].Hi < r.Lo {
			j++
		}
		lo := r.Lo
		for k := j; k < len(o.ranges) && o.ranges[k].Lo <= r.Hi; k++ {
			if o.ranges[k].Lo > lo {
				b.AddRange(Range{lo, o.ranges[k].Lo - 1})
			}
			lo = o.ranges[k].Hi + 1
			if o.ranges[k].Hi >= r.Hi {
				lo = 0 // nothing of r is left, and Hi+1 may have wrapped
				break
			}
		}
		if lo != 0 && lo <= r.Hi {
			b.AddRange(Range{lo, r.Hi})
		}
	}
	return b.Set()
}

// All calls f for each UID in ascending order until f returns false.
func (s Set) All(f func(uid uint32) bool) {
	for _, r := range s.ranges {
		for u := uint64(r.Lo); u <= uint64(r.Hi); u++ {
			if !f(uint32(u)) {
				return
			}
		}
	}
}
