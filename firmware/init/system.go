package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// frugal keeps our own memory near what is in use: it is taken from Buzon's.
func frugal() {
	debug.SetGCPercent(30)
	debug.SetMemoryLimit(12 << 20)
}

// stir has the kernel find randomness, on a machine that brings none, and tells when it has: it begins only when somebody
// waits for it, and the client of DHCP does not wait but asks over and over.
func stir() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		rand.Read(make([]byte, 32)) // never fails
	}()
	return done
}

// mountPoint is one of the kernel's own file systems.
type mountPoint struct {
	folder, kind, options string
	flags                 uintptr
}

func mountPoints() []mountPoint {
	const plain = unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NODEV
	return []mountPoint{
		{"/proc", "proc", "hidepid=invisible", plain}, // Buzon sees no other process
		{"/sys", "sysfs", "", plain},
		{"/dev", "devtmpfs", "mode=0755", unix.MS_NOSUID | unix.MS_NOEXEC},
		{"/run", "tmpfs", "mode=0755,size=4m", plain},
		{"/tmp", "tmpfs", "mode=1777,size=16m", plain},
	}
}

// mountSystem mounts them. A kernel that has mounted /dev already did it well.
func mountSystem() error {
	var errs []error
	for _, m := range mountPoints() {
		err := os.MkdirAll(m.folder, 0o755)
		if err == nil {
			err = unix.Mount(m.kind, m.folder, m.kind, m.flags, m.options)
		}
		if err != nil && !errors.Is(err, unix.EBUSY) {
			errs = append(errs, fmt.Errorf("%s: %w", m.folder, err))
		}
	}
	for _, folder := range []string{dataFolder, bootFolder, "/etc"} {
		errs = append(errs, os.MkdirAll(folder, 0o755))
	}
	// Name servers come and go; the system does not change for them.
	errs = append(errs, os.Symlink(resolvFile, "/etc/resolv.conf"))
	errs = append(errs, os.WriteFile("/etc/hosts", []byte("127.0.0.1 localhost\n::1 localhost\n"), 0o644))
	errs = append(errs, os.MkdirAll(runFolder, 0o755))
	errs = append(errs, mountPrograms())
	// A link in /tmp or /data leads nobody with more rights to where he did not want to go.
	for _, kind := range []string{"hardlinks", "symlinks"} {
		errs = append(errs, os.WriteFile("/proc/sys/fs/protected_"+kind, []byte("1"), 0o644))
	}
	return errors.Join(append(errs, smallPages())...)
}

// smallPages keeps the kernel from giving programs 2 MB where they asked for 4 KB.
func smallPages() error {
	err := os.WriteFile("/sys/kernel/mm/transparent_hugepage/enabled", []byte("never"), 0o644)
	if errors.Is(err, os.ErrNotExist) { // this kernel never does
		return nil
	}
	return err
}

// sealSystem lets nobody change the system any more.
func (b *box) sealSystem() {
	if err := unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		b.log.Warn("the system stays writable", "err", err)
	}
}
