// Package footprint gives memory back that only the start needed.
//
// The program is 20 MB of code and tables, and starting touches most of it: every package's first lines, the tables of
// types. The kernel maps 64 KB around each touch, and what is mapped counts as ours and is the last that it takes away when
// memory is short, although it could be read from the file again. So once everything runs we let go of all of it; what is
// in use comes back by itself within milliseconds, from the page cache.
package footprint

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Trim lets go of the pages of the program itself. It changes nothing but how much is mapped. An error says that it could
// not be done, and does not matter.
func Trim() error {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("find the program: %w", err)
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return fmt.Errorf("find what is mapped: %w", err)
	}
	defer maps.Close()
	var parts []mapping
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		if m, ok := parseMapping(lines.Text()); ok && m.path == self && m.readOnly {
			parts = append(parts, m)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read what is mapped: %w", err)
	}
	for _, m := range parts {
		// Private, never written and backed by a file: madvise(2) has the next touch read the file.
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("let go of the program: %w", errno)
		}
	}
	return nil
}

// mapping is a line of /proc/self/maps (proc(5)).
type mapping struct {
	from, to uintptr
	readOnly bool // and private
	path     string
}

func parseMapping(line string) (m mapping, ok bool) {
	var mode, offset, device string
	var inode uint64
	n, err := fmt.Sscanf(line, "%x-%x %s %s %s %d", &m.from, &m.to, &mode, &offset, &device, &inode)
	if err != nil || n != 6 || inode == 0 {
		return m, false
	}
	_, path, _ := strings.Cut(line, "/")
	m.path, m.readOnly = "/"+path, mode == "r-xp" || mode == "r--p"
	return m, true
}
