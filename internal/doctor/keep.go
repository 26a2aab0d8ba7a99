package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"buzon/internal/finding"
	"buzon/internal/store"
)

// words is how a finding's sentences stand in the file.
type words struct {
	Reason Phrase `json:"reason"`
	Cure   Phrase `json:"cure,omitzero"`
}

// keep keeps an examination in place of the last, and says in found since when it is so.
func (d *Doctor) keep(ctx context.Context, found []Finding) error {
	rows := make([]store.Finding, len(found))
	for i, f := range found {
		text, err := json.Marshal(words{f.Reason, f.Cure})
		if err != nil {
			return fmt.Errorf("keep what the doctor found: %w", err)
		}
		rows[i] = store.Finding{Check: f.Check, Domain: f.Domain, Verdict: string(f.Verdict), Words: string(text)}
	}
	return d.Store.KeepFindings(ctx, rows, d.Now())
}

// Kept is the last examination, in the order of the table; nil if there was none. Findings say in At when it was and in
// Since when it was first found so.
func Kept(ctx context.Context, st *store.Store) ([]Finding, error) {
	rows, at, err := st.Findings(ctx)
	if err != nil {
		return nil, err
	}
	var list []Finding
	for _, c := range checks() {
		for _, row := range rows {
			if row.Check != c.name {
				continue
			}
			var w words
			if err := json.Unmarshal([]byte(row.Words), &w); err != nil {
				return nil, fmt.Errorf("read what the doctor found: %w", err)
			}
			list = append(list, Finding{
				Check: row.Check, Domain: row.Domain, Verdict: finding.Verdict(row.Verdict), Reason: w.Reason, Cure: w.Cure,
				At: at, Since: row.Since,
			})
		}
	}
	return list, nil
}

// LeadsBack tells whether the last examination reached our public name from inside: most routers at home lead nobody back.
func (d *Doctor) LeadsBack() bool {
	found, err := Kept(context.Background(), d.Store)
	if err != nil {
		d.Log.Error("cannot tell whether our name leads back here", "err", err)
	}
	return slices.ContainsFunc(found, func(f Finding) bool { return f.Check == "hairpin" && f.Verdict == Pass })
}

// Last is when the last examination was; the zero time where there was none.
func Last(ctx context.Context, st *store.Store) (time.Time, error) {
	_, at, err := st.Findings(ctx)
	return at, err
}

const (
	every = 24 * time.Hour
	// After a start the line and the certificate need a while; a box that starts again and again is not examined each time.
	settle = 5 * time.Minute
	// Not all boxes ask the same lists and authorities at once.
	spread = time.Hour
	// After an examination that could not be kept.
	again = 6 * time.Hour
)

// Run examines daily until ctx is over, and keeps what was found.
func (d *Doctor) Run(ctx context.Context) {
	if d.Off {
		return
	}
	for wait := d.untilNext(ctx); ; wait = d.untilNext(ctx) {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		d.examineDaily(ctx)
	}
}

// untilNext is how long to wait for the next examination.
func (d *Doctor) untilNext(ctx context.Context) time.Duration {
	jitter := rand.N(spread)
	last, err := Last(ctx, d.Store)
	switch {
	case err != nil:
		if ctx.Err() == nil {
			d.Log.Error("cannot read when the doctor last looked", "err", err)
		}
		return again + jitter
	case last.After(d.Now()): // the clock was wrong then
		last = time.Time{}
	}
	return max(last.Add(every).Sub(d.Now()), settle) + jitter
}

func (d *Doctor) examineDaily(ctx context.Context) {
	domains, err := d.Store.Domains(ctx)
	if err == nil && len(domains) == 0 {
		return // nobody lives here yet
	}
	var found []Finding
	if err == nil {
		found, err = d.Examine(ctx, nil)
	}
	if err != nil {
		if ctx.Err() == nil {
			d.Log.Error("the examination failed", "err", err)
		}
		return
	}
	failed := 0
	for _, f := range found {
		if f.Verdict == Fail {
			failed++
		}
	}
	d.Log.Info("examined", "checks", len(found), "failed", failed, "light", Light(found))
}
