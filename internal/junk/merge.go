package junk

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"
)

// stamp counts sixteenths of a year, about: it goes round after 11 years.
func stamp(t time.Time) uint8 { return uint8(t.Unix() / (16 * 24 * 3600)) }

// Aging is what a merge does to a whole table beside adding.
type Aging struct {
	Now               time.Time
	HalfSpam, HalfHam bool // counts of a side are halved, as the side's messages are
}

// Age tells what a merge must halve when so many messages were learned.
func Age(learned Counts, now time.Time) Aging {
	return Aging{Now: now, HalfSpam: learned.Spam > maxLearned, HalfHam: learned.Ham > maxLearned}
}

// Apply halves c where it must be.
func (a Aging) Apply(c Counts) Counts {
	if a.HalfSpam {
		c.Spam /= 2
	}
	if a.HalfHam {
		c.Ham /= 2
	}
	return c
}

const (
	// A feature of one or two messages is forgotten after half a year, any other after two years in which no message
	// that was learned had it.
	rareStamps  = 11
	otherStamps = 46
	rareCount   = 2
)

// Merge adds to a shard's octets what records say, ages it, and appends the result to dst.
func Merge(dst []byte, shard int, data []byte, records []Record, a Aging) []byte {
	now := stamp(a.Now)
	list := make([]entry, 0, len(data)/entrySize+maxEntries/4)
	i, n := 0, len(data)/entrySize
	for _, c := range changes(shard, records) {
		for i < n && at(data, i).key() < c.key {
			list = append(list, at(data, i))
			i++
		}
		counts := c.counts
		if i < n && at(data, i).key() == c.key {
			counts = counts.plus(at(data, i).counts())
			i++
		}
		list = append(list, makeEntry(c.key, counts, now))
	}
	for ; i < n; i++ {
		list = append(list, at(data, i))
	}
	for _, e := range prune(a.halve(list), now) {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(e))
	}
	return dst
}

// change is what records say of one feature.
type change struct {
	key    Key
	counts Counts
}

// changes are those of a shard, by key, each key once.
func changes(shard int, records []Record) []change {
	var list []change
	for _, r := range records {
		from, to := r.span(shard)
		for i := from; i < to; i++ {
			list = append(list, change{r.key(i), r.counts()})
		}
	}
	slices.SortFunc(list, func(a, b change) int { return cmp.Compare(a.key, b.key) })
	n := 0
	for i, c := range list {
		if i > 0 && list[n-1].key == c.key {
			list[n-1].counts = list[n-1].counts.plus(c.counts)
			continue
		}
		list[n] = c
		n++
	}
	return list[:n]
}

func (a Aging) halve(list []entry) []entry {
	if !a.HalfSpam && !a.HalfHam {
		return list
	}
	for i, e := range list {
		list[i] = makeEntry(e.key(), a.Apply(e.counts()), e.seen())
	}
	return list
}

// prune leaves out what says nothing any more, and while there is too much what is worth least. Entries that weigh
// nothing because they are as common in good mail as in junk stay: forgotten, they would soon look telling.
func prune(list []entry, now uint8) []entry {
	list = slices.DeleteFunc(list, func(e entry) bool {
		n, age := e.total(), now-e.seen()
		return n == 0 || age > otherStamps || n <= rareCount && age > rareStamps
	})
	if len(list) <= maxEntries {
		return list
	}
	worths := make([]int, len(list))
	for i, e := range list {
		worths[i] = e.worth(now)
	}
	slices.Sort(worths)
	least := worths[len(worths)-leftEntries] // what is worth less goes, and of its equals as many as must
	equals := leftEntries
	for _, w := range worths[len(worths)-leftEntries:] {
		if w > least {
			equals--
		}
	}
	return slices.DeleteFunc(list, func(e entry) bool {
		w := e.worth(now)
		if w == least {
			equals--
		}
		return w < least || w == least && equals < 0
	})
}

func (e entry) total() int32 {
	c := e.counts()
	return c.Spam + c.Ham
}

// worth puts a feature often met before one met lately: one more message is worth two months.
func (e entry) worth(now uint8) int { return 4*int(min(e.total(), 16)) - int(now-e.seen()) }
