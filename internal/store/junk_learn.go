package store

import (
	"context"
	"errors"

	"zombiezen.com/go/sqlite"

	"buzon/internal/junk"
)

const (
	// maxLessons share a transaction: with 500 features each they write 32 KB.
	maxLessons = 16

	// maxRecords is how much may be in records before they are merged, which writes the whole table: a megabyte at most
	// for 128 messages or more.
	maxRecords = 256 << 10 // octets
)

// lesson is one message to learn.
type lesson struct {
	body    BodyID
	spam    bool
	pending bool // it stands in junk_pending
	f       junk.Features
}

// learn learns up to maxLessons messages of one account, each once however often it is asked for, and merges the
// records where there are many.
func (s *Store) learn(ctx context.Context, acc AccountID, lessons []lesson) error {
	for i := range lessons {
		f, err := s.junkFeatures(ctx, lessons[i].body)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && !errors.Is(err, ErrNoMessage) { // it is not tried for ever
			s.log.Warn("the junk filter cannot read a message", "body", lessons[i].body, "err", err)
		}
		lessons[i].f = f // nil where it is gone
	}
	records := int64(0)
	err := s.writeLazy(ctx, func(tx *tx) (err error) {
		records, err = keepLessons(tx, acc, lessons)
		return err
	})
	if err == nil && records > maxRecords {
		err = s.mergeJunk(ctx, acc)
	}
	return wrap("learn junk", err)
}

// keepLessons writes what lessons teach, and returns the octets of records there are then.
func keepLessons(tx *tx, acc AccountID, lessons []lesson) (records int64, err error) {
	there, err := one(tx.Conn, `SELECT 1 FROM account WHERE id = ?`, func(*sqlite.Stmt) {}, int64(acc))
	if err != nil || !there {
		return 0, err
	}
	m, err := junkModel(tx.Conn, acc)
	if err != nil {
		return 0, err
	}
	before := m
	for i := range lessons {
		if err := lessons[i].keep(tx, acc, &m); err != nil {
			return 0, err
		}
	}
	if m == before {
		return m.records, nil
	}
	return m.records, m.write(tx, acc)
}

func (m junkRow) write(tx *tx, acc AccountID) error {
	return run(tx.Conn, `INSERT INTO junk_model(account, spam, ham, records) VALUES(?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET spam = excluded.spam, ham = excluded.ham, records = excluded.records`,
		int64(acc), int64(max(m.learned.Spam, 0)), int64(max(m.learned.Ham, 0)), m.records)
}

// keep writes one, and into m what it adds. A message that was learned as the other kind is taken back in the same record.
func (l *lesson) keep(tx *tx, acc AccountID, m *junkRow) error {
	if l.pending {
		err := exec(tx.Conn, `DELETE FROM junk_pending WHERE account = ? AND body = ? AND spam = ?`, acc, l.body, l.spam)
		if err != nil || tx.Changes() == 0 { // it was moved again meanwhile, or another process was faster
			return err
		}
	}
	if len(l.f) == 0 {
		return nil
	}
	change, err := l.change(tx, acc)
	if err != nil || change == (junk.Counts{}) {
		return err
	}
	r := junk.NewRecord(l.f, change)
	m.learned.Spam += change.Spam
	m.learned.Ham += change.Ham
	m.records += int64(len(r))
	if err := exec(tx.Conn, `INSERT INTO junk_record(account, data) VALUES(?, ?)`, acc, []byte(r)); err != nil {
		return err
	}
	return exec(tx.Conn, `INSERT INTO junk_learned(account, body, spam) VALUES(?, ?, ?)
		ON CONFLICT DO UPDATE SET spam = excluded.spam`, acc, l.body, l.spam)
}

// change is what the lesson adds to the counts: nothing where the message was learned so before.
func (l *lesson) change(tx *tx, acc AccountID) (junk.Counts, error) {
	was := false
	found, err := one(tx.Conn, `SELECT spam FROM junk_learned WHERE account = ? AND body = ?`,
		func(st *sqlite.Stmt) { was = st.ColumnBool(0) }, int64(acc), int64(l.body))
	change := junk.Counts{Ham: 1}
	if l.spam {
		change = junk.Counts{Spam: 1}
	}
	switch {
	case found && was == l.spam:
		change = junk.Counts{}
	case found && was:
		change.Spam--
	case found:
		change.Ham--
	}
	return change, err
}

// mergeJunk brings the records into the table. One transaction: there must be no moment at which a record counts twice.
func (s *Store) mergeJunk(ctx context.Context, acc AccountID) error {
	return s.writeLazy(ctx, func(tx *tx) error {
		m, err := junkModel(tx.Conn, acc)
		if err != nil || m.records == 0 {
			return err
		}
		var records []junk.Record
		if err := eachRecord(tx.Conn, acc, func(r junk.Record) { records = append(records, append(junk.Record(nil), r...)) }); err != nil {
			return err
		}
		age := junk.Age(m.learned, tx.now)
		if err := mergeShards(tx, acc, records, age); err != nil {
			return err
		}
		if err := run(tx.Conn, `DELETE FROM junk_record WHERE account = ?+0`, int64(acc)); err != nil {
			return err
		}
		return junkRow{learned: age.Apply(m.learned)}.write(tx, acc)
	})
}

func mergeShards(tx *tx, acc AccountID, records []junk.Record, age junk.Aging) error {
	var data, merged []byte
	for shard := range junk.Shards {
		data = data[:0]
		_, err := one(tx.Conn, `SELECT data FROM junk_shard WHERE id = ?`, func(st *sqlite.Stmt) {
			data = columnBytes(st, 0, data)
		}, shardRow(acc, shard))
		if err != nil {
			return err
		}
		merged = junk.Merge(merged[:0], shard, data, records, age)
		err = exec(tx.Conn, `INSERT INTO junk_shard(id, account, data) VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data`,
			shardRow(acc, shard), acc, merged)
		if err != nil {
			return err
		}
	}
	return nil
}
