package slot

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// loader is what starts a slot.
type loader interface {
	good() (Name, error)    // the slot that is started unless something else was asked for
	try(Name) error         // asks for a slot at the next start only
	confirm(Name) error     // makes a slot the good one
	rebootArgument() string // with which the next start is the trial
}

func loaderOf(o Options) loader {
	if o.Board == "rpi" {
		return pi{filepath.Join(o.Boot, AutobootName)}
	}
	return grub{filepath.Join(o.Boot, NotesPath)}
}

// partitions are the slots' numbers in the table of partitions.
func partitions() map[Name]uint32 { return map[Name]uint32{A: 2, B: 3} }

// pi is the boot code of a Raspberry Pi. A trial is a flag that survives the restart and nothing else, so a trial that does
// not come up is over at the next power-on or at the watchdog's reset.
type pi struct{ path string }

// AutobootName is the file in the first partition that says which partition is started.
const AutobootName = "autoboot.txt"

// Autoboot is its content where a slot is the good one. It is the same number of octets for both, within one sector, and
// at most the 512 that the boot code reads.
func Autoboot(good Name) string {
	return fmt.Sprintf("[all]\ntryboot_a_b=1\nboot_partition=%d\n[tryboot]\nboot_partition=%d\n", partitions()[good], partitions()[good.Other()])
}

func (p pi) good() (Name, error) {
	b, err := os.ReadFile(p.path)
	if err != nil {
		return "", err
	}
	for _, n := range []Name{A, B} {
		if string(b) == Autoboot(n) {
			return n, nil
		}
	}
	return "", fmt.Errorf("%s is not as we write it", p.path)
}

func (pi) try(Name) error         { return nil }
func (p pi) confirm(n Name) error { return overwrite(p.path, Autoboot(n)) }
func (pi) rebootArgument() string { return "0 tryboot" }

// grub keeps notes in an environment block, which it changes itself: it takes the trial out before it starts it.
type grub struct{ path string }

// NotesPath is the block's in the first partition.
const NotesPath = "/boot/grub/grubenv"

// notesSize is what GRUB wants the block to be. All of ours is in the first of its two sectors.
const notesSize = 1024

const notesMark = "# GRUB Environment Block\n"

// Notes is a block in which a slot is the good one and none is on trial.
func Notes(good Name) string { return notes(good, "") }

func notes(good, trial Name) string {
	s := notesMark + "good=" + string(good) + "\ntrial=" + string(trial) + "\n"
	return s + strings.Repeat("#", notesSize-len(s))
}

func (g grub) good() (Name, error) {
	b, err := os.ReadFile(g.path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "good="); ok && (n == string(A) || n == string(B)) {
			return Name(n), nil
		}
	}
	return "", fmt.Errorf("%s names no slot", g.path)
}

func (g grub) try(n Name) error {
	good, err := g.good()
	if err != nil {
		return err
	}
	return overwrite(g.path, notes(good, n))
}

func (g grub) confirm(n Name) error { return overwrite(g.path, notes(n, "")) }
func (grub) rebootArgument() string { return "" }

// overwrite changes a file's octets where they are: its place on the card stays, so that one sector changes and a loader
// that reads it after a power cut finds the old one or the new one.
func overwrite(path, text string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() != int64(len(text)) {
		return fmt.Errorf("%s has %d octets, not %d", path, info.Size(), len(text))
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		return err
	}
	return f.Sync()
}
