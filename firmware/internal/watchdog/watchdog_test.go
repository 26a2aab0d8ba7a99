package watchdog

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// It is fed as long as all is well, and not any more when it is not; nobody tells it that this was meant.
func TestRun(t *testing.T) {
	device := filepath.Join(t.TempDir(), "watchdog")
	if err := os.WriteFile(device, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fed := func() int {
		b, err := os.ReadFile(device)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range b {
			if c == 'V' {
				t.Error("it was told that the end is wanted")
			}
		}
		return len(b)
	}
	synctest.Test(t, func(t *testing.T) {
		var healthy atomic.Bool
		healthy.Store(true)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- Run(ctx, Options{Device: device, Healthy: healthy.Load, Log: slog.New(slog.DiscardHandler)})
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		before := fed()
		if before < 10 {
			t.Errorf("fed %d times in a minute", before)
		}
		healthy.Store(false)
		time.Sleep(time.Hour)
		synctest.Wait()
		if after := fed(); after != before {
			t.Errorf("fed %d times more", after-before)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if err := Run(t.Context(), Options{Device: device + "-nowhere", Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("there is no such device")
	}
}

func TestSafe(t *testing.T) {
	for _, c := range []struct {
		cmdline, model string
		safe           bool
	}{
		// As a real Raspberry Pi's boot code leaves it, and as QEMU does.
		{"coherent_pool=1M 8250.nr_uarts=1 vc_mem.mem_base=0x3ec00000 vc_mem.mem_size=0x40000000 console=ttyS0 rdinit=/init", "Raspberry Pi 3 Model B Rev 1.2", true},
		{"console=ttyAMA1 rdinit=/init", "Raspberry Pi 3 Model B", false},
		// Other machines, and the way out for one that is broken.
		{"console=ttyAMA0", "linux,dummy-virt", true},
		{"console=ttyS0", "", true},
		{"console=ttyS0 buzon.watchdog=0", "", false},
		{"vc_mem.mem_base=0x3ec00000 buzon.watchdog=0", "Raspberry Pi 4 Model B", false},
	} {
		if got := Safe(c.cmdline, c.model) == nil; got != c.safe {
			t.Errorf("%q on %q: %v", c.cmdline, c.model, got)
		}
	}
}
