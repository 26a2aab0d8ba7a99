package main

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"buzon/firmware/internal/disk"
	"buzon/firmware/internal/owned"
	"buzon/firmware/internal/supervise"
)

// Kernels find cards late: USB takes some seconds.
const (
	cardTime = 30 * time.Second
	cardPoll = 50 * time.Millisecond
)

// findCard waits for the card.
func (b *box) findCard() {
	deadline := time.Now().Add(cardTime)
	for {
		part, super, err := b.tree.FindData(b.argument("buzon.disk"))
		if err == nil {
			b.data, b.damaged = part, super.Damaged
			if err := b.tree.MountBoot(part, bootFolder); err != nil {
				b.log.Warn("no folder for the owner", "err", err)
			} else {
				b.boot.there = true
			}
			return
		}
		if time.Now().After(deadline) {
			b.noData = err
			return
		}
		time.Sleep(cardPoll)
	}
}

// openData mounts the mail's file system, and lets it have the whole card.
func (b *box) openData() {
	if b.noData != nil {
		return
	}
	super, err := b.superblock()
	if err == nil {
		err = b.mountData(super)
	}
	if err != nil {
		b.noData = err
		b.log.Error("no mail", "err", err)
	}
}

func (b *box) superblock() (disk.Super, error) {
	f, err := os.Open(b.tree.Path(b.data.Name))
	if err != nil {
		return disk.Super{}, err
	}
	defer f.Close()
	return disk.ReadSuper(f)
}

func (b *box) mountData(super disk.Super) error {
	part, err := b.tree.Grow(b.data)
	if err != nil { // it is as large as it was
		b.log.Warn("the partition does not grow", "err", err)
	}
	b.data = part
	b.beginClock(super.Written)
	if err := b.tree.MountData(b.data, dataFolder); err != nil {
		return err
	}
	if super.Replay {
		b.log.Info("the power went last time; the journal was replayed")
	}
	if err := disk.GrowFileSystem(dataFolder, b.data, super); err != nil {
		b.log.Warn("the file system does not grow", "err", err)
	}
	// Buzon makes files here, and can neither rename nor remove ours: the bit of /tmp.
	err = errors.Join(os.Chown(dataFolder, 0, supervise.User), os.Chmod(dataFolder, 0o770|os.ModeSticky))
	if e := os.Mkdir(ownFolder, 0o700); !errors.Is(e, os.ErrExist) {
		err = errors.Join(err, e)
	}
	return errors.Join(err, giveMail())
}

// giveMail lets Buzon have its file where somebody put one on the card with another computer. Of a file that has a second
// name nobody knows whose it is.
func giveMail() error {
	for _, end := range []string{"", "-wal", "-shm"} {
		info, err := os.Lstat(mailFile + end)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || !info.Mode().IsRegular() || stat.Nlink != 1 || stat.Uid == supervise.User {
			continue
		}
		if err := os.Lchown(mailFile+end, supervise.User, supervise.User); err != nil {
			return err
		}
	}
	return nil
}

// boot is the FAT, which is writable only while something is written.
type boot struct {
	mu    sync.Mutex
	there bool
}

var errNoBoot = errors.New("the card has no folder for the owner")

// remount lets it be written by one at a time: with true it waits for its turn, with false it gives it back.
func (b *boot) remount(write bool) error {
	if !b.there {
		return errNoBoot
	}
	if write {
		b.mu.Lock()
		err := disk.RemountBoot(bootFolder, true)
		if err != nil {
			b.mu.Unlock()
		}
		return err
	}
	defer b.mu.Unlock()
	return disk.RemountBoot(bootFolder, false)
}

// writeForOwner puts a file into the owner's folder, or takes it away if there is nothing in it. One that is as it should be
// is left alone.
func (b *boot) writeForOwner(name string, content []byte) error {
	path := filepath.Join(ownerFolder, name)
	old, err := owned.Read(path, 1<<20)
	if errors.Is(err, os.ErrNotExist) && len(content) == 0 || err == nil && string(old) == string(content) {
		return nil
	}
	if err := b.remount(true); err != nil {
		return err
	}
	return errors.Join(change(path, content), b.remount(false))
}

func change(path string, content []byte) error {
	if len(content) == 0 {
		return os.Remove(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return owned.Write(path, content, 0o755) // which is what all files of a FAT have
}

// closeCard is the end of all file systems. What is still in use is made read-only, which puts everything on the card too.
func (b *box) closeCard() {
	unix.Sync()
	for _, folder := range []string{dataFolder, bootFolder} {
		if err := unix.Unmount(folder, 0); err == nil || errors.Is(err, unix.EINVAL) {
			continue
		}
		if err := unix.Mount("", folder, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			b.log.Error("cannot unmount", "folder", folder, "err", err)
		}
	}
	unix.Sync()
}
