package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"buzon/firmware/internal/owned"
)

// claimFile is claim.FileName of Buzon, whose package brings more with it than we want to have.
const claimFile = "claim.txt"

// maxCode is how long a claim code can be, in octets.
const maxCode = 64

// watchClaim shows the claim code on the console and on the card, until the box has an owner.
func (b *box) watchClaim(ctx context.Context) {
	b.readClaim()
	err := watchFolder(ctx, dataFolder, claimFile, b.readClaim)
	if err != nil && ctx.Err() == nil {
		b.log.Error("a new claim code will not be shown", "err", err)
	}
}

// readClaim looks at the file that Buzon writes.
func (b *box) readClaim() {
	content, err := owned.Read(filepath.Join(dataFolder, claimFile), maxCode)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		b.log.Warn("the claim code", "err", err)
	}
	code := readable(string(content))
	b.code.Store(&code)
	b.look()
	var file []byte
	if code != "" {
		file = []byte(code + "\r\n") // for any computer
	}
	if err := b.boot.writeForOwner(claimFile, file); err != nil && !errors.Is(err, errNoBoot) {
		b.log.Warn("the claim code is not on the card", "err", err)
	}
}

// readable keeps the digits, in groups of four.
func readable(code string) string {
	var digits []string
	for _, r := range code {
		if r < '0' || r > '9' {
			continue
		}
		if len(digits) == 0 || len(digits[len(digits)-1]) == 4 {
			digits = append(digits, "")
		}
		digits[len(digits)-1] += string(r)
	}
	return strings.Join(digits, " ")
}

// watchFolder calls changed when a file of that name came or went, until ctx is over (inotify(7)).
func watchFolder(ctx context.Context, folder, name string, changed func()) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("inotify", err)
	}
	f := os.NewFile(uintptr(fd), "inotify")
	defer f.Close()
	defer context.AfterFunc(ctx, func() { f.Close() })()
	const events = unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_DELETE | unix.IN_CLOSE_WRITE | unix.IN_ONLYDIR
	if _, err := unix.InotifyAddWatch(fd, folder, events); err != nil {
		return os.NewSyscallError("inotify", err)
	}
	changed() // what was before we listened
	b := make([]byte, 4<<10)
	for {
		n, err := f.Read(b)
		if err != nil {
			return err
		}
		if strings.Contains(string(b[:n]), name+"\x00") {
			changed()
		}
	}
}
