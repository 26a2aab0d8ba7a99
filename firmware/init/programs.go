package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	programsFile   = "/programs.squashfs" // initrd.Squash made it
	programsFolder = "/programs"
)

// mountPrograms mounts the file system with Buzon, which is packed in our memory.
func mountPrograms() error {
	if _, err := os.Stat(programsFile); errors.Is(err, os.ErrNotExist) {
		return os.Symlink("/", programsFolder) // it is in memory as it is
	}
	if err := os.MkdirAll(programsFolder, 0o755); err != nil {
		return err
	}
	device, err := loop(programsFile)
	if err != nil {
		return err
	}
	if err := unix.Mount(device, programsFolder, "squashfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, ""); err != nil {
		return fmt.Errorf("mount %s: %w", programsFile, err)
	}
	return nil
}

// loop makes a block device of a file (loop(4)).
func loop(path string) (device string, err error) {
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	defer control.Close()
	number, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
	if err != nil {
		return "", os.NewSyscallError("loop", err)
	}
	device = "/dev/loop" + strconv.Itoa(number)
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	l, err := os.Open(device)
	if err != nil {
		return "", err
	}
	defer l.Close()
	config := unix.LoopConfig{Fd: uint32(file.Fd())}
	config.Info.Flags = unix.LO_FLAGS_READ_ONLY
	err = unix.IoctlLoopConfigure(int(l.Fd()), &config)
	return device, errors.Join(os.NewSyscallError("loop "+device, err))
}
