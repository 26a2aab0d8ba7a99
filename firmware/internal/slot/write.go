package slot

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"buzon/internal/update"
)

const (
	head  = 64 << 10 // octets of the begin, without which nothing reads the file system; they are written last
	block = 64 << 10 // octets that are in memory at a time
	often = 4 << 20  // octets after which the card has to have them, and somebody hears of it
)

// writer puts an image on a partition.
type writer struct {
	tell func(step string, octets, total int64)
	sum  hash.Hash // of the image
}

// write returns once all of a verified image is on the card. Before that the partition has nothing that starts.
func (w *writer) write(ctx context.Context, device string, f *update.File) (err error) {
	d, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("slot: %w", err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	size, err := d.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("slot: %w", err)
	}
	if f.Image > size || f.Image < head {
		return fmt.Errorf("%w: %d octets, and there are %d", update.ErrTooLarge, f.Image, size)
	}
	if err := put(d, make([]byte, head), 0); err != nil {
		return err
	}
	w.sum = sha256.New()
	first := make([]byte, head)
	if _, err := io.ReadFull(f, first); err != nil {
		return ended(err)
	}
	w.sum.Write(first)
	if err := w.body(ctx, d, f); err != nil {
		return err
	}
	if err := w.check(ctx, d, first, f.Image); err != nil {
		return err
	}
	return put(d, first, 0)
}

// body writes what comes after the head, until the image ends verified.
func (w *writer) body(ctx context.Context, d *os.File, f *update.File) error {
	b := make([]byte, block)
	for at, told := int64(head), int64(0); ; {
		n, err := io.ReadFull(f, b)
		if n > 0 {
			w.sum.Write(b[:n])
			if _, err := d.WriteAt(b[:n], at); err != nil {
				return fmt.Errorf("slot: %w", err)
			}
		}
		at += int64(n)
		done := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if done && !f.Verified() {
			err, done = update.ErrDamaged, false
		}
		if err != nil && !done {
			return err
		}
		if at-told >= often || done {
			if err := d.Sync(); err != nil {
				return fmt.Errorf("slot: %w", err)
			}
			told = at
			w.tell(update.StepWriting, at, f.Image)
		}
		if done || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// check reads back what the card kept: cards lie.
func (w *writer) check(ctx context.Context, d *os.File, first []byte, size int64) error {
	if err := forget(d); err != nil {
		return err
	}
	sum := sha256.New()
	sum.Write(first)
	b := make([]byte, block)
	for at := int64(head); at < size; {
		n, err := d.ReadAt(b[:min(block, size-at)], at)
		if err != nil && !(errors.Is(err, io.EOF) && at+int64(n) == size) {
			return fmt.Errorf("slot: reading back: %w", err)
		}
		sum.Write(b[:n])
		if at += int64(n); at%often < block || at == size {
			w.tell(update.StepChecking, at, size)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if string(sum.Sum(nil)) != string(w.sum.Sum(nil)) {
		return fmt.Errorf("%w: the card does not keep what is written", update.ErrFailed)
	}
	return nil
}

// forget lets the kernel drop its copy of what the card should have. A file, in tests, has no such thing.
func forget(d *os.File) error {
	err := unix.Fadvise(int(d.Fd()), 0, 0, unix.FADV_DONTNEED)
	if err == nil {
		err = unix.IoctlSetInt(int(d.Fd()), unix.BLKFLSBUF, 0)
	}
	if err != nil && !errors.Is(err, unix.ENOTTY) {
		return fmt.Errorf("slot: %w", err)
	}
	return nil
}

func put(d *os.File, b []byte, at int64) error {
	if _, err := d.WriteAt(b, at); err != nil {
		return fmt.Errorf("slot: %w", err)
	}
	if err := d.Sync(); err != nil {
		return fmt.Errorf("slot: %w", err)
	}
	return nil
}

// ended is a file that ends within its first octets.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return update.ErrDamaged
	}
	return err
}

// untilDone ends with its context.
type untilDone struct {
	context.Context
	r io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
