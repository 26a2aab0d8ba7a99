package store

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// Forward sends what comes to an account on to other addresses.
type Forward struct {
	Account AccountID
	Address message.Address // the account's; filled in by the store
	Targets []message.Address
	Keep    bool // the account gets it as well
}

// SetForward forwards an account's mail, in place of any forwarding before.
// ErrNoAccount, ErrBadName for targets that cannot be.
func (s *Store) SetForward(ctx context.Context, f Forward) error {
	return wrap("set forward", s.write(ctx, func(tx *tx) error {
		if err := checkForward(tx.Conn, f); err != nil {
			return err
		}
		if err := exec(tx.Conn, `DELETE FROM forward WHERE account = ?`, f.Account); err != nil {
			return err
		}
		for _, t := range f.Targets {
			err := exec(tx.Conn, `INSERT INTO forward(account, key, local, domain, keep) VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
				f.Account, t.Key(), t.Local, t.Domain, f.Keep)
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

func checkForward(c *sqlite.Conn, f Forward) error {
	var own message.Address
	found, err := queryRow(c, `SELECT local, domain FROM account WHERE id = ?`, func(st *sqlite.Stmt) {
		own = message.Address{Local: st.ColumnText(0), Domain: st.ColumnText(1)}
	}, f.Account)
	switch {
	case err != nil:
		return err
	case !found:
		return ErrNoAccount
	case len(f.Targets) == 0 || len(f.Targets) > maxTargets:
		return fmt.Errorf("%d targets, from 1 to %d are possible: %w", len(f.Targets), maxTargets, ErrBadName)
	}
	for _, t := range f.Targets {
		if t.Local == "" || t.Domain == "" || t.Key() == own.Key() {
			return fmt.Errorf("target %q of %s: %w", t, own, ErrBadName)
		}
	}
	return nil
}

const selectForward = `SELECT f.account, a.local, a.domain, f.keep, f.local, f.domain FROM forward f JOIN account a ON a.id = f.account `

// Forward is where an account's mail goes, if anywhere else.
func (s *Store) Forward(ctx context.Context, acc AccountID) (f Forward, found bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		f, found, err = findForward(c, acc)
		return err
	})
	return f, found, wrap("look for a forward", err)
}

func findForward(c *sqlite.Conn, acc AccountID) (Forward, bool, error) {
	list, err := listForwards(c, selectForward+`WHERE f.account = ?+0 ORDER BY f.key`, int64(acc))
	if err != nil || len(list) == 0 {
		return Forward{}, false, err
	}
	return list[0], true, nil
}

// Forwards lists all by account.
func (s *Store) Forwards(ctx context.Context) (list []Forward, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		list, err = listForwards(c, selectForward+`ORDER BY a.domain, a.key, f.key`)
		return err
	})
	return list, wrap("list forwards", err)
}

func listForwards(c *sqlite.Conn, query string, args ...int64) ([]Forward, error) {
	var list []Forward
	err := each(c, query, func(st *sqlite.Stmt) {
		if acc := AccountID(st.ColumnInt64(0)); len(list) == 0 || list[len(list)-1].Account != acc {
			list = append(list, Forward{
				Account: acc,
				Address: message.Address{Local: st.ColumnText(1), Domain: st.ColumnText(2)},
				Keep:    st.ColumnBool(3),
			})
		}
		f := &list[len(list)-1]
		f.Targets = append(f.Targets, message.Address{Local: st.ColumnText(4), Domain: st.ColumnText(5)})
	}, args...)
	return list, err
}

// RemoveForward ends the forwarding of an account's mail. ErrNoForward.
func (s *Store) RemoveForward(ctx context.Context, acc AccountID) error {
	return wrap("remove forward", s.write(ctx, func(tx *tx) error {
		err := exec(tx.Conn, `DELETE FROM forward WHERE account = ?`, acc)
		if err == nil && tx.Changes() == 0 {
			err = ErrNoForward
		}
		return err
	}))
}
