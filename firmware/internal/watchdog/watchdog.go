// Package watchdog has the board reset itself when nothing of it works any more.
//
// Invariant: the device is opened only where that is known to be safe; once open it is fed as long as Healthy says so, and
// left open at the end, so that a shutdown that hangs is a reset as well.
package watchdog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Options is what a Watchdog is made of.
type Options struct {
	Device  string // "" is /dev/watchdog
	Healthy func() bool
	Log     *slog.Logger
}

// ErrUnsafe says that opening the device may be the end of the machine.
var ErrUnsafe = errors.New("no watchdog here that is safe to open")

// Safe tells whether the watchdog may be opened. QEMU's Raspberry Pi ends itself when its watchdog is opened; only a real one
// was started by its boot code, which tells the kernel where its memory is.
func Safe(cmdline, model string) error {
	words := strings.Fields(cmdline)
	for _, w := range words {
		if w == "buzon.watchdog=0" {
			return ErrUnsafe
		}
	}
	if !strings.HasPrefix(model, "Raspberry Pi") {
		return nil
	}
	for _, w := range words {
		if strings.HasPrefix(w, "vc_mem.mem_base=") {
			return nil
		}
	}
	return ErrUnsafe
}

// wanted is after how long without a sign of life the board is reset. Boards have less: the Raspberry Pi's is 15 seconds.
const wanted = 30 // seconds

// Run feeds the watchdog until ctx is over. That there is none is an error that does not matter.
func Run(ctx context.Context, o Options) error {
	if o.Device == "" {
		o.Device = "/dev/watchdog"
	}
	f, err := os.OpenFile(o.Device, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("watchdog: %w", err)
	}
	// Closed by nobody: the kernel would take a close without the letter V for a crash, and that is what it is.
	every := interval(f)
	o.Log.Info("the watchdog is on", "device", filepath.Base(o.Device), "fed every", every)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if o.Healthy() {
			if _, err := f.Write([]byte{0}); err != nil {
				return fmt.Errorf("feed the watchdog: %w", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// interval is a third of the time that the device gives.
func interval(f *os.File) time.Duration {
	if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.WDIOC_SETTIMEOUT, wanted); err == nil || errors.Is(err, unix.EINVAL) {
		seconds, err := unix.IoctlGetInt(int(f.Fd()), unix.WDIOC_GETTIMEOUT)
		if err == nil && seconds > 0 {
			return time.Duration(seconds) * time.Second / 3
		}
	}
	return 3 * time.Second // what every device is content with
}
