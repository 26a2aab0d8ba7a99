package store

import (
	"slices"

	"zombiezen.com/go/sqlite"

	"buzon/internal/message"
)

// maxThreadIDs bounds the look-ups that one message's References can cause:
// its own id, the first reference, which names the thread, and the newest ones.
const maxThreadIDs = 12

// threadIDs is the message ids by which a message finds its thread, as the mid
// table has them: its own, then its references, newest first.
func threadIDs(m *message.Structure) []int64 {
	var ids []int64
	add := func(id string) {
		if hash := message.HashID(id); id != "" && !slices.Contains(ids, hash) {
			ids = append(ids, hash)
		}
	}
	add(m.MessageID)
	for i := len(m.References) - 1; i > 0 && len(ids) < maxThreadIDs-1; i-- {
		add(m.References[i])
	}
	if len(m.References) > 0 {
		add(m.References[0])
	}
	return ids
}

// findThread gives the thread that knows any of ids in an account, or a new one
// named after the body, and lets it know them all. Two threads that turn out to be
// one stay two: THREADID must not change (RFC 8474 §5.2).
func findThread(tx *tx, acc AccountID, ids []int64, body BodyID) (ThreadID, error) {
	thread, known := int64(body), -1
	for i, id := range ids {
		found, err := one(tx.Conn, `SELECT thread FROM mid WHERE account = ? AND hash = ?`,
			func(st *sqlite.Stmt) { thread = st.ColumnInt64(0) }, int64(acc), id)
		if err != nil {
			return 0, err
		}
		if found {
			known = i
			break
		}
	}
	for i, id := range ids {
		if i == known {
			continue
		}
		err := run(tx.Conn, `INSERT INTO mid(account, hash, thread) VALUES(?, ?, ?) ON CONFLICT DO NOTHING`, int64(acc), id, thread)
		if err != nil {
			return 0, err
		}
	}
	return ThreadID(thread), nil
}
