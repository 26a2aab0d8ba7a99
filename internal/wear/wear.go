// Package wear is how full the disk is, how fast the file grows, and how much is written to the disk a day: cards and eMMC
// bear a limited number of writes, and a home's mail should last as long as its board.
//
// The kernel counts for us: statfs(2) the space, /proc/self/io what this process had written, /sys/dev/block what the
// device took from all. A Keeper notes a sample a day in the store, one write; what cannot be read is 0 and stays unknown.
package wear

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"buzon/internal/store"
)

// Space is how full the file system is, in octets.
type Space struct {
	Used int64 // by all
	Free int64 // for us: what is kept for root is not in it
	File int64 // of Used: the one file with its log
}

// Report is what there is to say. Octets; a day is the mean of Days whole ones.
type Report struct {
	Space
	Growth  int64 // of the file a day; 0 is unknown, or that it does not grow
	Written int64 // a day by this program; of Days 0 unknown
	Device  int64 // a day by all programs; 0 is unknown
	Days    int   // how many days the means are made of
	Today   int64 // by this program so far today, as far as it was noted
	Life    int   // per cent of the device's life that is spent, as it says itself (eMMC); 0 is unknown
}

const (
	meanDays   = 7  // of which writes are told: a week has a rhythm
	growthDays = 31 // over which growth is told
)

// far is a time beyond which nobody asks when the disk is full, and no growth goes on.
const far = 5 * 365 // days

// Full is in how many days the disk is full if it goes on like this; 0 is that it is far, or unknown.
func (r Report) Full() int64 {
	if r.Growth <= 0 || r.Free/r.Growth > far {
		return 0
	}
	return r.Free / r.Growth
}

// Measure looks at the file system that path is in; path is the one file.
func Measure(path string) (Space, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		return Space{}, fmt.Errorf("look at the disk of %s: %w", path, err)
	}
	size := int64(fs.Frsize)
	s := Space{Used: int64(fs.Blocks-fs.Bfree) * size, Free: int64(fs.Bavail) * size}
	for _, name := range []string{path, path + "-wal"} {
		n, err := sizeOf(name)
		if err != nil {
			return s, err
		}
		s.File += n
	}
	return s, nil
}

// sizeOf is the size of a file; of none 0.
func sizeOf(name string) (int64, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Read makes the report of the file at path, from what is there and from the samples of a server.
func Read(ctx context.Context, st *store.Store, path string, now time.Time) (Report, error) {
	return read(ctx, st, path, now, sysBlock)
}

func read(ctx context.Context, st *store.Store, path string, now time.Time, sys string) (Report, error) {
	space, err := Measure(path)
	if err != nil {
		return Report{}, err
	}
	days, err := st.Figures(ctx, growthDays)
	if err != nil {
		return Report{}, err
	}
	r := report(space, days, now)
	r.Life = life(device(sys, path))
	return r, nil
}

// report is the arithmetic; days are the latest first.
func report(space Space, days []store.Figure, now time.Time) Report {
	r := Report{Space: space}
	today := now.UTC().Format(time.DateOnly)
	devices := int64(0)
	for _, d := range days {
		switch {
		case d.Day >= today:
			r.Today += d.Written
		case r.Days < meanDays:
			r.Days++
			r.Written += d.Written
			if d.Device > 0 {
				r.Device += d.Device
				devices++
			}
		}
	}
	r.Written /= max(1, int64(r.Days))
	r.Device /= max(1, devices)
	r.Growth = growth(space.File, days, now)
	return r
}

// growth is by how much the file grew a day since the oldest sample.
func growth(file int64, days []store.Figure, now time.Time) int64 {
	if len(days) == 0 {
		return 0
	}
	oldest := days[len(days)-1]
	since, err := time.Parse(time.DateOnly, oldest.Day)
	if err != nil { // cannot be: AddFigure is given such days
		return 0
	}
	passed := int64(now.Sub(since) / (24 * time.Hour))
	if passed < 1 {
		return 0
	}
	return max(0, (file-oldest.File)/passed)
}
