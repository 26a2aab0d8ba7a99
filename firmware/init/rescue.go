package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"buzon/firmware/internal/console"
	"buzon/firmware/internal/owned"
)

const (
	rescueFile = "rescue.txt" // in the owner's folder
	pageFile   = "/run/page.html"
)

// servePage is the process that answers while Buzon does not. It has no rights, as Buzon has none.
func servePage() int {
	l, err := net.Listen("tcp", ":80")
	if err == nil {
		err = console.Serve(context.Background(), l, pageFile)
	}
	fmt.Fprintln(os.Stderr, "page:", err)
	return 1
}

// rescue writes what is known where any computer can read it.
func (b *box) rescue() {
	file := strings.ReplaceAll(b.report(), "\n", "\r\n")
	if err := b.boot.writeForOwner(rescueFile, []byte(file)); err != nil {
		b.log.Error("cannot write rescue.txt", "err", err)
	}
}

// report is for somebody who helps: in English, as a log is.
func (b *box) report() string {
	var r bytes.Buffer
	fmt.Fprintf(&r, "Buzon %s (%s), %s\nkernel: %s\n", b.identity.Version, b.identity.Board, time.Now().UTC().Format(time.RFC3339), b.arguments)
	fmt.Fprintf(&r, "data: %s, %d MB, errors found: %v, problem: %v\n", b.data.Name, b.data.Size>>20, b.damaged, b.noData)
	var fs unix.Statfs_t
	if err := unix.Statfs(dataFolder, &fs); err == nil {
		fmt.Fprintf(&r, "free: %d MB of %d MB\n", int64(fs.Bavail)*fs.Bsize>>20, int64(fs.Blocks)*fs.Bsize>>20)
	}
	for _, note := range b.notes {
		fmt.Fprintln(&r, note)
	}
	fmt.Fprintf(&r, "\nLast crash:\n%s\n", orError(owned.Read(crashFile, 64<<10)))
	fmt.Fprintf(&r, "\nLog of this start:\n%s\n", b.ring.Bytes())
	return r.String()
}

func orError(b []byte, err error) []byte {
	if err != nil {
		return []byte(err.Error())
	}
	return b
}
