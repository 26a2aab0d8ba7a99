package supervise

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Reap takes the ends of processes whose parents are no more, which come to the first process, and leaves its own alone.
func Reap(ours func(pid int) bool) error {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ECHILD):
			return nil
		case err != nil:
			return fmt.Errorf("wait: %w", err)
		}
		pid := pidOf(&info)
		if pid == 0 || ours(pid) { // whoever started it waits for it
			return nil
		}
		_, err = unix.Wait4(pid, nil, unix.WNOHANG, nil)
		if err != nil && !errors.Is(err, unix.ECHILD) { // it was one of ours that could not be started, and is taken already
			return fmt.Errorf("wait for %d: %w", pid, err)
		}
	}
}

// pidOf is si_pid of siginfo_t, which Go leaves in the part that depends on the signal: the first number after si_signo,
// si_errno and si_code, and the filling to the size of a pointer.
func pidOf(info *unix.Siginfo) int {
	b := unsafe.Slice((*byte)(unsafe.Pointer(info)), unsafe.Sizeof(*info))
	at := uintptr(12)
	if unsafe.Sizeof(uintptr(0)) == 8 {
		at = 16
	}
	return int(int32(binary.NativeEndian.Uint32(b[at:])))
}
