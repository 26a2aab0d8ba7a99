package store

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"
)

const (
	filterBits = 23   // 8 million bits are one megabyte; a million threads fill an eighth
	sliceMids  = 1000 // rows of mid a look
)

// threadFilter holds threads that have messages. Two may share a bit: then one
// without messages is kept, and nothing is lost.
type threadFilter []uint64

func newThreadFilter() threadFilter { return make(threadFilter, 1<<filterBits/64) }

// bit spreads the ids, which count upwards, by Fibonacci hashing.
func (f threadFilter) bit(thread int64) (word int, mask uint64) {
	h := uint64(thread) * 0x9e3779b97f4a7c15 >> (64 - filterBits)
	return int(h / 64), 1 << (h % 64)
}

func (f threadFilter) add(thread int64) {
	word, mask := f.bit(thread)
	f[word] |= mask
}

func (f threadFilter) has(thread int64) bool {
	word, mask := f.bit(thread)
	return f[word]&mask != 0
}

// mid is a row of that table without its thread.
type mid struct{ account, hash int64 }

// forgetThreads drops message ids whose thread has no message left. A message
// that joins such a thread between the look and the removal keeps its thread, but a
// later reply to it may begin another: rare, and no more than a matter of display.
func (s *Store) forgetThreads(ctx context.Context) error {
	var newest int64 // threads younger than the look are left alone
	err := s.read(ctx, func(c *sqlite.Conn) (err error) {
		newest, err = number(c, "SELECT seq FROM sqlite_sequence WHERE name = 'body'") // a thread is named after its first body
		return err
	})
	if err != nil {
		return fmt.Errorf("store: forget threads: %w", err)
	}
	alive, err := s.livingThreads(ctx)
	if err != nil {
		return fmt.Errorf("store: forget threads: %w", err)
	}
	if err := s.dropMids(ctx, func(thread int64) bool { return thread > newest || alive.has(thread) }); err != nil {
		return fmt.Errorf("store: forget threads: %w", err)
	}
	return nil
}

// livingThreads looks at one mailbox at a time, so that no read lasts long.
func (s *Store) livingThreads(ctx context.Context) (threadFilter, error) {
	f := newThreadFilter()
	for box := int64(0); ; {
		err := s.read(ctx, func(c *sqlite.Conn) (err error) {
			if box, err = number(c, "SELECT id FROM mailbox WHERE id > ? ORDER BY id LIMIT 1", box); err != nil || box == 0 {
				return err
			}
			return each(c, "SELECT thread FROM msg WHERE mailbox = ?", func(st *sqlite.Stmt) { f.add(st.ColumnInt64(0)) }, box)
		})
		if err != nil || box == 0 {
			return f, err
		}
	}
}

func (s *Store) dropMids(ctx context.Context, keep func(thread int64) bool) error {
	last := mid{account: -1}
	for {
		drop, n, err := s.nextMids(ctx, &last, keep)
		if err != nil || n == 0 {
			return err
		}
		if len(drop) == 0 {
			continue
		}
		if err := s.deleteMids(ctx, drop); err != nil {
			return err
		}
		if err := pause(ctx, slicePause); err != nil {
			return err
		}
	}
}

// nextMids looks at n rows after last and tells which of them to drop.
func (s *Store) nextMids(ctx context.Context, last *mid, keep func(thread int64) bool) (drop []mid, n int, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		return each(c, "SELECT account, hash, thread FROM mid WHERE (account, hash) > (?, ?) ORDER BY account, hash LIMIT ?", func(st *sqlite.Stmt) {
			*last = mid{st.ColumnInt64(0), st.ColumnInt64(1)}
			if n++; !keep(st.ColumnInt64(2)) {
				drop = append(drop, *last)
			}
		}, last.account, last.hash, sliceMids)
	})
	return drop, n, err
}

func (s *Store) deleteMids(ctx context.Context, drop []mid) error {
	return s.writeLazy(ctx, func(tx *tx) error {
		for _, m := range drop {
			if err := run(tx.Conn, "DELETE FROM mid WHERE account = ? AND hash = ?", m.account, m.hash); err != nil {
				return err
			}
		}
		return nil
	})
}
