package store

import (
	"context"
	"net/netip"
	"time"

	"zombiezen.com/go/sqlite"
)

// Guarded is whom the login guard of the running server slows down.
type Guarded struct {
	Address  string // IP address or network; "" for an account wherever from
	Account  string // as it was typed; "" for an address whatever the account
	Failures int64
	Last     time.Time
	Until    time.Time // when nothing is left of it
}

// KeepGuarded replaces the list; at most a few thousand rows.
func (s *Store) KeepGuarded(ctx context.Context, list []Guarded) error {
	return wrap("keep whom the guard slows", s.writeLazy(ctx, func(tx *tx) error {
		if err := exec(tx.Conn, `DELETE FROM guarded`); err != nil {
			return err
		}
		for _, g := range list {
			err := exec(tx.Conn, `INSERT INTO guarded(address, account, failures, last, until) VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
				failures = max(failures, excluded.failures), last = max(last, excluded.last), until = max(until, excluded.until)`,
				g.Address, shorten(g.Account, maxHost), g.Failures, g.Last, g.Until)
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// GuardedNow lists those of whom something is left, the latest first.
func (s *Store) GuardedNow(ctx context.Context) (list []Guarded, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return each(c, `SELECT address, account, failures, last, until FROM guarded WHERE until > ? ORDER BY last DESC, address, account`,
			func(st *sqlite.Stmt) {
				list = append(list, Guarded{
					Address: st.ColumnText(0), Account: st.ColumnText(1), Failures: st.ColumnInt64(2),
					Last: columnTime(st, 3), Until: columnTime(st, 4),
				})
			}, s.now().Unix())
	})
	return list, wrap("list whom the guard slows", err)
}

// maxReleases waits at most; more is a mistake of a script.
const maxReleases = 1000

// ReleaseGuarded asks the running server to forget the failures of an IP address, or of an account by its name. It notices
// within two seconds; the list forgets them at once. known tells whether they stood there.
func (s *Store) ReleaseGuarded(ctx context.Context, what string) (known bool, err error) {
	err = s.write(ctx, func(tx *tx) (err error) {
		tx.onCommit(s.ringGuard) // also where the one who asks is in this process
		if known, err = forgetGuarded(tx, what); err != nil {
			return err
		}
		n, err := number(tx.Conn, `SELECT count(*) FROM guard_release`)
		if err == nil && n >= maxReleases {
			err = ErrTooMany
		}
		if err != nil {
			return err
		}
		return exec(tx.Conn, `INSERT INTO guard_release(what) VALUES(?)`, what)
	})
	return known, wrap("release "+what, err)
}

// forgetGuarded drops the rows of an account, or of an address and of the network that it is in.
func forgetGuarded(tx *tx, what string) (known bool, err error) {
	addr, err := netip.ParseAddr(what)
	if err != nil {
		err := exec(tx.Conn, `DELETE FROM guarded WHERE account = ? COLLATE NOCASE`, what)
		return tx.Changes() > 0, err
	}
	var found []string
	err = query(tx.Conn, `SELECT DISTINCT address FROM guarded WHERE address <> ''`, func(st *sqlite.Stmt) error {
		if p, ok := parseNetwork(st.ColumnText(0)); ok && p.Contains(addr.Unmap()) {
			found = append(found, st.ColumnText(0))
		}
		return nil
	})
	for _, address := range found {
		err = firstError(err, exec(tx.Conn, `DELETE FROM guarded WHERE address = ?`, address))
	}
	return len(found) > 0, err
}

// TakeReleases gives what was asked to be released and forgets it. Without any it writes nothing.
func (s *Store) TakeReleases(ctx context.Context) (list []string, err error) {
	any := false
	err = s.read(ctx, func(c *sqlite.Conn) (err error) {
		any, err = queryRow(c, `SELECT 1 FROM guard_release LIMIT 1`, nil)
		return err
	})
	if err != nil || !any {
		return nil, wrap("look for releases", err)
	}
	err = s.write(ctx, func(tx *tx) error {
		list = nil
		err := each(tx.Conn, `SELECT what FROM guard_release ORDER BY id`, func(st *sqlite.Stmt) { list = append(list, st.ColumnText(0)) })
		if err != nil {
			return err
		}
		return exec(tx.Conn, `DELETE FROM guard_release`)
	})
	return list, wrap("take releases", err)
}

func (s *Store) ringGuard() {
	s.bells.mu.Lock()
	defer s.bells.mu.Unlock()
	s.bells.guard.ring()
}
