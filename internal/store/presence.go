package store

import (
	"errors"
	"os"
	"syscall"
)

// enter marks the file as used by this process until f is closed or the
// process dies. Where nobody else uses it, alone runs first: only then is what
// is half done certainly what a crash left.
//
// The mark is flock(2), which belongs to the descriptor and does not mix with
// the POSIX locks of SQLite.
func enter(f *os.File, alone func() error) error {
	err := flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		err = alone()
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = nil
	}
	if err != nil {
		return err
	}
	return flock(f, syscall.LOCK_SH)
}

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
