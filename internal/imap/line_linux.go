package imap

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketState asks the kernel. Unlike a peek it also sees the end behind octets
// that nobody has read.
func socketState(conn net.Conn) (state lineState) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return lineOpen
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return lineClosed
	}
	err = raw.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		if n, err := unix.Poll(p, 0); n <= 0 || err != nil {
			return
		}
		switch {
		case p[0].Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0:
			state = lineClosed
		case p[0].Revents&unix.POLLRDHUP != 0:
			state = lineHalfClosed
		}
	})
	if err != nil {
		return lineClosed
	}
	return state
}
