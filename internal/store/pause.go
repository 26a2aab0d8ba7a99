package store

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// PausedAccount is one that may not send until somebody has looked.
type PausedAccount struct {
	Account AccountID
	Address message.Address
	Reason  string // PauseBurst, or a sentence
	At      time.Time
}

// PauseSending keeps an account from sending until ResumeSending. One that is
// paused already keeps its reason and time. ErrNoAccount.
func (s *Store) PauseSending(ctx context.Context, acc AccountID, reason string) error {
	return wrap("pause sending", s.write(ctx, func(tx *tx) error {
		if err := mustBeAccount(tx.Conn, acc); err != nil {
			return err
		}
		return exec(tx.Conn, `INSERT INTO paused(account, reason, at) VALUES(?, ?, ?) ON CONFLICT DO NOTHING`, acc, reason, tx.now)
	}))
}

// ResumeSending lets an account send again, also one that was not paused. What
// it sent before counts no more, else the next message would pause it again.
func (s *Store) ResumeSending(ctx context.Context, acc AccountID) error {
	return wrap("resume sending", s.write(ctx, func(tx *tx) error {
		if err := exec(tx.Conn, `DELETE FROM paused WHERE account = ?`, acc); err != nil {
			return err
		}
		if tx.Changes() == 0 {
			return nil
		}
		return exec(tx.Conn, `DELETE FROM sending WHERE account = ?`, acc)
	}))
}

// PausedSending lists who is paused, the longest first.
func (s *Store) PausedSending(ctx context.Context) ([]PausedAccount, error) {
	var list []PausedAccount
	err := s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return each(c, `SELECT a.id, a.local, a.domain, p.reason, p.at FROM paused p JOIN account a ON a.id = p.account
			ORDER BY p.at, a.id`, func(st *sqlite.Stmt) {
			list = append(list, PausedAccount{
				Account: AccountID(st.ColumnInt64(0)),
				Address: message.Address{Local: st.ColumnText(1), Domain: st.ColumnText(2)},
				Reason:  st.ColumnText(3),
				At:      columnTime(st, 4),
			})
		})
	})
	return list, wrap("list paused accounts", err)
}

func mustBeAccount(c *sqlite.Conn, acc AccountID) error {
	found, err := queryRow(c, `SELECT 1 FROM account WHERE id = ?`, nil, acc)
	if err == nil && !found {
		err = ErrNoAccount
	}
	return err
}
