package junk

import (
	"encoding/binary"
)

// A table is what the mail of an account taught: of every feature, in how many messages of junk and of good mail it was.
// It is cut into Shards by the first bits of the key, each a run of entries of 8 octets in ascending order, so that a
// look-up needs no decoding and one shard in memory at a time.

const (
	shardBits = 6
	// Shards is how many shards a table has; a shard is the octets that Merge gave, empty at first.
	Shards = 1 << shardBits

	// maxEntries is how many features a shard keeps: a megabyte for all of a table. What is least worth goes first, and
	// an eighth more than must, so that not every merge has to choose.
	maxEntries  = 2048
	leftEntries = maxEntries / 8 * 7

	entrySize = 8 // octets

	// maxCount is the highest count of an entry, and of messages a side; a side that reaches maxLearned is halved.
	maxCount   = 1<<12 - 1
	maxLearned = 4000 // messages
)

// Counts are numbers of messages.
type Counts struct{ Spam, Ham int32 }

func (c Counts) plus(o Counts) Counts { return Counts{c.Spam + o.Spam, c.Ham + o.Ham} }

// entry is key, counts and when it was last learned, from high bits to low: 32, 12, 12, 8.
type entry uint64

func makeEntry(k Key, c Counts, seen uint8) entry {
	limit := func(n int32) entry { return entry(min(max(n, 0), maxCount)) }
	return entry(k)<<32 | limit(c.Spam)<<20 | limit(c.Ham)<<8 | entry(seen)
}

func (e entry) key() Key       { return Key(e >> 32) }
func (e entry) counts() Counts { return Counts{int32(e >> 20 & maxCount), int32(e >> 8 & maxCount)} }
func (e entry) seen() uint8    { return uint8(e) }

// Has tells whether a shard is worth reading for f.
func (f Features) Has(shard int) bool {
	from, to := f.span(shard)
	return from < to
}

// AddShard adds to counts, which stand beside f, what the shard's octets say.
func (f Features) AddShard(counts []Counts, shard int, data []byte) {
	from, to := f.span(shard)
	lo, n := 0, len(data)/entrySize
	for i := from; i < to && lo < n; i++ {
		hi := n
		for lo < hi { // the first entry that is not below the key
			mid := int(uint(lo+hi) >> 1)
			if at(data, mid).key() < f[i] {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		if lo < n {
			if e := at(data, lo); e.key() == f[i] {
				counts[i] = counts[i].plus(e.counts())
			}
		}
	}
}

func at(data []byte, n int) entry {
	return entry(binary.LittleEndian.Uint64(data[n*entrySize:]))
}
