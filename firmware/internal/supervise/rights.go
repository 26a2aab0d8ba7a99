package supervise

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// User is who Buzon is on our image: nobody else, in Debian's range of those who own nothing.
const User = 65532

// Unprivileged are a process's rights: a user's who owns nothing but the mail, and the right to listen on ports below 1024,
// which its own children inherit as little as they gain others.
func Unprivileged() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Credential:  &syscall.Credential{Uid: User, Gid: User, NoSetGroups: false},
		AmbientCaps: []uintptr{unix.CAP_NET_BIND_SERVICE},
		Setsid:      true,
	}
}

// Confine keeps every process started from now on from gaining rights: none by a file (no_new_privs), and none but that to
// listen on low ports by any means (the bounding set). The rights of the caller itself stay.
func Confine() error {
	if _, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("no_new_privs: %w", errno)
	}
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		if c == unix.CAP_NET_BIND_SERVICE {
			continue
		}
		_, _, errno := syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, c, 0)
		if errno != 0 && errno != unix.EINVAL { // a kernel older than the header has fewer
			return fmt.Errorf("drop the right %d: %w", c, errno)
		}
	}
	return nil
}
