package store

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// Vacation is what an account answers while its owner is away (RFC 3834).
type Vacation struct {
	Account     AccountID
	From, Until time.Time // answers from then and before then; zero is no bound
	Subject     string    // "" leaves it to whoever writes the answer
	Text        string
}

const (
	maxVacationSubject = 200      // characters
	maxVacationText    = 16 << 10 // octets: it goes out once for everybody who writes
)

// SetVacation answers mail to an account, in place of any answer before; whom
// that went to is remembered. ErrNoAccount, ErrBadName for a text that cannot be sent.
func (s *Store) SetVacation(ctx context.Context, v Vacation) error {
	if err := v.check(); err != nil {
		return wrap("set vacation", err)
	}
	return wrap("set vacation", s.write(ctx, func(tx *tx) error {
		if err := mustBeAccount(tx.Conn, v.Account); err != nil {
			return err
		}
		return exec(tx.Conn, `INSERT INTO vacation(account, since, until, subject, text) VALUES(?, ?, ?, ?, ?)
			ON CONFLICT(account) DO UPDATE SET since = excluded.since, until = excluded.until, subject = excluded.subject, text = excluded.text`,
			v.Account, v.From, v.Until, v.Subject, v.Text)
	}))
}

func (v Vacation) check() error {
	switch {
	case utf8.RuneCountInString(v.Subject) > maxVacationSubject || strings.ContainsFunc(v.Subject, unicode.IsControl) || !utf8.ValidString(v.Subject):
		return fmt.Errorf("subject: %w", ErrBadName)
	case strings.TrimSpace(v.Text) == "" || len(v.Text) > maxVacationText || !utf8.ValidString(v.Text) || strings.Contains(v.Text, "\x00"):
		return fmt.Errorf("text: %w", ErrBadName)
	case !v.Until.IsZero() && !v.Until.After(v.From):
		return fmt.Errorf("it ends before it begins: %w", ErrBadName)
	}
	return nil
}

// Vacation is the answer of an account, also while it is not its time.
func (s *Store) Vacation(ctx context.Context, acc AccountID) (v Vacation, found bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		found, err = queryRow(c, `SELECT since, until, subject, text FROM vacation WHERE account = ?`, func(st *sqlite.Stmt) {
			v = Vacation{Account: acc, From: columnTime(st, 0), Until: columnTime(st, 1), Subject: st.ColumnText(2), Text: st.ColumnText(3)}
		}, acc)
		return err
	})
	return v, found, wrap("read vacation", err)
}

// RemoveVacation ends the answering. ErrNoVacation.
func (s *Store) RemoveVacation(ctx context.Context, acc AccountID) error {
	return wrap("remove vacation", s.write(ctx, func(tx *tx) error {
		err := exec(tx.Conn, `DELETE FROM vacation WHERE account = ?`, acc)
		if err == nil && tx.Changes() == 0 {
			err = ErrNoVacation
		}
		return err
	}))
}

// VacationDue tells whether mail from an address is to be answered now: the
// account has an answer, it is its time, and to has had none for the time of
// every. It changes nothing: Incoming.Answered notes the answer as it is accepted.
func (s *Store) VacationDue(ctx context.Context, acc AccountID, to message.Address, now time.Time, every time.Duration) (due bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		due, err = queryRow(c, `SELECT 1 FROM vacation v WHERE account = ?1 AND since <= ?2 AND (until = 0 OR until > ?2)
			AND NOT EXISTS (SELECT 1 FROM answered WHERE account = ?1 AND key = ?3 AND at > ?4)`, nil,
			acc, now, to.Key(), now.Add(-every))
		return err
	})
	return due, wrap("look whether a vacation answer is due", err)
}

// VacationAnswer tells Accept that the message is an account's vacation answer to an
// address. With Since, Accept gives ErrAnswered when another answer went there
// after it: of two mails that come at once only one is answered.
type VacationAnswer struct {
	Account AccountID
	To      message.Address
	Since   time.Time
}

// write notes the answer, within the transaction that accepts it. nil is a message that is none.
func (in *VacationAnswer) write(tx *tx) error {
	if in == nil {
		return nil
	}
	if !in.Since.IsZero() {
		twice, err := queryRow(tx.Conn, `SELECT 1 FROM answered WHERE account = ? AND key = ? AND at > ?`, nil, in.Account, in.To.Key(), in.Since)
		if err != nil {
			return err
		}
		if twice {
			return ErrAnswered
		}
	}
	return exec(tx.Conn, `INSERT INTO answered(account, key, at) VALUES(?, ?, ?)
		ON CONFLICT(account, key) DO UPDATE SET at = excluded.at`, in.Account, in.To.Key(), tx.now)
}
