package boottest

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// turn is how long a machine waits for others to end.
const turn = 8 * time.Minute

// alone waits until no other machine runs on this computer, and gives the function that lets the next one run. The kernel
// does, too, when this process ends.
func alone(t testing.TB) (release func()) {
	t.Helper()
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), "buzon-boottest.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(turn)
	for {
		err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return sync.OnceFunc(func() { lock.Close() })
		case !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR):
			t.Fatal(err)
		case time.Now().After(deadline):
			t.Fatalf("another machine of a test has been running for %v", turn)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
