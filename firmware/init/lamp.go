package main

import (
	"errors"
	"os"
	"path/filepath"

	"buzon/firmware/internal/console"
)

// lamp lets the board's own light tell how the box is: on, blinking slowly, blinking fast. Boards without one lack nothing.
func (b *box) lamp(l console.Light) {
	if l == b.lit {
		return
	}
	b.lit = l
	if path := lampPath(lampFolder); path != "" {
		if err := setLamp(path, l); err != nil {
			b.log.Debug("the board's light", "err", err)
		}
	}
}

func setLamp(path string, l console.Light) error {
	write := func(file, value string) error {
		return os.WriteFile(filepath.Join(path, file), []byte(value), 0o644)
	}
	switch l {
	case console.Green:
		return write("trigger", "default-on")
	case console.Yellow:
		return errors.Join(write("trigger", "timer"), write("delay_on", "1000"), write("delay_off", "1000"))
	default:
		return errors.Join(write("trigger", "timer"), write("delay_on", "150"), write("delay_off", "150"))
	}
}

// lamps are the board's own light, as the kernels of boards call it.
func lamps() []string { return []string{"ACT", "led0", "green:status", "status"} }

const lampFolder = "/sys/class/leds"

// lampPath is the folder of a light, "" if there is none.
func lampPath(folder string) string {
	for _, name := range lamps() {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}
