package store

import (
	"context"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// Submitted tells Accept who submitted the message: it counts it and remembers
// to whom the account wrote, in the same transaction.
type Submitted struct {
	Account AccountID
	To      []message.Address // all recipients, local ones as well
}

// SendingState is what an account sent lately, for the limits that find a
// stolen password. A correspondent is new when the account never wrote there before.
type SendingState struct {
	Today           int    // messages in the last 24 hours
	RecipientsToday int    // recipients of those
	NewToday        int    // new correspondents in the last 24 hours
	New             int    // of the recipients asked for, each counted once
	LastMinutes     int    // messages in the last 10 minutes
	NewLastMinutes  int    // new correspondents in the last 10 minutes
	Paused          string // why the account may not send, "" if it may
}

const (
	sendingDay   = 24 * 60 // minutes
	sendingBurst = 10      // minutes

	// PauseBurst is the reason of a pause after a burst that looks like a stolen password.
	PauseBurst = "burst"
)

// minute is the bucket in which sending at t is counted.
func minute(t time.Time) int64 { return t.Unix() / 60 }

// Sending tells what an account sent lately and how many of to are new to it.
func (s *Store) Sending(ctx context.Context, acc AccountID, to []message.Address, now time.Time) (SendingState, error) {
	var state SendingState
	err := s.read(ctx, func(c *sqlite.Conn) (err error) {
		state = SendingState{}
		if err := state.count(c, acc, minute(now)); err != nil {
			return err
		}
		if _, err = queryRow(c, `SELECT reason FROM paused WHERE account = ?`,
			func(st *sqlite.Stmt) { state.Paused = st.ColumnText(0) }, acc); err != nil {
			return err
		}
		for _, key := range keysOf(to) {
			known, err := isCorrespondent(c, acc, key)
			if err != nil {
				return err
			}
			if !known {
				state.New++
			}
		}
		return nil
	})
	return state, wrap("look at what was sent", err)
}

func (state *SendingState) count(c *sqlite.Conn, acc AccountID, now int64) error {
	_, err := queryRow(c, `SELECT total(messages), total(recipients), total(fresh),
		total(messages) FILTER (WHERE minute > ?1), total(fresh) FILTER (WHERE minute > ?1)
		FROM sending WHERE account = ?2 AND minute > ?3`, func(st *sqlite.Stmt) {
		state.Today, state.RecipientsToday, state.NewToday = st.ColumnInt(0), st.ColumnInt(1), st.ColumnInt(2)
		state.LastMinutes, state.NewLastMinutes = st.ColumnInt(3), st.ColumnInt(4)
	}, now-sendingBurst, acc, now-sendingDay)
	return err
}

// Correspondents tells whether the account ever wrote to a.
func (s *Store) Correspondents(ctx context.Context, acc AccountID, a message.Address) (known bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		known, err = isCorrespondent(c, acc, a.Key())
		return err
	})
	return known, wrap("look for a correspondent", err)
}

func isCorrespondent(c *sqlite.Conn, acc AccountID, key string) (bool, error) {
	return queryRow(c, `SELECT 1 FROM correspondent WHERE account = ? AND key = ?`, nil, acc, key)
}

// keysOf is each address once, as it is looked up.
func keysOf(addresses []message.Address) []string {
	keys := make([]string, 0, len(addresses))
	for _, a := range addresses {
		keys = append(keys, a.Key())
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// write counts the message, within the transaction that accepts it. nil is a message that nobody of ours submitted.
func (in *Submitted) write(tx *tx) error {
	if in == nil {
		return nil
	}
	fresh, keys := 0, keysOf(in.To)
	for _, key := range keys {
		err := exec(tx.Conn, `INSERT INTO correspondent(account, key, first) VALUES(?, ?, ?) ON CONFLICT DO NOTHING`, in.Account, key, tx.now)
		if err != nil {
			return err
		}
		fresh += tx.Changes()
	}
	return exec(tx.Conn, `INSERT INTO sending(account, minute, messages, recipients, fresh) VALUES(?, ?, 1, ?, ?)
		ON CONFLICT DO UPDATE SET messages = messages + 1, recipients = recipients + excluded.recipients, fresh = fresh + excluded.fresh`,
		in.Account, minute(tx.now), len(keys), fresh)
}
