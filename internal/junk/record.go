package junk

import (
	"encoding/binary"
	"slices"
)

// Record is what learning one message changes: an octet that tells which counts, then the keys in ascending order,
// four octets each. It is written as it is, which costs a page or two of the file, and merged into the table with many
// others later.
type Record []byte

const keySize = 4 // octets

// NewRecord adds change to the counts of every feature. Each count is -1, 0 or 1: a message that was learned as the one
// and is the other takes back and adds at once.
func NewRecord(f Features, change Counts) Record {
	r := make(Record, 0, 1+keySize*len(f))
	r = append(r, byte(change.Spam+1)|byte(change.Ham+1)<<2)
	for _, k := range f {
		r = binary.LittleEndian.AppendUint32(r, uint32(k))
	}
	return r
}

func (r Record) counts() Counts {
	if len(r) == 0 {
		return Counts{}
	}
	return Counts{int32(r[0]&3) - 1, int32(r[0]>>2&3) - 1}
}

func (r Record) len() int { return max(len(r)-1, 0) / keySize }

func (r Record) key(i int) Key { return Key(binary.LittleEndian.Uint32(r[1+keySize*i:])) }

// search is where k is or would be.
func (r Record) search(k Key) int {
	lo, hi := 0, r.len()
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if r.key(mid) < k {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func (r Record) span(shard int) (from, to int) {
	if shard == Shards-1 {
		return r.search(firstOf(shard)), r.len()
	}
	return r.search(firstOf(shard)), r.search(firstOf(shard + 1))
}

// AddRecord adds to counts, which stand beside f, what a record says. Records are many, and most of short messages: so
// each key is searched ahead of the one before, in steps that double, and not by going through all features.
func (f Features) AddRecord(counts []Counts, r Record) {
	change, from := r.counts(), 0
	for j, n := 0, r.len(); j < n && from < len(f); j++ {
		k := r.key(j)
		from = f.seek(k, from)
		if from < len(f) && f[from] == k {
			counts[from] = counts[from].plus(change)
			from++
		}
	}
}

// seek is where k is or would be, at from or behind it.
func (f Features) seek(k Key, from int) int {
	step := 1
	for from+step < len(f) && f[from+step] < k {
		from, step = from+step, 2*step
	}
	at, _ := slices.BinarySearch(f[from:min(from+step+1, len(f))], k)
	return from + at
}

// firstOf is the lowest key of a shard.
func firstOf(shard int) Key { return Key(shard) << (32 - shardBits) }

// span is the part of f that belongs to a shard.
func (f Features) span(shard int) (from, to int) {
	from, _ = slices.BinarySearch(f, firstOf(shard))
	if shard == Shards-1 {
		return from, len(f)
	}
	to, _ = slices.BinarySearch(f, firstOf(shard+1))
	return from, to
}
