package wear

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Where the kernel counts. Folders of a test take their place.
const (
	procIO   = "/proc/self/io"
	sysBlock = "/sys/dev/block"
)

// sector is the unit of the kernel's counters, whatever the device's own is (Documentation/block/stat.rst).
const sector = 512 // octets

// written is what this process had written to disk so far; 0 is unknown.
func written(file string) int64 {
	content, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), "write_bytes: "); found {
			return number(value)
		}
	}
	return 0
}

// device is the folder in which the kernel tells of the whole device that path is on; "" where there is none.
func device(sys, path string) string {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return ""
	}
	return whole(fmt.Sprintf("%s/%d:%d", sys, unix.Major(uint64(st.Dev)), unix.Minor(uint64(st.Dev))))
}

// whole is the folder of the device that a folder of a partition, or of itself, belongs to. It is a symbolic link, so ".."
// must not be resolved in the text.
func whole(folder string) string {
	if _, err := os.Stat(folder + "/partition"); err == nil {
		return folder + "/.."
	}
	if _, err := os.Stat(folder); err != nil {
		return ""
	}
	return folder
}

// taken is what a device was given to write since it is there; 0 is unknown.
func taken(folder string) int64 {
	content, err := os.ReadFile(folder + "/stat")
	if fields := strings.Fields(string(content)); err == nil && len(fields) > 6 {
		return number(fields[6]) * sector
	}
	return 0
}

// life is how many per cent of its life an eMMC says it has spent: two figures, one for each kind of memory in it, in
// tenths; 0x0b is beyond its end (JESD84-B51, EXT_CSD 268 and 269). 0 is unknown.
func life(folder string) int {
	content, err := os.ReadFile(folder + "/device/life_time")
	if err != nil {
		return 0
	}
	worst := int64(0)
	for _, f := range strings.Fields(string(content)) {
		n, err := strconv.ParseInt(f, 0, 32)
		if err == nil && n <= 0x0b {
			worst = max(worst, n)
		}
	}
	return int(min(worst, 10) * 10)
}

// number reads what the kernel wrote; what it did not is 0, unknown.
func number(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
