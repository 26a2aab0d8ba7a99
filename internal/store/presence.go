package store

import (
	"errors"
	"os"
	"syscall"
)

// enter marks the file as used by this process until f is closed or the
// process dies, and tells whether nobody else uses it: only then is what is
// half done certainly what a crash left. Who is alone keeps all others out
// until stay; the others wait for that.
//
// The mark is flock(2), which belongs to the descriptor and does not mix with
// the POSIX locks of SQLite.
func enter(f *os.File) (alone bool, err error) {
	err = flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, flock(f, syscall.LOCK_SH)
	}
	return err == nil, err
}

// stay lets others in beside us.
func stay(f *os.File) error { return flock(f, syscall.LOCK_SH) }

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
