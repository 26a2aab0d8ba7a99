package store

import (
	"context"
	"fmt"

	"buzon/internal/uidset"
)

// Expunge removes the messages of uids that have \Deleted (all: whether or not they have it) and returns which.
func (s *Store) Expunge(ctx context.Context, box MailboxID, uids uidset.Set, all bool) (uidset.Set, error) {
	need := Deleted
	if all {
		need = 0
	}
	var gone uidset.Set
	err := s.write(ctx, func(tx *tx) (err error) {
		gone, err = expunge(tx, box, uids, need)
		return err
	})
	if err != nil {
		return uidset.Set{}, fmt.Errorf("expunge: %w", err)
	}
	return gone, nil
}

func expunge(tx *tx, box MailboxID, uids uidset.Set, need Flags) (uidset.Set, error) {
	ch, err := begin(tx, box)
	if err != nil {
		return uidset.Set{}, err
	}
	hit, err := findRows(tx.Conn, box, uids, need)
	if err != nil || hit.uids.Len() == 0 {
		return uidset.Set{}, err
	}
	for _, r := range hit.uids.Ranges() {
		err := run(tx.Conn, `DELETE FROM msg WHERE mailbox = ?+0 AND uid BETWEEN ? AND ?`, int64(box), int64(r.Lo), int64(r.Hi))
		if err != nil {
			return uidset.Set{}, err
		}
	}
	for _, body := range hit.bodies {
		if err := dropBody(tx, body); err != nil {
			return uidset.Set{}, err
		}
	}
	if err := ch.vanish(tx, hit.uids); err != nil {
		return uidset.Set{}, err
	}
	ch.by.plus(hit.counts, -1)
	return hit.uids, ch.finish(tx)
}
