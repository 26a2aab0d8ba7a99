package junk

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func day(n int) time.Time { return time.Unix(1e9, 0).AddDate(0, 0, n) }

func TestRecord(t *testing.T) {
	f := Features{1, 5, 1 << 30, 1<<32 - 1}
	for _, change := range []Counts{{Spam: 1}, {Ham: 1}, {Spam: 1, Ham: -1}, {Spam: -1, Ham: 1}, {Spam: -1}} {
		counts := make([]Counts, 3)
		Features{0, 5, 1<<32 - 1}.AddRecord(counts, NewRecord(f, change))
		if want := []Counts{{}, change, change}; !slices.Equal(counts, want) {
			t.Errorf("%+v gives %+v", change, counts)
		}
	}
}

// A table and the records that made it say the same.
func TestMerge(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	want := map[Key]Counts{}
	l := &learner{now: day(0)}
	for i := range 400 {
		f := randomFeatures(rng, 300, 20_000)
		change := kindOf(i%3 == 0)
		l.learn(f, change)
		for _, k := range f {
			want[k] = want[k].plus(change)
		}
		if i%10 == 0 { // taken back
			l.learn(f, Counts{Spam: -change.Spam, Ham: -change.Ham})
			for _, k := range f {
				want[k] = want[k].plus(Counts{Spam: -change.Spam, Ham: -change.Ham})
			}
		}
	}
	l.merge()
	l.learn(Features{7}, Counts{Ham: 1})
	want[7] = want[7].plus(Counts{Ham: 1})
	var all Features
	for k := range want {
		all = append(all, k)
	}
	slices.Sort(all)
	for i, c := range l.counts(all) {
		if c != want[all[i]] {
			t.Fatalf("key %d has %+v, want %+v", all[i], c, want[all[i]])
		}
	}
}

// entries of one shard, each of so many messages of junk, last seen on a day.
func shardOf(n int, spam func(i int) int32, seen func(i int) time.Time) []byte {
	var b []byte
	for i := range n {
		b = binary.LittleEndian.AppendUint64(b, uint64(makeEntry(Key(i+1), Counts{Spam: spam(i)}, stamp(seen(i)))))
	}
	return b
}

func kept(b []byte, i int) bool {
	counts := make([]Counts, 1)
	Features{Key(i + 1)}.AddShard(counts, 0, b)
	return counts[0] != Counts{}
}

func TestAging(t *testing.T) {
	fixed := func(n int32) func(int) int32 { return func(int) int32 { return n } }
	at := func(n int) func(int) time.Time { return func(int) time.Time { return day(n) } }
	for _, x := range []struct {
		spam int32
		days int // since it was learned last
		kept bool
	}{
		{1, 150, true}, {1, 220, false}, {2, 220, false}, {3, 220, true}, {3, 700, true}, {300, 800, false}, {0, 0, false},
	} {
		b := Merge(nil, 0, shardOf(1, fixed(x.spam), at(0)), nil, Aging{Now: day(x.days)})
		if kept(b, 0) != x.kept {
			t.Errorf("%d messages, %d days: %v", x.spam, x.days, !x.kept)
		}
	}
	// What is learned again is as new.
	b := Merge(nil, 0, shardOf(1, fixed(3), at(0)), []Record{NewRecord(Features{1}, Counts{Ham: 1})}, Aging{Now: day(700)})
	if b = Merge(nil, 0, b, nil, Aging{Now: day(1300)}); !kept(b, 0) {
		t.Error("a feature that was learned 600 days ago is forgotten")
	}
	// A full shard loses what is worth least: the rare, and of those the old.
	b = shardOf(maxEntries+10, func(i int) int32 { return int32(1 + i%2*9) }, func(i int) time.Time { return day(i % 4 / 2 * 60) })
	b = Merge(nil, 0, b, nil, Aging{Now: day(60)})
	if n := len(b) / entrySize; n != leftEntries {
		t.Errorf("%d entries are left, want %d", n, leftEntries)
	}
	lost := map[bool]int{}
	for i := range maxEntries + 10 {
		if !kept(b, i) {
			lost[i%4 == 0]++ // rare and old
		}
	}
	if lost[false] > 0 {
		t.Errorf("%d lost that were worth more, %d that were not", lost[false], lost[true])
	}
}

// Where very much was learned, what is old counts half, on the side that it was on.
func TestHalving(t *testing.T) {
	a := Age(Counts{Spam: 4001, Ham: 4000}, day(0))
	if got := a.Apply(Counts{Spam: 4001, Ham: 4000}); got != (Counts{Spam: 2000, Ham: 4000}) {
		t.Errorf("learned: %+v", got)
	}
	b := Merge(nil, 0, nil, []Record{NewRecord(Features{1}, Counts{Spam: 1}), NewRecord(Features{1, 2}, Counts{Spam: 1}), NewRecord(Features{2}, Counts{Ham: 1})}, a)
	counts := make([]Counts, 2)
	Features{1, 2}.AddShard(counts, 0, b)
	if want := []Counts{{Spam: 1}, {Ham: 1}}; !slices.Equal(counts, want) {
		t.Errorf("counts: %+v", counts)
	}
}

// Octets that are none of ours give counts that mean nothing, and break nothing.
func FuzzTable(f *testing.F) {
	f.Add([]byte("12345678901234567890"), []byte("\x06abcdefgh"))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, shard, record []byte) {
		features := Features{1, 2, 1 << 31, 1<<32 - 1}
		counts := make([]Counts, len(features))
		for i := range Shards {
			features.AddShard(counts, i, shard)
			Merge(nil, i, shard, []Record{record}, Aging{Now: day(0)})
		}
		features.AddRecord(counts, record)
		Score(counts, Counts{Spam: 100, Ham: 100})
	})
}

func TestScore(t *testing.T) {
	learned := Counts{Spam: 1000, Ham: 2000}
	many := func(c Counts) []Counts { return slices.Repeat([]Counts{c}, 40) }
	for _, x := range []struct {
		what    string
		counts  []Counts
		learned Counts
		known   bool
		junk    bool
	}{
		{"words of junk", many(Counts{Spam: 50}), learned, true, true},
		{"words of good mail", many(Counts{Ham: 50}), learned, true, false},
		{"words of both", slices.Concat(many(Counts{Ham: 50}), many(Counts{Spam: 50})), learned, true, false},
		{"words that say nothing", many(Counts{Spam: 50, Ham: 100}), learned, true, false},
		{"unknown words", many(Counts{}), learned, true, false},
		{"no words", nil, learned, true, false},
		{"too little junk learned", many(Counts{Spam: 50}), Counts{Spam: 19, Ham: 500}, false, false},
		{"too little good mail learned", many(Counts{Spam: 50}), Counts{Spam: 500, Ham: 19}, false, false},
		{"just enough learned", many(Counts{Spam: 20}), Counts{Spam: 20, Ham: 20}, true, true},
	} {
		if v := Score(x.counts, x.learned); v.Known != x.known || v.Junk != x.junk {
			t.Errorf("%s: %+v", x.what, v)
		}
	}
}
