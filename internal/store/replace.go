package store

import (
	"context"
	"fmt"

	"buzon/internal/uidset"
)

// Replace stores d in dst and removes the message uid from src, both or
// neither (RFC 8508 §3.4), and returns the new UID. What is removed makes room
// in the quota for what comes. dst may be src; both are one account's.
// ErrNoMessage, and the errors of Append.
func (s *Store) Replace(ctx context.Context, src MailboxID, uid uint32, dst MailboxID, d Draft) (uint32, error) {
	now, err := s.replace(ctx, src, uid, dst, d)
	if err != nil {
		return 0, fmt.Errorf("replace: %w", err)
	}
	return now, nil
}

func (s *Store) replace(ctx context.Context, src MailboxID, uid uint32, dst MailboxID, d Draft) (uint32, error) {
	leave, err := s.inFlight.enter(ctx, d.Body.Size())
	if err != nil {
		return 0, err
	}
	defer leave()
	p, err := s.prepareDraft(ctx, d, maxInline)
	if err != nil {
		return 0, err
	}
	defer s.discard(ctx, p.content)
	a := appending{box: dst, from: src, list: []prepared{p}, sentCopies: s.Settings().SentCopy}
	err = s.write(ctx, func(tx *tx) error {
		gone, err := expunge(tx, src, uidset.Of(uidset.Range{Lo: uid, Hi: uid}), 0)
		if err != nil {
			return err
		}
		if gone.Len() == 0 {
			return ErrNoMessage
		}
		return a.write(tx)
	})
	if err != nil {
		return 0, err
	}
	p.content.staged = 0
	s.recent.add(arrivals{{dst, a.uids[0]}})
	return a.uids[0], nil
}
