// Package store is the one file: accounts, mail, queue, settings and keys in
// a SQLite database, and all the SQL there is.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"

	"buzon/internal/config"
)

type (
	AccountID int64
	MailboxID int64
	BodyID    int64 // EMAILID (RFC 8474)
	ThreadID  int64 // THREADID (RFC 8474)
)

// Options of Open. Zero values mean the defaults.
type Options struct {
	Log    *slog.Logger
	Now    func() time.Time
	Limits config.Limits
}

// Store is an open file. It is safe for concurrent use.
type Store struct {
	path   string
	log    *slog.Logger
	now    func() time.Time
	limits config.Limits

	presence *os.File // the open file, with the lock that says that this process uses it
	writer   *writer
	readers  *readers
	settings atomic.Pointer[config.Settings]
	logins   *logins  // password.go
	sweeper  *sweeper // sweep.go
	indexer  *indexer // index.go
	trainer  *trainer // junk_train.go

	bells    bells      // watch.go
	chimes   chimes     // chime.go
	recent   recents    // recent.go
	drops    maildrops  // pop3.go
	bodies   bodyBuffer // body.go
	inFlight inFlight   // inflight.go
	views    viewCache  // view.go
	places   placeCache // index_places.go
}

// Open opens or makes the file at path, migrates it, sweeps what a crash left,
// and starts the writer. A version error wraps ErrNewer and leaves the file untouched.
func Open(ctx context.Context, path string, opt Options) (*Store, error) {
	s, err := open(ctx, path, opt.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limits == (config.Limits{}) {
		o.Limits = config.DefaultLimits()
	}
	return o
}

func open(ctx context.Context, path string, opt Options) (*Store, error) {
	path, err := filepath.Abs(path) // the pool opens connections later, from wherever we are then
	if err != nil {
		return nil, err
	}
	if err := create(ctx, path); err != nil {
		return nil, err
	}
	for {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		s := &Store{path: path, log: opt.Log, now: opt.Now, limits: opt.Limits, presence: f}
		if err = s.start(ctx); err == nil {
			return s, nil
		}
		if err = firstError(err, s.release()); !errors.Is(err, errReplaced) { // a restore came between
			return nil, err
		}
	}
}

// start looks whether the file is ours, opens the writer's connection, puts the
// file in order while nobody else uses it, and starts the goroutines.
func (s *Store) start(ctx context.Context) error {
	if err := inspect(s.presence); err != nil {
		return err
	}
	alone, err := enter(s.presence)
	if err != nil {
		return err
	}
	if !same(s.path, s.presence) {
		return errReplaced
	}
	conn, err := openWriter(s.path)
	if err != nil {
		return err
	}
	s.writer = newWriter(conn, &s.limits)
	if err := migrate(ctx, conn); err != nil {
		return err
	}
	if alone {
		if err := firstError(sweepStaging(conn), stay(s.presence)); err != nil {
			return err
		}
	}
	if !same(s.path, s.presence) { // staying is not one step from being alone (flock(2))
		return errReplaced
	}
	if err := renewIndex(conn); err != nil {
		return err
	}
	if s.writer.version, err = number(conn, "PRAGMA data_version"); err != nil {
		return err
	}
	settings, err := loadSettings(conn, s.log)
	if err != nil {
		return err
	}
	s.settings.Store(&settings)
	s.readers = newReaders(func() (*sqlite.Conn, error) { return openReader(s.path) })
	s.logins = newLogins(s.limits.PasswordHashes)
	s.sweeper = newSweeper()
	s.indexer = newIndexer()
	s.trainer = newTrainer()
	s.wakeFor(conn) // what the last process left
	go s.runWriter()
	go s.runSweeper()
	go s.runIndexer()
	go s.runTrainer()
	return nil
}

// Close ends the trainer, the indexer and the sweeper, then the writer after what is already queued, and
// closes the file. No checkpoint is asked for: SQLite copies the log into the file and
// removes it when the last process leaves, and beside a running server one more would only wear the card.
func (s *Store) Close() error {
	s.trainer.stop()
	s.indexer.stop()
	s.sweeper.stop()
	s.writer.stop()
	return s.release()
}

// release closes what start opened, in whatever state start left it. The
// presence goes last: closing any descriptor of a file drops this process's
// POSIX locks on it, and SQLite lives by those.
func (s *Store) release() (err error) {
	if s.readers != nil {
		err = s.readers.close()
	}
	if s.writer != nil {
		err = firstError(err, s.writer.close())
	}
	return firstError(err, s.presence.Close())
}
