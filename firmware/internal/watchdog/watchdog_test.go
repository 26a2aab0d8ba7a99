package watchdog

import "testing"

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
