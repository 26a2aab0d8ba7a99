package store

import (
	"context"

	"zombiezen.com/go/sqlite"
)

// What the page shows in pieces: each of these gives one, and what is needed to ask for the next.

// QueuePage gives some of what is queued from an envelope on, the oldest first, each with all its jobs; none when there is
// no more. The next page is from the last one's ID plus one.
func (s *Store) QueuePage(ctx context.Context, from EnvelopeID) ([]Queued, error) {
	list, err := s.queuePage(ctx, from)
	return list, wrap("list the queue", err)
}

// RefusalsPage gives at most max of the last 30 days, the latest first, after the one that was shown last; zero is none.
func (s *Store) RefusalsPage(ctx context.Context, after Refusal, max int) ([]Refusal, error) {
	at, id := int64(1<<62), int64(1<<62)
	if after.ID != 0 {
		at, id = unix(after.At), after.ID
	}
	list, err := s.refusalsPage(ctx, at, id, max)
	return list, wrap("list refusals", err)
}

func (s *Store) refusalsPage(ctx context.Context, at, id int64, max int) (list []Refusal, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return each(c, refusedColumns+`WHERE (seen, id) < (?1, ?2) ORDER BY seen DESC, id DESC LIMIT ?3`,
			func(st *sqlite.Stmt) { list = append(list, readRefusal(st)) }, at, id, int64(max))
	})
	return list, err
}

// RulesPage gives at most max rules that let in, or that keep out, after the one of that ID, in the order in which they were made.
func (s *Store) RulesPage(ctx context.Context, allow bool, after int64, max int) ([]Rule, error) {
	list, err := s.rulesPage(ctx, allow, after, max)
	return list, wrap("list rules", err)
}

func (s *Store) rulesPage(ctx context.Context, allow bool, after int64, max int) (list []Rule, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return query(c, `SELECT r.id, ifnull(r.account, 0), ifnull(a.local, ''), ifnull(a.domain, ''), r.allow, r.kind, r.value, r.at
			FROM rule r LEFT JOIN account a ON a.id = r.account WHERE r.id > ? AND r.allow = ? ORDER BY r.id LIMIT ?`,
			func(st *sqlite.Stmt) error { list = append(list, readRule(st)); return nil }, after, allow, max)
	})
	return list, err
}

// RulesOf gives at most max rules of one account, of both kinds, in the order in which they were made.
func (s *Store) RulesOf(ctx context.Context, acc AccountID, max int) (list []Rule, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		list = nil
		return query(c, `SELECT r.id, r.account, a.local, a.domain, r.allow, r.kind, r.value, r.at
			FROM rule r JOIN account a ON a.id = r.account WHERE r.account = ? ORDER BY r.id LIMIT ?`,
			func(st *sqlite.Stmt) error { list = append(list, readRule(st)); return nil }, acc, max)
	})
	return list, wrap("list the rules of an account", err)
}
