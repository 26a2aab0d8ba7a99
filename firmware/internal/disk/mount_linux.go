package disk

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Grow lets the partition have the rest of its disk, and tells the kernel. A whole disk has it.
func (t Tree) Grow(p Part) (Part, error) {
	if p.Number == 0 {
		return p, nil
	}
	size := t.number(p.Disk, "size") * sector
	f, err := os.OpenFile(t.Path(p.Disk), os.O_RDWR, 0)
	if err != nil {
		return p, err
	}
	defer f.Close()
	e, err := GrowPartition(f, size, p.Number)
	if err != nil {
		return p, err
	}
	if e.Start != p.Start {
		return p, fmt.Errorf("%s begins at %d in the table, and at %d for the kernel", p.Name, e.Start, p.Start)
	}
	if e.Size == p.Size {
		return p, nil
	}
	if err := resizePartition(f, p.Number, e); err != nil {
		return p, fmt.Errorf("tell the kernel of %s: %w", p.Name, err)
	}
	p.Size = e.Size
	return p, nil
}

// What BLKPG takes (linux/blkpg.h).
type (
	blkpgPartition struct {
		start, length int64 // octets
		number        int32
		_             [64 + 64]byte // names that nothing reads
	}
	blkpgArgument struct {
		op, flags, length int32
		data              unsafe.Pointer
	}
)

func resizePartition(disk *os.File, number int, e Extent) error {
	p := blkpgPartition{start: e.Start, length: e.Size, number: int32(number)}
	a := blkpgArgument{op: unix.BLKPG_RESIZE_PARTITION, length: int32(unsafe.Sizeof(p)), data: unsafe.Pointer(&p)}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, disk.Fd(), unix.BLKPG, uintptr(unsafe.Pointer(&a)))
	if errno != 0 {
		return errno
	}
	return nil
}

// dataOptions: a file system in which an error is found becomes read-only, so that the damage does not grow.
const dataOptions = "errors=remount-ro"

// MountData replays the journal and mounts the file system at folder. Nothing in it is run or is a device, and reading
// writes nothing.
func (t Tree) MountData(p Part, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	flags := uintptr(unix.MS_NOATIME | unix.MS_NODEV | unix.MS_NOSUID | unix.MS_NOEXEC)
	if err := unix.Mount(t.Path(p.Name), folder, "ext4", flags, dataOptions); err != nil {
		return fmt.Errorf("mount %s: %w", p.Name, err)
	}
	return nil
}

// ext4Resize is EXT4_IOC_RESIZE_FS of the kernel's fs/ext4/ext4.h: _IOW('f', 16, __u64), the new size in blocks.
const ext4Resize = 0x40086610

// GrowFileSystem lets the mounted file system fill its partition. It is journalled: a power cut leaves a whole one.
func GrowFileSystem(folder string, p Part, s Super) error {
	if p.Size-s.Size < worthwhile {
		return nil
	}
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close()
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &fs); err != nil {
		return err
	}
	blocks := uint64(p.Size / fs.Bsize)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), ext4Resize, uintptr(unsafe.Pointer(&blocks)))
	if errno != 0 {
		return fmt.Errorf("grow the file system to %d octets: %w", p.Size, errno)
	}
	return nil
}

// bootFlags: nothing on it is run or is a device.
const bootFlags = unix.MS_NOATIME | unix.MS_NODEV | unix.MS_NOSUID | unix.MS_NOEXEC

// MountBoot mounts the FAT with the owner's folder, to be read: a card whose power goes has it whole.
func (t Tree) MountBoot(data Part, folder string) error {
	boot, err := t.Sibling(data, BootNumber)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(t.Path(boot.Name), folder, "vfat", bootFlags|unix.MS_RDONLY, "utf8"); err != nil {
		return fmt.Errorf("mount %s: %w", boot.Name, err)
	}
	return nil
}

// RemountBoot lets it be written, or not any more; then everything is on the card.
func RemountBoot(folder string, write bool) error {
	flags := uintptr(bootFlags | unix.MS_REMOUNT)
	if !write {
		flags |= unix.MS_RDONLY
	}
	if err := unix.Mount("", folder, "", flags, ""); err != nil {
		return fmt.Errorf("remount %s: %w", folder, err)
	}
	return nil
}
