package boottest

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What "info usernet" of QEMU 7.2 says.
const usernet = `Hub -1 (n0):
  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ
  TCP[HOST_FORWARD]  13       127.0.0.1 42123       10.0.2.15    25     0     0
  TCP[HOST_FORWARD]  12       127.0.0.1 40007       10.0.2.15    80     0     0
  TCP[ESTABLISHED]   14       127.0.0.1 42123       10.0.2.15    25     0     0
`

func TestForwarded(t *testing.T) {
	want := map[int]string{25: "127.0.0.1:42123", 80: "127.0.0.1:40007"}
	if got := forwarded(usernet); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

// The log is awaited where it begins, in pieces, and until the machine ends.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSerial()
		go func() {
			for _, piece := range []string{"Buz", "on is ready\r\n", "once more\r\n"} {
				time.Sleep(time.Second)
				s.Write([]byte(piece))
			}
			time.Sleep(time.Hour)
			s.end()
		}()
		if log, err := s.await(0, "ready\n", time.Minute); err != nil || log != "Buzon is ready\n" {
			t.Errorf("%q %v", log, err)
		}
		if log, err := s.await(5, "on", time.Minute); err != nil || log != "Buzon is ready\non" {
			t.Errorf("%q %v", log, err)
		}
		if log, err := s.await(0, "never", time.Minute); err == nil || errors.Is(err, errEnded) {
			t.Errorf("%q %v", log, err)
		}
		if log, err := s.await(0, "never", 2*time.Hour); !errors.Is(err, errEnded) {
			t.Errorf("%q %v", log, err)
		}
	})
}

func TestArguments(t *testing.T) {
	for what, c := range map[string]struct {
		machine Machine
		want    []string
	}{
		"a kernel":       {Machine{Board: Virt, Kernel: "k", Initrd: "i", Append: "quiet"}, []string{"-M virt", "-kernel k", "-append console=ttyAMA0 quiet", "-initrd i"}},
		"a disk":         {Machine{Board: Virt, Firmware: UBoot, Disk: "d"}, []string{"-bios " + uBoot, "cache=unsafe,file=d", "virtio-blk-pci"}},
		"a disk's tests": {Machine{Board: Virt, Firmware: UBoot, Disk: "nbd://x"}, []string{"cache=none,file=nbd://x"}},
		"a Pi":           {Machine{Board: Pi3, Kernel: "k", DTB: "b", Disk: "d", Clock: "1970-01-01"}, []string{"-M raspi3b", "thread=single", "-dtb b", "if=sd,", "usb-net", "console=ttyAMA1"}},
		"a clock, ports": {Machine{Board: PC, Kernel: "k", Clock: "1970-01-01", Ports: []int{25, 80}, Memory: 64}, []string{"-rtc base=1970-01-01", "hostfwd=tcp:127.0.0.1:0-:25,hostfwd=tcp:127.0.0.1:0-:80", "-m 64"}},
	} {
		args, err := c.machine.arguments(t.TempDir())
		line := strings.Join(args, " ")
		for _, want := range c.want {
			if err != nil || !strings.Contains(line, want) {
				t.Errorf("%s: no %q in %s: %v", what, want, line, err)
			}
		}
		if c.machine.Board == Pi3 && slices.Contains(args, "-rtc") {
			t.Error("a Pi has no clock")
		}
	}
}
