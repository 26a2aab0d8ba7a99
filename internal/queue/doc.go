// Package queue sends what the store has queued for other domains: when to try, over which connection, what to do with
// the answer, and what the sender is told.
//
// One goroutine (Run) decides what goes out next. It sleeps until the store's bell, the next attempt of a job, or the
// end of a connection. Every open connection has a goroutine of its own, at most maxConnections; a waiting message has
// none and costs no memory. Connections that lead to the same place share a lane: what they claimed and have not begun.
//
// Invariants:
//   - A job is sent only after its next attempt was moved in the file, and by one connection at a time.
//   - What became of an envelope is on disk before its connection begins the next: a crash sends at most one message a
//     connection twice.
//   - A report about a message and the end of its job are one transaction.
//   - A domain that cannot be reached costs one attempt a round, however many messages wait for it, and holds up no other.
//   - Nobody gets a report about a report: mail of the null sender dies in silence.
//
// RFC 5321 §4.5.4 (retries), RFC 3461 §5 and §6 (when to report), RFC 3464 §2 (to whom).
package queue
