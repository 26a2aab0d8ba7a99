package store

import (
	"errors"
	"os"
	"syscall"
)

// enter marks the file as used by this process until the returned file is
// closed or the process dies. Where nobody else uses it, alone runs first: only
// then is what is half done certainly what a crash left.
//
// The mark is flock(2), which belongs to the descriptor and does not mix with
// the POSIX locks of SQLite.
func enter(path string, alone func() error) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	err = flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		err = alone()
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = nil
	}
	if err == nil {
		err = flock(f, syscall.LOCK_SH)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
