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
			b.log.Warn("measured", "used_kb", (m.Total-m.Available)>>10, "buzon_kb", resident(pid), "init_kb", resident(1),
				"card_mb", int64(fs.Blocks)*fs.Bsize>>20, "free_mb", int64(fs.Bavail)*fs.Bsize>>20)
		}
	})
}

// resident is the memory of a process in KB (proc_pid_status(5)), 0 if it is not there.
func resident(pid int) int64 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), "VmRSS:"); found {
			n, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err != nil {
				return 0
			}
			return n
		}
	}
	return 0
}
