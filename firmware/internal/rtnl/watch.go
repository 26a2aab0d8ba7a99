package rtnl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Watch calls changed after every change of links and addresses, and resolvers with what routers tell, until ctx is over.
// A call says "look", not what happened.
func Watch(ctx context.Context, changed func(), resolvers func(Resolvers)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return os.NewSyscallError("netlink socket", err)
	}
	f := os.NewFile(uintptr(fd), "netlink") // which waits without a thread of its own
	defer f.Close()
	var groups uint32
	for _, g := range []uint{unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_ND_USEROPT} {
		groups |= 1 << (g - 1)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		return os.NewSyscallError("netlink bind", err)
	}
	defer context.AfterFunc(ctx, func() { f.Close() })()
	changed() // what was before we listened
	b := make([]byte, 32<<10)
	for {
		n, err := f.Read(b)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, unix.ENOBUFS): // more happened than it could hold
			changed()
			continue
		case err != nil:
			return fmt.Errorf("netlink: %w", err)
		}
		tell(b[:n], changed, resolvers)
	}
}

func tell(b []byte, changed func(), resolvers func(Resolvers)) {
	messages, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		return
	}
	look := false
	for _, m := range messages {
		if r, ok := parseResolvers(m); ok {
			resolvers(r)
		} else {
			look = true
		}
	}
	if look {
		changed()
	}
}
