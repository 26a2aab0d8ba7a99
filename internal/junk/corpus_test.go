package junk

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"buzon/internal/corpustest"
	"buzon/internal/message"
)

// mailFeatures are those of one message of the corpus.
type mailFeatures struct {
	name string
	spam bool
	f    Features
}

// halves are the features of the corpus, read once for all tests.
func halves(t testing.TB) (train, test []mailFeatures) {
	t.Helper()
	a, b := corpustest.Halves(t)
	readOnce.Do(func() { trainHalf, testHalf = readAll(t, a), readAll(t, b) })
	return trainHalf, testHalf
}

var (
	readOnce            sync.Once
	trainHalf, testHalf []mailFeatures
)

func readAll(t testing.TB, mails []corpustest.Mail) []mailFeatures {
	t.Helper()
	list := make([]mailFeatures, 0, len(mails))
	for _, m := range mails {
		list = append(list, mailFeatures{m.Group + "/" + m.ID, m.Spam, featuresOf(t, m.Body)})
	}
	return list
}

func featuresOf(t testing.TB, body []byte) Features {
	t.Helper()
	r := bytes.NewReader(body)
	s, err := message.Parse(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(r, &s.Root, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// learner does with a table what the store does.
type learner struct {
	shards  [Shards][]byte
	records []Record
	octets  int
	learned Counts
	now     time.Time
}

func (l *learner) learn(f Features, change Counts) {
	r := NewRecord(f, change)
	l.records = append(l.records, r)
	l.learned = l.learned.plus(change)
	if l.octets += len(r); l.octets > 256<<10 {
		l.merge()
	}
}

func (l *learner) merge() {
	a := Age(l.learned, l.now)
	for i := range l.shards {
		l.shards[i] = Merge(nil, i, l.shards[i], l.records, a)
	}
	l.learned, l.records, l.octets = a.Apply(l.learned), nil, 0
}

func (l *learner) counts(f Features) []Counts {
	counts := make([]Counts, len(f))
	for i := range l.shards {
		f.AddShard(counts, i, l.shards[i])
	}
	for _, r := range l.records {
		f.AddRecord(counts, r)
	}
	return counts
}

func (l *learner) judge(f Features) Verdict { return Score(l.counts(f), l.learned) }

func kindOf(spam bool) Counts {
	if spam {
		return Counts{Spam: 1}
	}
	return Counts{Ham: 1}
}

// result is how a filter did.
type result struct{ ham, spam, wrong, caught int }

func (r *result) add(spam, junk bool) {
	switch {
	case spam:
		r.spam++
		r.caught += count(junk)
	default:
		r.ham++
		r.wrong += count(junk)
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (r result) String() string {
	return fmt.Sprintf("%d of %d good filed as junk, %d of %d junk caught (%.1f %%)", r.wrong, r.ham, r.caught, r.spam, 100*float64(r.caught)/float64(r.spam))
}

// holds tells whether the bars hold: 1 good message in 500 at most, 90 % of the junk at least.
func (r result) holds() bool { return r.wrong*500 <= r.ham && r.caught*10 >= r.spam*9 }

func learnAll(mails []mailFeatures) *learner {
	l := &learner{now: time.Unix(1e9, 0)}
	order := rand.New(rand.NewPCG(1, 2)).Perm(len(mails)) // mail comes mixed
	for _, i := range order {
		l.learn(mails[i].f, kindOf(mails[i].spam))
	}
	return l
}

func judgeAll(t testing.TB, l *learner, mails []mailFeatures) (r result) {
	for _, m := range mails {
		v := l.judge(m.f)
		if r.add(m.spam, v.Junk); v.Junk && !m.spam {
			t.Logf("good mail filed as junk: %s, %.2f", m.name, v.Score)
		}
	}
	return r
}

// BenchmarkCorpus prints how the filters of Debian do on the same split beside ours; the time is that of judging the
// other half, reading included.
func BenchmarkCorpus(b *testing.B) {
	train, test := corpustest.Halves(b)
	var table strings.Builder
	row := func(name string, r result) { fmt.Fprintf(&table, "%-12s %v\n", name, r) }
	b.Run("buzon", func(b *testing.B) {
		var r result
		l := learnAll(readAll(b, train))
		for b.Loop() {
			r = judgeAll(b, l, readAll(b, test))
		}
		report(b, r)
		row("buzon", r)
	})
	for _, other := range []filter{bogofilter, spamprobe} {
		b.Run(other.program, func(b *testing.B) {
			other.find(b)
			var r result
			files := writeAll(b, train, test)
			db := filepath.Join(b.TempDir(), "db")
			if err := os.Mkdir(db, 0o755); err != nil {
				b.Fatal(err)
			}
			other.learn(b, db, files)
			for b.Loop() {
				r = other.judge(b, db, files)
			}
			report(b, r)
			row(other.program, r)
		})
	}
	fmt.Print("\n" + table.String())
}

func report(b *testing.B, r result) {
	b.ReportMetric(float64(r.wrong), "wrong")
	b.ReportMetric(100*float64(r.caught)/float64(r.spam), "%caught")
}
