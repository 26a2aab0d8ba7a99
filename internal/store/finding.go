package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// Finding is what one check of an examination said. The store does not understand it.
type Finding struct {
	Check, Domain  string // Domain "" is the box
	Verdict, Words string
	Since          time.Time // when it was first found so; KeepFindings does not look at it
}

// noteExamined is the note of when the last examination ended.
const noteExamined = "doctor.examined"

// KeepFindings keeps a whole examination in place of the last one. What says the same as before is not written again.
func (s *Store) KeepFindings(ctx context.Context, list []Finding, at time.Time) error {
	kept, _, err := s.Findings(ctx)
	if err != nil {
		return err
	}
	if changed, gone := compareFindings(kept, list); len(changed)+len(gone) > 0 {
		err = s.write(ctx, func(tx *tx) error { return writeFindings(tx, changed, gone, at) })
	}
	if err != nil {
		return wrap("keep an examination", err)
	}
	return s.Note(ctx, noteExamined, at.UTC().Format(time.RFC3339))
}

func writeFindings(tx *tx, changed, gone []Finding, at time.Time) error {
	for _, f := range gone {
		if err := exec(tx.Conn, `DELETE FROM finding WHERE name = ? AND domain = ?`, f.Check, f.Domain); err != nil {
			return err
		}
	}
	for _, f := range changed {
		err := exec(tx.Conn, `INSERT INTO finding(name, domain, verdict, words, since) VALUES(?, ?, ?, ?, ?)
			ON CONFLICT(name, domain) DO UPDATE SET verdict = excluded.verdict, words = excluded.words, since = excluded.since`,
			f.Check, f.Domain, f.Verdict, f.Words, at)
		if err != nil {
			return err
		}
	}
	return nil
}

// compareFindings tells which of list say something new, and which of kept are in list no more.
func compareFindings(kept, list []Finding) (changed, gone []Finding) {
	type place struct{ check, domain string }
	have := map[place]Finding{}
	for _, f := range kept {
		have[place{f.Check, f.Domain}] = f
	}
	for _, f := range list {
		p := place{f.Check, f.Domain}
		old, found := have[p]
		if !found || old.Verdict != f.Verdict || old.Words != f.Words {
			changed = append(changed, f)
		}
		delete(have, p)
	}
	for _, f := range have {
		gone = append(gone, f)
	}
	return changed, gone
}

// Findings is the last examination and when it was; the zero time where there was none.
func (s *Store) Findings(ctx context.Context) (list []Finding, at time.Time, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return query(c, `SELECT name, domain, verdict, words, since FROM finding ORDER BY domain, name`, func(st *sqlite.Stmt) error {
			list = append(list, Finding{
				Check: st.ColumnText(0), Domain: st.ColumnText(1), Verdict: st.ColumnText(2), Words: st.ColumnText(3), Since: columnTime(st, 4),
			})
			return nil
		})
	})
	if err != nil {
		return nil, at, wrap("read the last examination", err)
	}
	text, _, found, err := s.Noted(ctx, noteExamined)
	if err != nil || !found {
		return list, at, err
	}
	at, err = time.Parse(time.RFC3339, text)
	return list, at, wrap("read when the last examination was", err)
}
