package junk

import "math"

// Verdict is what the filter thinks of a message.
type Verdict struct {
	Score     float64 // from -1, good, to 1, junk
	Threshold float64 // what junk scores more than
	Known     bool    // enough was learned to tell: MinLearned messages a side
	Junk      bool    // known, and Score is above Threshold
}

const (
	// MinLearned is how many messages of junk and of good mail must have been learned before there is a verdict.
	MinLearned = 20

	// Threshold is what junk scores more than where much was learned. In cross-validation within the training half of
	// the corpus (TestThreshold) 2 of 2,075 good messages do, the bar being 4, and just as many up to 0.25.
	Threshold = 0.15

	// highest is the threshold where next to nothing was learned.
	highest = 0.7

	// doubt is how many messages that say nothing every feature is taken to have been in.
	doubt = 0.3

	// caution is the evidence that every message is taken to have for both sides: short ones have little.
	caution = 20
)

// threshold rises where little was learned, and where less than two good messages were learned for one of junk: then
// much that is usual in good mail was not seen yet. TestFewMessages shows what it is good for.
func threshold(learned Counts) float64 {
	spam, ham := float64(learned.Spam), float64(learned.Ham)
	return min(highest, Threshold+6/min(spam, ham/2)+max(0, 1-ham/(2*spam))/2)
}

// Score combines the counts of a message's features where learned messages taught them.
//
// A feature speaks for junk with probability q = a/(a+b), a and b being the shares of junk and of good messages that had
// it, pulled to one half where it is rare. It weighs w = |2q-1|^32 and says w times the logarithm of its odds. The high
// power is what counts: hundreds of words that lean to one side by chance or by the subject of the day do not outweigh
// the few that really tell. That was measured better than Robinson's and Fisher's combinations (chi-square) of the same
// features, which have to cut off what is below a limit and are sensitive to where. The score is the balance of what
// speaks for both sides.
func Score(counts []Counts, learned Counts) Verdict {
	if learned.Spam < MinLearned || learned.Ham < MinLearned {
		return Verdict{}
	}
	spam, ham := 0.0, 0.0
	for _, c := range counts {
		if says := evidence(c, learned); says > 0 {
			spam += says
		} else {
			ham -= says
		}
	}
	score := (spam - ham) / (spam + ham + caution)
	limit := threshold(learned)
	return Verdict{Score: score, Threshold: limit, Known: true, Junk: score > limit}
}

// evidence is what a feature says: positive for junk.
func evidence(c Counts, learned Counts) float64 {
	s, h := float64(max(c.Spam, 0)), float64(max(c.Ham, 0))
	n := s + h
	if n == 0 {
		return 0
	}
	a, b := s/float64(learned.Spam), h/float64(learned.Ham)
	q := (doubt/2 + n*a/(a+b)) / (doubt + n)
	w := math.Abs(2*q - 1)
	for range 5 {
		w *= w
	}
	if w < 1e-4 {
		return 0
	}
	return w * math.Log(q/(1-q))
}
