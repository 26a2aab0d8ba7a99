package store

import (
	"context"

	"zombiezen.com/go/sqlite"
)

const (
	// startMessages is how many messages a side a start set takes, the newest: more would not change the verdicts.
	startMessages = 2000

	// alongMessages is how many good messages are learned at most along with junk that somebody moved, and alongAll how
	// many the filter has when that ends.
	alongMessages = 4 * maxLessons
	alongAll      = 1000

	// lookBack is how many of the newest UIDs of a mailbox are looked at for them.
	lookBack = 4000

	// keptFor is how old mail must be to count as good unasked: what people read and left where it was.
	keptFor = 24 * 3600 // seconds
)

// LearnJunk makes a start set of the mail that is there: what is in Junk as junk; in INBOX, Archive and Sent as good;
// the newest 2,000 of both that were not learned before and are not marked as deleted. progress, which may be nil, is
// called after every few messages. It may be stopped at any time, and goes on where it was when called again.
func (s *Store) LearnJunk(ctx context.Context, acc AccountID, progress func(done, all int)) error {
	if err := s.trainer.take(ctx); err != nil {
		return err
	}
	defer s.trainer.giveBack()
	lessons, err := s.startSet(ctx, acc)
	if err != nil {
		return wrap("look for a start set", err)
	}
	for from := 0; from < len(lessons); from += maxLessons {
		to := min(from+maxLessons, len(lessons))
		if err := s.learn(ctx, acc, lessons[from:to]); err != nil {
			return err
		}
		clear(lessons[from:to]) // their features have been written
		if progress != nil {
			progress(to, len(lessons))
		}
	}
	return nil
}

func (s *Store) startSet(ctx context.Context, acc AccountID) (lessons []lesson, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		lessons = nil
		spam, err := notLearned(c, acc, spamBoxes, startMessages, 0, 0)
		if err != nil {
			return err
		}
		ham, err := notLearned(c, acc, hamBoxes, startMessages, 0, 0)
		if err != nil {
			return err
		}
		lessons = interleave(lessonsOf(spam, true), lessonsOf(ham, false))
		return nil
	})
	return lessons, err
}

// learnAlong learns good mail that was read and kept, so that there are two of it for each piece of junk.
func (s *Store) learnAlong(ctx context.Context, acc AccountID) error {
	var ham []BodyID
	err := s.read(ctx, func(c *sqlite.Conn) error {
		m, err := junkModel(c, acc)
		if err != nil {
			return err
		}
		want := min(2*int(m.learned.Spam), alongAll) - int(m.learned.Ham)
		ham, err = notLearned(c, acc, hamBoxes, min(want, alongMessages), Seen|Fetched|Answered|Flagged, s.now().Unix()-keptFor)
		return err
	})
	for len(ham) > 0 && err == nil {
		n := min(len(ham), maxLessons)
		err = s.learn(ctx, acc, lessonsOf(ham[:n], false))
		ham = ham[n:]
	}
	return wrap("learn good mail", err)
}

const (
	spamBoxes = `use = '\Junk'`
	hamBoxes  = `(name = 'INBOX' OR use IN ('\Archive', '\Sent'))`
)

// notLearned lists the newest messages, at most most, of the mailboxes that which selects, of each mailbox as many: those that
// the filter has not learned, that have one of the flags or where flags is 0, and came before a time, where it is not 0.
func notLearned(c *sqlite.Conn, acc AccountID, which string, most int, flags Flags, before int64) (bodies []BodyID, err error) {
	if most <= 0 {
		return nil, nil
	}
	var boxes, next []int64
	err = each(c, `SELECT id, uidnext FROM mailbox WHERE account = ? AND noselect = 0 AND `+which, func(st *sqlite.Stmt) {
		boxes, next = append(boxes, st.ColumnInt64(0)), append(next, st.ColumnInt64(1))
	}, int64(acc))
	for i := 0; i < len(boxes) && err == nil; i++ {
		share := (most - len(bodies)) / (len(boxes) - i)
		err = each(c, `SELECT body FROM msg m WHERE mailbox = ?1+0 AND uid > ?2 AND flags & ?3 = 0 AND (?4 = 0 OR flags & ?4 <> 0) AND (?5 = 0 OR savedate < ?5)
			AND NOT EXISTS (SELECT 1 FROM junk_learned l WHERE l.account = ?6 AND l.body = m.body)
			AND NOT EXISTS (SELECT 1 FROM junk_pending p WHERE p.account = ?6 AND p.body = m.body) ORDER BY uid DESC LIMIT ?7`,
			func(st *sqlite.Stmt) { bodies = append(bodies, BodyID(st.ColumnInt64(0))) },
			boxes[i], next[i]-lookBack, int64(Deleted|Draft_), int64(flags), before, int64(acc), int64(share))
	}
	return bodies, err
}

func lessonsOf(bodies []BodyID, spam bool) []lesson {
	lessons := make([]lesson, len(bodies))
	for i, body := range bodies {
		lessons[i] = lesson{body: body, spam: spam}
	}
	return lessons
}

// interleave mixes two lists evenly, so that what was learned is of use wherever it is stopped.
func interleave(a, b []lesson) []lesson {
	mixed := make([]lesson, 0, len(a)+len(b))
	allA, allB := len(a), len(b)
	for len(a)+len(b) > 0 {
		if len(a)*allB > len(b)*allA || len(b) == 0 {
			mixed, a = append(mixed, a[0]), a[1:]
		} else {
			mixed, b = append(mixed, b[0]), b[1:]
		}
	}
	return mixed
}
