// Package button hears the power button: the kernel's input devices that have such a key (input(5) of the kernel's
// documentation, struct input_event).
package button

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Tree is where the devices are. The zero value is this machine's; tests have one of files.
type Tree struct {
	Sys string // "" is /sys/class/input
	Dev string // "" is /dev/input
}

const (
	keyEvent = 1   // EV_KEY
	keyPower = 116 // KEY_POWER
	pressed  = 1
)

// Watch calls press for each press, until ctx is over or every device is gone. That there is no button is no error.
func (t Tree) Watch(ctx context.Context, log *slog.Logger, press func()) {
	if t.Sys == "" {
		t.Sys = "/sys/class/input"
	}
	if t.Dev == "" {
		t.Dev = "/dev/input"
	}
	names, err := filepath.Glob(filepath.Join(t.Sys, "event*"))
	if err != nil {
		log.Warn("cannot look for a power button", "err", err)
	}
	var all sync.WaitGroup
	for _, name := range names {
		keys, err := os.ReadFile(filepath.Join(name, "device/capabilities/key"))
		if err != nil || !has(string(keys), keyPower) {
			continue
		}
		all.Go(func() {
			err := listen(ctx, filepath.Join(t.Dev, filepath.Base(name)), press)
			if err != nil && ctx.Err() == nil {
				log.Warn("lost a power button", "err", err)
			}
		})
	}
	all.Wait()
}

// has reads a bitmap of sysfs: words of hexadecimal digits, the highest first, each as wide as the kernel's.
func has(bitmap string, bit int) bool {
	words := strings.Fields(bitmap)
	at := len(words) - 1 - bit/strconv.IntSize
	if at < 0 {
		return false
	}
	word, err := strconv.ParseUint(words[at], 16, 64)
	return err == nil && word>>(bit%strconv.IntSize)&1 == 1
}

// timeSize is that of the two numbers with which an event begins, each as wide as the kernel's.
const timeSize = 2 * strconv.IntSize / 8 // octets

func listen(ctx context.Context, path string, press func()) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	defer context.AfterFunc(ctx, func() { f.Close() })()
	return hear(f, press)
}

// hear reads events to the end.
func hear(r io.Reader, press func()) error {
	event := make([]byte, timeSize+8)
	for {
		if _, err := io.ReadFull(r, event); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		ne, e := binary.NativeEndian, event[timeSize:]
		if ne.Uint16(e) == keyEvent && ne.Uint16(e[2:]) == keyPower && ne.Uint32(e[4:]) == pressed {
			press()
		}
	}
}
