// Package store is the one file: accounts, mail, queue, settings and keys in
// a SQLite database, and all the SQL there is.
package store

import (
	"context"
	"log/slog"
	"time"

	"buzon/internal/config"
)

type (
	AccountID int64
	MailboxID int64
	BodyID    int64 // EMAILID (RFC 8474)
	ThreadID  int64 // THREADID (RFC 8474)
	JobID     int64
)

// Options of Open. Zero values mean the defaults.
type Options struct {
	Log    *slog.Logger
	Now    func() time.Time
	Limits config.Limits
}

// Store is an open file. It is safe for concurrent use.
type Store struct {
	log    *slog.Logger
	now    func() time.Time
	limits config.Limits

	bells  bells      // watch.go
	recent recents    // recent.go
	drops  maildrops  // pop3.go
	bodies bodyBuffer // body.go
}

// Open opens or makes the file at path, migrates it, sweeps what a crash left,
// and starts the writer. The version error wraps ErrNewer and leaves the file untouched.
func Open(ctx context.Context, path string, opt Options) (*Store, error) { return nil, errNotYet }

// Close ends the writer after what is already queued and closes the file.
func (s *Store) Close() error { return errNotYet }
