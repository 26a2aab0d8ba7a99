// Package slot is the two places for a system on a card: which one runs, how the other gets a new version, how that is tried
// once, and how the loader learns that it stays.
//
// Invariants: the running slot is never written. The other one cannot start until its image was verified, down to the last
// octet, and read back from the card. What the loader reads is changed by writing one sector. A slot is tried because the
// loader was told so for one start only; it stays because the running system said so afterwards; so whatever happens in
// between, power cuts included, ends with the version from before.
//
// How a loader is told: a Raspberry Pi by the argument of the restart (tryboot) and by autoboot.txt, GRUB by its environment
// block. loader.go has both.
package slot

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"buzon/internal/update"
)

// Name of a slot.
type Name string

// The slots.
const (
	A Name = "a"
	B Name = "b"
)

// Other is the one that n is not.
func (n Name) Other() Name {
	if n == A {
		return B
	}
	return A
}

// Argument is the word of the kernel's command line by which GRUB says which slot it started: "buzon.slot=b".
const Argument = "buzon.slot="

// Options of Open. All are needed but where it says otherwise.
type Options struct {
	Board      string     // as in the headers of updates
	Version    string     // that runs
	Key        update.Key // zero: nothing is taken
	Boot       string     // folder where the first partition is mounted
	Remount    func(write bool) error
	Device     func(Name) string         // path of the slot's partition
	Arguments  string                    // the kernel's command line
	DeviceTree string                    // folder; "/proc/device-tree"
	State      string                    // file for what became of the last update, on the data partition
	Room       func(update.Header) error // tells whether the data can be kept while an update is tried; nil: it always can
	Now        func() time.Time
}

// Slots are those of a card. Methods may be called at the same time.
type Slots struct {
	o       Options
	loader  loader
	running Name
	writing sync.Mutex // held while the other slot is written

	mu     sync.Mutex
	trial  bool
	record record
}

// Open looks which slot runs and what became of the last update. The error is of a loader's file that cannot be read; the
// Slots are there all the same, to tell what is known.
func Open(o Options) (*Slots, error) {
	s := &Slots{o: o, loader: loaderOf(o)}
	good, err := s.loader.good()
	if err != nil {
		s.running = s.started(A)
		return s, fmt.Errorf("slot: %w", err)
	}
	s.running = s.started(good)
	s.trial = s.running != good
	return s, s.look()
}

// partitionProperty is where the boot code of a Raspberry Pi says from which partition it started
// ("Common bootloader properties" in the documentation of its device trees).
const partitionProperty = "chosen/bootloader/partition"

// started is the slot that the machine was started from, which is fallback where nothing tells.
func (s *Slots) started(fallback Name) Name {
	for word := range strings.FieldsSeq(s.o.Arguments) {
		if n, ok := strings.CutPrefix(word, Argument); ok && (n == string(A) || n == string(B)) {
			return Name(n)
		}
	}
	b, err := os.ReadFile(filepath.Join(s.o.DeviceTree, partitionProperty))
	if err != nil || len(b) != 4 {
		return fallback
	}
	for name, number := range partitions() {
		if binary.BigEndian.Uint32(b) == number {
			return name
		}
	}
	return fallback
}

// Running is the slot of the running system.
func (s *Slots) Running() Name { return s.running }

// Trial tells that the running slot will not be started again unless it is confirmed.
func (s *Slots) Trial() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trial
}

// Other is the version in the other slot as far as known; "" is none, or one that does not start.
func (s *Slots) Other() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record.Other
}

// Last is what became of the last update, nil if there was none.
func (s *Slots) Last() *update.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.record.Outcome == nil {
		return nil
	}
	last := *s.record.Outcome
	return &last
}
