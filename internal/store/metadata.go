package store

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
)

// ErrMetadataFull refuses an annotation when there are as many as there may be.
var ErrMetadataFull = errors.New("too many annotations")

// Annotation is one entry of RFC 5464: "/private/comment". Names are in lower
// case, as they are compared in any (§3.2).
type Annotation struct {
	Entry string
	Value []byte // nil removes the entry
	Size  int64  // of the value, in lists, which have no values
}

// Annotations lists what a mailbox has, by name; box 0 is the account itself.
func (s *Store) Annotations(ctx context.Context, acc AccountID, box MailboxID) ([]Annotation, error) {
	var list []Annotation
	err := s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return each(c, `SELECT entry, length(value) FROM metadata WHERE account = ? AND mailbox = ? ORDER BY entry`, func(st *sqlite.Stmt) {
			list = append(list, Annotation{Entry: st.ColumnText(0), Size: st.ColumnInt64(1)})
		}, int64(acc), int64(box))
	})
	return list, wrap("list annotations", err)
}

// Annotation is the value of one entry, nil where there is none.
func (s *Store) Annotation(ctx context.Context, acc AccountID, box MailboxID, entry string) (value []byte, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		_, err := queryRow(c, `SELECT value FROM metadata WHERE account = ? AND mailbox = ? AND entry = ?`, func(st *sqlite.Stmt) {
			value = blob(st, 0)
		}, acc, box, entry)
		return err
	})
	return value, wrap("read an annotation", err)
}

// Annotate sets and removes entries, all or none (RFC 5464 §4.3). The caller
// holds values to Limits.MetadataSize. ErrMetadataFull, ErrNoMailbox.
func (s *Store) Annotate(ctx context.Context, acc AccountID, box MailboxID, list []Annotation) error {
	return wrap("annotate", s.write(ctx, func(tx *tx) error {
		tx.touch(acc, 0)
		if box != 0 {
			if _, err := mailboxByID(tx.Conn, box); err != nil {
				return err
			}
		}
		for _, a := range list {
			if err := annotate(tx, acc, box, a); err != nil {
				return err
			}
		}
		return checkAnnotations(tx, acc, box)
	}))
}

func annotate(tx *tx, acc AccountID, box MailboxID, a Annotation) error {
	if a.Value == nil {
		return exec(tx.Conn, `DELETE FROM metadata WHERE account = ? AND mailbox = ? AND entry = ?`, acc, box, a.Entry)
	}
	return exec(tx.Conn, `INSERT INTO metadata(account, mailbox, entry, value) VALUES(?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET value = excluded.value`, acc, box, a.Entry, a.Value)
}

func checkAnnotations(tx *tx, acc AccountID, box MailboxID) error {
	own, err := number(tx.Conn, `SELECT count(*) FROM metadata WHERE account = ? AND mailbox = ?`, acc, box)
	if err != nil {
		return err
	}
	all, err := number(tx.Conn, `SELECT count(*) FROM metadata WHERE account = ?`, acc)
	if err == nil && (own > tx.limits.Metadata || all > tx.limits.AllMetadata) {
		err = fmt.Errorf("%w: %d here, %d in all", ErrMetadataFull, own, all)
	}
	return err
}

// dropAnnotations removes what a mailbox has, with the mailbox.
func dropAnnotations(tx *tx, acc AccountID, box MailboxID) error {
	return exec(tx.Conn, `DELETE FROM metadata WHERE account = ? AND mailbox = ?`, acc, box)
}
