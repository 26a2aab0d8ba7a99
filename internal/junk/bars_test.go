package junk

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The bars: learned from one half of the corpus (every second message by group and id, from the first on) and judged on the other.
func TestCorpus(t *testing.T) {
	train, test := halves(t)
	l := learnAll(train)
	octets := 0
	for _, s := range l.shards {
		octets += len(s)
	}
	r := judgeAll(t, l, test)
	t.Logf("%v; table of %d octets", r, octets)
	if !r.holds() {
		t.Errorf("the bars do not hold: %v", r)
	}
	if octets > Shards*maxEntries*entrySize {
		t.Errorf("the table has %d octets", octets)
	}
}

// TestThreshold is how Threshold was chosen: in the training half alone, judged in five parts by what the others taught.
func TestThreshold(t *testing.T) {
	if testing.Short() {
		t.Skip("five rounds of learning")
	}
	mails, _ := halves(t)
	thresholds := []float64{0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4}
	results := make([]result, len(thresholds))
	const parts = 5
	for part := range parts {
		var train, test []mailFeatures
		for i, m := range mails {
			if i%parts == part {
				test = append(test, m)
			} else {
				train = append(train, m)
			}
		}
		l := learnAll(train)
		for _, m := range test {
			v := l.judge(m.f)
			for i, threshold := range thresholds {
				results[i].add(m.spam, v.Score > threshold)
			}
		}
	}
	for i, threshold := range thresholds {
		t.Logf("%.2f: %v", threshold, results[i])
		if threshold == Threshold && !results[i].holds() {
			t.Errorf("the bars do not hold within the training half: %v", results[i])
		}
	}
}

// TestFewMessages: a filter that has learned little must not be wrong more often, only silent more often.
func TestFewMessages(t *testing.T) {
	all, judged := halves(t)
	for _, n := range []struct{ spam, ham int }{{20, 20}, {20, 40}, {50, 50}, {50, 100}, {100, 100}, {100, 200}, {300, 600}} {
		var total result
		for seed := range uint64(2) {
			l := learnSome(all, n.spam, n.ham, seed)
			for i, m := range judged {
				if i%4 == int(seed)%4 {
					total.add(m.spam, l.judge(m.f).Junk)
				}
			}
		}
		t.Logf("%3d junk and %3d good: %v", n.spam, n.ham, total)
		if total.wrong*300 > total.ham {
			t.Errorf("%d junk and %d good: %v", n.spam, n.ham, total)
		}
	}
}

// learnSome learns from so many of each kind, picked by seed.
func learnSome(all []mailFeatures, spam, ham int, seed uint64) *learner {
	l := &learner{now: time.Unix(1e9, 0)}
	left := map[bool]int{true: spam, false: ham}
	for _, i := range rand.New(rand.NewPCG(seed, 3)).Perm(len(all)) {
		if m := all[i]; left[m.spam] > 0 {
			left[m.spam]--
			l.learn(m.f, kindOf(m.spam))
		}
	}
	return l
}
