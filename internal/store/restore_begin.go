package store

import (
	"context"
	"log/slog"
	"os"
	"time"
)

const (
	lookEvery = time.Second // for a restored file; it is taken within two
	takeAgain = time.Minute // after that failed, mostly because others did not let go of the old file
)

// BeginOnNewest has begin start a server on the file that Commit left for path, if there is one, and on the one before where
// that one fails. begin is told how long AwaitStaged is to wait for another: a file that could not be taken yet is left for
// later, and what there was serves meanwhile. The last begin may have succeeded beside an error.
func BeginOnNewest(ctx context.Context, path string, log *slog.Logger, begin func(look time.Duration) error) error {
	if err := SweepStaged(path); err != nil {
		log.Warn("copies are left beside the file", "err", err)
	}
	taken, err := Take(ctx, path)
	var look time.Duration
	if err != nil { // commands still work on the old one, as a rule; mail goes on with it meanwhile
		if _, missing := os.Stat(path); missing != nil {
			return err
		}
		look = takeAgain
		log.Warn("the restored file is not taken yet", "err", err)
	}
	if err = begin(look); !taken || err == nil || ctx.Err() != nil {
		return err
	}
	log.Error("cannot begin with the restored file, trying the one before it", "err", err)
	if err := PutBack(path); err != nil {
		return err
	}
	if err := begin(look); err != nil {
		return err // it was not the file's fault: that waits for the next start
	}
	_, err = Withdraw(path)
	return err
}

// AwaitStaged lasts until a file waits to take the place of the one at path, for which it looks after wait at the earliest.
// The error is that ctx was over first.
func AwaitStaged(ctx context.Context, path string, wait time.Duration) error {
	for ; ; wait = lookEvery {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(max(wait, lookEvery)):
		}
		if Staged(path) {
			return nil
		}
	}
}
