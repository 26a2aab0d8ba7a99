package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// startMeasure writes how much memory and card is in use to the log, as often as the kernel's command line asks for: figures for the
// tests, and for whoever looks after a new board.
func (b *box) startMeasure(ctx context.Context) {
	seconds, err := strconv.Atoi(b.argument("buzon.measure"))
	if err != nil || seconds < 1 {
		return
	}
	b.running.Go(func() {
		tick := time.NewTicker(time.Duration(seconds) * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			m := memory()
			pid, _, _ := b.program.Running()
			// What is not available is in use: by the kernel, by programs, and by the system itself, which is in memory.
			var fs unix.Statfs_t
			if err := unix.Statfs(dataFolder, &fs); err != nil {
				b.log.Warn("measure", "err", err)
			}
			b.log.Warn("measured", "used_kb", (m.Total-m.Available)>>10, "buzon_kb", status(pid, "VmRSS:"),
				"buzon_own_kb", status(pid, "RssAnon:"), "buzon_wrote_kb", wrote(pid)>>10, "init_kb", status(1, "VmRSS:"),
				"card_mb", int64(fs.Blocks)*fs.Bsize>>20, "free_mb", int64(fs.Bavail)*fs.Bsize>>20)
		}
	})
}

// status is a figure of proc_pid_status(5) in KB: what a process has in memory, or of that what is its own and no part of a
// file; 0 if it is not there.
func status(pid int, name string) int64 { return figure(pid, "status", name) }

// wrote is how many octets a process had written to disks (proc_pid_io(5)), 0 if the kernel does not tell.
func wrote(pid int) int64 { return figure(pid, "io", "write_bytes:") }

func figure(pid int, file, name string) int64 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || fields[0] != name {
			continue
		}
		n, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	return 0
}
