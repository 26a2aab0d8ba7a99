package image

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"buzon/firmware/internal/disk"
)

// emptyExt4 is a file system of 64 MiB without a file, made once by (e2fsprogs 1.47):
//
//	truncate -s 64M empty.ext4
//	E2FSPROGS_FAKE_TIME=1767225600 mke2fs -F -t ext4 -b 4096 -i 65536 -J size=16 -m 1 -L buzon-data \
//		-U 5a0e2b9c-6d0b-4c0a-9b59-62757a6f6e01 -O 64bit,metadata_csum,^orphan_file -E nodiscard,root_owner=65532:65532,\
//		hash_seed=5a0e2b9c-6d0b-4c0a-9b59-62757a6f6e02,resize=268435456,lazy_itable_init=0,lazy_journal_init=0 empty.ext4
//	gzip -9 -n empty.ext4
//
// It is there so that an image needs no mke2fs; one that brings a file of a Buzon does, with the same options.
//
//go:embed empty.ext4.gz
var emptyExt4 []byte

// The options above, for a file that is larger.
const (
	dataUUID   = "5a0e2b9c-6d0b-4c0a-9b59-62757a6f6e01"
	dataHash   = "5a0e2b9c-6d0b-4c0a-9b59-62757a6f6e02"
	fakeTime   = "E2FSPROGS_FAKE_TIME=1767225600" // 1 January 2026
	emptySize  = 64 << 20
	owner      = 65532 // the user that Buzon runs as
	dataName   = "buzon.db"
	mostOnDisk = 1 << 40 // octets: what resize= above leaves room for
)

// data is the content of the data partition.
type data struct {
	io.Reader
	size  int64
	close func() error
}

func (d data) Close() error { return d.close() }

// writeTo writes what is not zero.
func (d data) writeTo(w io.WriterAt) error {
	block, zero := make([]byte, 64<<10), make([]byte, 64<<10)
	for at := int64(0); at < d.size; {
		n, err := io.ReadFull(d, block[:min(int64(len(block)), d.size-at)])
		if err != nil {
			return err
		}
		if !bytes.Equal(block[:n], zero[:n]) {
			if _, err := w.WriteAt(block[:n], at); err != nil {
				return err
			}
		}
		at += int64(n)
	}
	return nil
}

// dataPartition is empty, or has a file of a Buzon in it. It is grown to the card at the first start.
func dataPartition(ctx context.Context, restore string) (data, error) {
	if restore != "" {
		return filledPartition(ctx, restore)
	}
	r, err := gzip.NewReader(bytes.NewReader(emptyExt4))
	if err != nil {
		return data{}, fmt.Errorf("image: data: %w", err)
	}
	return data{r, emptySize, r.Close}, nil
}

// sqliteMark is how the file of a Buzon begins.
const sqliteMark = "SQLite format 3\x00"

// filledPartition is made by e2fsprogs, in a temporary file.
func filledPartition(ctx context.Context, restore string) (data, error) {
	info, err := checkRestore(restore)
	if err != nil {
		return data{}, err
	}
	folder, err := os.MkdirTemp("", "mkimage")
	if err != nil {
		return data{}, err
	}
	gone := func() error { return os.RemoveAll(folder) }
	// Room for the file, its write-ahead log, and the tables of the file system, in whole MiB.
	size := (info.Size()+info.Size()/16+emptySize)/(1<<20)*(1<<20) + 1<<20
	f, err := fillExt4(ctx, folder, size, restore)
	if err != nil {
		return data{}, errors.Join(fmt.Errorf("image: data: %w", err), gone())
	}
	return data{f, size, func() error { return errors.Join(f.Close(), gone()) }}, nil
}

// checkRestore looks whether it is a file of SQLite, closed and whole: its write-ahead log would be left behind.
func checkRestore(path string) (os.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("image: data: %w", err)
	}
	defer f.Close()
	head := make([]byte, len(sqliteMark))
	if _, err := io.ReadFull(f, head); err != nil || string(head) != sqliteMark {
		return nil, fmt.Errorf("image: %s is not the file of a Buzon", path)
	}
	if wal, err := os.Stat(path + "-wal"); err == nil && wal.Size() > 0 {
		return nil, fmt.Errorf("image: %s is in use; copy it with: buzon backup", path)
	}
	return f.Stat()
}

// fillExt4 works in a folder, with names that debugfs' parser cannot take for anything else.
func fillExt4(ctx context.Context, folder string, size int64, restore string) (*os.File, error) {
	restore, err := filepath.Abs(restore)
	if err != nil {
		return nil, err
	}
	if err := os.Symlink(restore, filepath.Join(folder, "restore")); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(folder, "ext4"))
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(size); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	commands := fmt.Sprintf("write restore %s\nsif %[1]s uid %[2]d\nsif %[1]s gid %[2]d\nsif %[1]s mode 0100600\n", dataName, owner)
	for _, step := range []struct {
		input string
		args  []string
	}{
		{"", []string{"mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-i", "65536", "-J", "size=16", "-m", "1", "-L", disk.DataLabel,
			"-U", dataUUID, "-O", "64bit,metadata_csum,^orphan_file", "-E", fmt.Sprintf("nodiscard,root_owner=%d:%d,hash_seed=%s,resize=%d,"+
				"lazy_itable_init=0,lazy_journal_init=0", owner, owner, dataHash, mostOnDisk/4096), "ext4"}},
		{commands, []string{"debugfs", "-w", "-f", "/dev/stdin", "ext4"}},
		{"", []string{"e2fsck", "-fn", "ext4"}}, // debugfs says nothing where it fails
	} {
		if err := e2fs(ctx, folder, step.input, step.args...); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

// e2fs runs a program of e2fsprogs, at a time that is always the same.
func e2fs(ctx context.Context, folder, input string, args ...string) error {
	program, err := exec.LookPath(args[0])
	for _, sbin := range []string{"/usr/sbin/", "/sbin/"} { // which only root's PATH has
		if err != nil {
			program, err = exec.LookPath(sbin + args[0])
		}
	}
	if err != nil {
		return fmt.Errorf("%w; it is in the package e2fsprogs, which --data needs", err)
	}
	cmd := exec.CommandContext(ctx, program, args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = folder, append(os.Environ(), fakeTime), strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", args[0], err, out)
	}
	return nil
}
