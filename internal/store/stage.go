package store

import (
	"context"
	"errors"
	"io"
)

// A message that is too large to be held in memory is staged: a body row and a
// staging row are written first, then chunk after chunk, each in a lazy commit
// of its own. The write that makes the message removes the staging row, and its
// synced commit makes all of it durable. What a crash leaves between is known by
// its staging row, and swept by the next Open.

// errSwept means that another process took us for dead and swept what we staged.
var errSwept = errors.New("the staged message was swept")

func (s *Store) stage(ctx context.Context, c *content, body *io.SectionReader) error {
	err := s.writeLazy(ctx, func(tx *tx) error {
		err := run(tx.Conn, `INSERT INTO body(size, csize, codec, prefix, env, structure) VALUES(?, 0, 1, x'', x'', x'')`, c.size)
		if err != nil {
			return err
		}
		c.staged = BodyID(tx.LastInsertRowID())
		return run(tx.Conn, `INSERT INTO staging(body) VALUES(?)`, int64(c.staged))
	})
	if err != nil {
		c.staged = 0
		return wrap("stage", err)
	}
	for n := int64(0); n*chunkSize < c.size; n++ {
		if err := s.stageChunk(ctx, c, body, n); err != nil {
			return wrap("stage", err)
		}
	}
	return nil
}

func (s *Store) stageChunk(ctx context.Context, c *content, body *io.SectionReader, n int64) error {
	row, err := s.packChunk(body, n)
	if err != nil {
		return err
	}
	defer s.bodies.giveBack(row)
	c.packed += int64(len(*row))
	return s.writeLazy(ctx, func(tx *tx) error { return insertChunk(tx, c.staged, n, *row) })
}

// takeStaged makes what was staged the chunks of a message.
func (c *content) takeStaged(tx *tx, v *variant) error {
	if err := run(tx.Conn, `DELETE FROM staging WHERE body = ?`, int64(c.staged)); err != nil {
		return err
	}
	if tx.Changes() != 1 {
		return errSwept
	}
	v.body = c.staged
	st, err := tx.Prepare(`UPDATE body SET csize = ?, prefix = ?, env = ?, structure = ?, preview = ?, refs = ? WHERE id = ?`)
	if err != nil {
		return err
	}
	st.BindInt64(1, c.packed)
	st.BindBytes(2, v.prefix)
	st.BindBytes(3, c.envelopeOf(v))
	st.BindBytes(4, v.structure)
	st.BindText(5, c.preview)
	st.BindBytes(6, c.refs)
	st.BindInt64(7, int64(v.body))
	_, err = st.Step()
	return err
}

// unstage removes what was staged for a message that came to nothing, at once:
// many large mails to a full mailbox must not fill the disk until the sweeper
// comes by. It goes on when ctx has ended; what it cannot remove, Open sweeps.
func (s *Store) unstage(ctx context.Context, c *content) {
	if c.staged == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	const slice = 16 // chunks, so that others may write in between
	lo, hi := chunkRange(c.staged)
	hi = min(hi, lo+c.size/chunkSize)
	for ; lo <= hi; lo += slice {
		err := s.writeLazy(ctx, func(tx *tx) error {
			return run(tx.Conn, `DELETE FROM chunk WHERE id BETWEEN ? AND ?`, lo, min(hi, lo+slice-1))
		})
		if err != nil {
			s.log.Warn("removing a staged message failed", "body", c.staged, "err", err)
			return
		}
	}
	err := s.writeLazy(ctx, func(tx *tx) error {
		if err := run(tx.Conn, `DELETE FROM body WHERE id = ?`, int64(c.staged)); err != nil {
			return err
		}
		return run(tx.Conn, `DELETE FROM staging WHERE body = ?`, int64(c.staged))
	})
	if err != nil {
		s.log.Warn("removing a staged message failed", "body", c.staged, "err", err)
	}
	c.staged = 0
}
