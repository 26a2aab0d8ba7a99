package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
)

// Figure is how the disk did on one day; all but Day in octets.
type Figure struct {
	Day     string // 2026-11-22, UTC
	Used    int64  // of the file system, at the last sample of the day
	Free    int64  // of it, for us
	File    int64  // of the one file with its log
	Written int64  // by this program to disk that day
	Device  int64  // by all to the device that day, while we ran; 0 is unknown
}

// keepFigures is a year to compare with the last one, and some.
const keepFigures = 400 * day

// AddFigure notes a sample: what was written adds up over the day, the rest is as it was last.
func (s *Store) AddFigure(ctx context.Context, f Figure) error {
	return wrap("keep figures of the disk", s.writeLazy(ctx, func(tx *tx) error {
		return exec(tx.Conn, `INSERT INTO figure(day, used, free, file, written, device) VALUES(?, ?, ?, ?, ?, ?)
			ON CONFLICT(day) DO UPDATE SET used = excluded.used, free = excluded.free, file = excluded.file,
			written = written + excluded.written, device = device + excluded.device`,
			f.Day, f.Used, f.Free, f.File, f.Written, f.Device)
	}))
}

// Figures gives at most max days, the latest first.
func (s *Store) Figures(ctx context.Context, max int) (list []Figure, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return each(c, `SELECT day, used, free, file, written, device FROM figure ORDER BY day DESC LIMIT ?`, func(st *sqlite.Stmt) {
			list = append(list, Figure{
				Day: st.ColumnText(0), Used: st.ColumnInt64(1), Free: st.ColumnInt64(2), File: st.ColumnInt64(3),
				Written: st.ColumnInt64(4), Device: st.ColumnInt64(5),
			})
		}, int64(max))
	})
	return list, wrap("read figures of the disk", err)
}

// forgetFigures removes days that nobody compares with any more; it writes nothing where there are none.
func (s *Store) forgetFigures(ctx context.Context) error {
	before := s.now().Add(-keepFigures).UTC().Format(time.DateOnly)
	found := false
	err := s.read(ctx, func(c *sqlite.Conn) (err error) {
		found, err = queryRow(c, "SELECT 1 FROM figure WHERE day < ? LIMIT 1", nil, before)
		return err
	})
	if err != nil || !found {
		return wrap("look for old figures", err)
	}
	return wrap("forget figures", s.writeLazy(ctx, func(tx *tx) error {
		return exec(tx.Conn, "DELETE FROM figure WHERE day < ?", before)
	}))
}
