package store

import (
	"context"

	"zombiezen.com/go/sqlite"

	"buzon/internal/junk"
	"buzon/internal/message"
)

// What an account's mail taught about junk is a table of counts in shards (package junk), and records of single messages
// that are merged into it when there are many. A look-up reads one shard after the other, 16 KB at a time, and then the
// records: nothing of it is held in memory between two messages, and what another process taught counts at once.

// JudgeJunk tells what the filter of an account thinks of a message with these features (junk.Read). It is not Known
// before the account's people have shown it enough.
func (s *Store) JudgeJunk(ctx context.Context, acc AccountID, f junk.Features) (junk.Verdict, error) {
	k, err := s.junkKnowledge(ctx, acc, f)
	if err != nil {
		return junk.Verdict{}, wrap("judge by the junk filter", err)
	}
	return junk.Score(k.counts, k.learned), nil
}

// knowledge is what the filter knows of a message's features.
type knowledge struct {
	learned junk.Counts   // messages
	counts  []junk.Counts // beside the features; nil where there is too little for a verdict
}

func (s *Store) junkKnowledge(ctx context.Context, acc AccountID, f junk.Features) (k knowledge, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		k = knowledge{}
		m, err := junkModel(c, acc)
		if err != nil || !m.enough() {
			k.learned = m.learned
			return err
		}
		k = knowledge{learned: m.learned, counts: make([]junk.Counts, len(f))}
		if err := addShards(c, acc, f, k.counts); err != nil {
			return err
		}
		return eachRecord(c, acc, func(r junk.Record) { f.AddRecord(k.counts, r) })
	})
	return k, err
}

// addShards reads the shards in which f has something.
func addShards(c *sqlite.Conn, acc AccountID, f junk.Features, counts []junk.Counts) error {
	var data []byte
	return each(c, `SELECT id, data FROM junk_shard WHERE id BETWEEN ? AND ?`, func(st *sqlite.Stmt) {
		shard := int(st.ColumnInt64(0) % junk.Shards)
		if f.Has(shard) {
			data = columnBytes(st, 1, data[:0])
			f.AddShard(counts, shard, data)
		}
	}, shardRow(acc, 0), shardRow(acc, junk.Shards-1))
}

func shardRow(acc AccountID, shard int) int64 { return int64(acc)*junk.Shards + int64(shard) }

// eachRecord gives the records that are not merged yet; each is valid during its call.
func eachRecord(c *sqlite.Conn, acc AccountID, f func(junk.Record)) error {
	var data []byte
	return each(c, `SELECT data FROM junk_record WHERE account = ?+0`, func(st *sqlite.Stmt) {
		data = columnBytes(st, 0, data[:0])
		f(data)
	}, int64(acc))
}

// junkRow is a row of junk_model.
type junkRow struct {
	learned junk.Counts
	records int64 // octets
}

func (m junkRow) enough() bool {
	return m.learned.Spam >= junk.MinLearned && m.learned.Ham >= junk.MinLearned
}

func junkModel(c *sqlite.Conn, acc AccountID) (m junkRow, err error) {
	_, err = one(c, `SELECT spam, ham, records FROM junk_model WHERE account = ?`, func(st *sqlite.Stmt) {
		m.learned = junk.Counts{Spam: int32(st.ColumnInt64(0)), Ham: int32(st.ColumnInt64(1))}
		m.records = st.ColumnInt64(2)
	}, int64(acc))
	return m, err
}

// JunkReady tells whether the filter of an account has learned enough for verdicts, at the cost of one row.
func (s *Store) JunkReady(ctx context.Context, acc AccountID) (ready bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		m, err := junkModel(c, acc)
		ready = m.enough()
		return err
	})
	return ready, wrap("look at the junk filter", err)
}

// JunkStatus is how much the filter of an account has learned.
type JunkStatus struct {
	Spam, Ham int64 // messages learned; where many were, old ones count half
	Pending   int64 // messages that were moved and are learned soon
	Octets    int64 // in the file
	Useful    bool  // enough for verdicts
}

// JunkStatus tells how much the filter of an account has learned.
func (s *Store) JunkStatus(ctx context.Context, acc AccountID) (status JunkStatus, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		m, err := junkModel(c, acc)
		if err != nil {
			return err
		}
		status = JunkStatus{Spam: int64(m.learned.Spam), Ham: int64(m.learned.Ham), Useful: m.enough()}
		_, err = one(c, `SELECT (SELECT count(*) FROM junk_pending WHERE account = ?1),
			(SELECT coalesce(sum(length(data)), 0) FROM junk_shard WHERE id BETWEEN ?2 AND ?3) +
			(SELECT count(*) * ?4 FROM junk_learned WHERE account = ?1)`, func(st *sqlite.Stmt) {
			status.Pending, status.Octets = st.ColumnInt64(0), st.ColumnInt64(1)+m.records
		}, int64(acc), shardRow(acc, 0), shardRow(acc, junk.Shards-1), learnedOctets)
		return err
	})
	return status, wrap("junk status", err)
}

// learnedOctets is what a row of junk_learned takes, about.
const learnedOctets = 12

// ExplainJunk tells what the filter thinks of a message in a mailbox, and the features that count most, at most most of
// them. ErrNoMessage.
func (s *Store) ExplainJunk(ctx context.Context, box MailboxID, uid uint32, most int) (v junk.Verdict, clues []junk.Clue, err error) {
	acc, body, err := s.bodyAt(ctx, box, uid)
	if err == nil {
		err = s.withNamed(ctx, body, func(n junk.Named) error {
			k, err := s.junkKnowledge(ctx, acc, n.Features)
			v, clues = junk.Score(k.counts, k.learned), n.Clues(k.counts, k.learned, most)
			return err
		})
	}
	return v, clues, wrap("explain the junk filter", err)
}

func (s *Store) bodyAt(ctx context.Context, box MailboxID, uid uint32) (acc AccountID, body BodyID, err error) {
	found := false
	err = s.read(ctx, func(c *sqlite.Conn) error {
		found, err = one(c, `SELECT b.account, m.body FROM msg m JOIN mailbox b ON b.id = m.mailbox WHERE m.mailbox = ?+0 AND m.uid = ?+0`,
			func(st *sqlite.Stmt) { acc, body = AccountID(st.ColumnInt64(0)), BodyID(st.ColumnInt64(1)) }, int64(box), int64(uid))
		return err
	})
	if err == nil && !found {
		err = ErrNoMessage
	}
	return acc, body, err
}

// withFeatures opens a body for reading its features. The prefix is ours and does not count.
func (s *Store) withFeatures(ctx context.Context, body BodyID, f func(b *Body, root *message.Part) error) error {
	_, root, err := s.parsed(ctx, body)
	if err != nil {
		return err
	}
	b, err := s.Body(ctx, body)
	if err != nil {
		return err
	}
	defer b.Release()
	return f(b, root)
}

// withNamed gives the features of a body with their words.
func (s *Store) withNamed(ctx context.Context, body BodyID, f func(n junk.Named) error) error {
	return s.withFeatures(ctx, body, func(b *Body, root *message.Part) error {
		n, err := junk.ReadNamed(b, root, int64(len(b.prefix)))
		if err != nil {
			return err
		}
		return f(n)
	})
}

// junkFeatures reads those of a body. ErrNoMessage when it is gone.
func (s *Store) junkFeatures(ctx context.Context, body BodyID) (f junk.Features, err error) {
	err = s.withFeatures(ctx, body, func(b *Body, root *message.Part) (err error) {
		f, err = junk.Read(b, root, int64(len(b.prefix)))
		return err
	})
	return f, err
}
