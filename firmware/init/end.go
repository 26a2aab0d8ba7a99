package main

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// endTime is for the last file systems, and whatever else hangs. Buzon has had its own before.
const endTime = 30 * time.Second

// end closes the card and is the end of the machine.
func (b *box) end(e ending) {
	key := "box_ending_restart"
	if e.off {
		key = "box_ending_off"
	}
	b.screens.Show(b.words.Say(key) + "\n")
	go func() {
		time.Sleep(endTime)
		b.log.Error("the end takes too long; ending at once")
		b.reboot(e)
	}()
	b.closeCard()
	b.reboot(e)
}

// reboot does not return.
func (b *box) reboot(e ending) {
	var err error
	switch {
	case e.off:
		err = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	case e.argument != "":
		err = rebootWith(e.argument)
	default:
		err = unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
	}
	b.log.Error("the kernel does not end", "err", err)
	unix.Reboot(unix.LINUX_REBOOT_CMD_HALT) // what else
	select {}
}

// rebootWith hands an argument to the boot code (reboot(2), LINUX_REBOOT_CMD_RESTART2).
func rebootWith(argument string) error {
	b, err := unix.BytePtrFromString(argument)
	if err != nil {
		return err
	}
	_, _, errno := unix.Syscall6(unix.SYS_REBOOT, unix.LINUX_REBOOT_MAGIC1, unix.LINUX_REBOOT_MAGIC2,
		unix.LINUX_REBOOT_CMD_RESTART2, uintptr(unsafe.Pointer(b)), 0, 0)
	return errno
}
