package main

import (
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"buzon/firmware/internal/console"
	"buzon/firmware/internal/supervise"
)

// ringSize is how much of the log is kept in memory, in octets.
const ringSize = 64 << 10

// openConsole finds where people look: the screen, if there is one, and the kernel's console, which is the serial line of
// most boards.
func (b *box) openConsole() {
	b.ring = supervise.NewRing(ringSize)
	var screens []console.Screen
	var serial io.Writer = io.Discard
	if f, err := os.OpenFile("/dev/console", os.O_WRONLY|unix.O_NOCTTY, 0); err == nil {
		serial = f
		screens = append(screens, console.Screen{To: f})
	}
	if f, err := os.OpenFile("/dev/tty1", os.O_WRONLY|unix.O_NOCTTY, 0); err == nil {
		screens = append(screens, console.Screen{To: f, Clear: true})
	}
	b.screens = console.New(screens...)
	arguments, err := os.ReadFile("/proc/cmdline")
	level := slog.LevelWarn
	if err == nil && strings.Contains(string(arguments), "buzon.log=console") {
		level = slog.LevelDebug
	}
	b.log = slog.New(both{
		slog.NewTextHandler(b.ring, &slog.HandlerOptions{Level: slog.LevelDebug}),
		slog.NewTextHandler(serial, &slog.HandlerOptions{Level: level}),
	})
}

// show shows how the box is.
func (b *box) show() {
	v := b.view()
	b.screens.Show(v.Text(b.words))
	b.lamp(v.Light)
	if b.program == nil || b.serving() {
		return
	}
	if err := os.WriteFile(pageFile, []byte(v.HTML(b.words)), 0o644); err != nil {
		b.log.Warn("cannot write the page", "err", err)
	}
}

// view is what the console shows.
func (b *box) view() console.View {
	v := console.View{Version: b.identity.Version, Host: b.hostname(), Notes: b.notes, Addresses: b.addresses()}
	if code := b.code.Load(); code != nil {
		v.Code = *code
	}
	v.Light, v.Reason = b.light(v)
	if b.noData != nil {
		v.Detail = b.noData.Error()
	}
	return v
}

// addresses are those at which the box is found, first those that a person can type.
func (b *box) addresses() []netip.Addr {
	if b.network == nil {
		return nil
	}
	var four, six []netip.Addr
	for _, link := range b.network.State() {
		for _, p := range link.Addresses {
			if p.Addr().Is4() {
				four = append(four, p.Addr())
			} else {
				six = append(six, p.Addr())
			}
		}
	}
	return append(four, six...)
}

// Times that things may take before they are worth a word.
const (
	startTime = time.Minute
	clockTime = 3 * time.Minute
)

// light is how the box is, the worst first.
func (b *box) light(v console.View) (console.Light, string) {
	pid, since, answers := b.program.Running()
	up := time.Since(b.started)
	switch {
	case b.noData != nil:
		return console.Red, "box_light_no_data"
	case b.settings.Rescue:
		return console.Yellow, "box_light_rescue"
	case !answers && (up < startTime || pid != 0 && time.Since(since) < startTime && b.crashes.count() == 0):
		return console.Yellow, "box_light_starting"
	case !answers:
		return console.Red, "box_light_silent"
	case b.damaged:
		return console.Yellow, "box_light_damaged"
	case full(dataFolder):
		return console.Yellow, "box_light_full"
	case b.slots != nil && b.slots.Trial():
		return console.Yellow, "box_light_trial"
	case len(v.Addresses) == 0:
		return console.Yellow, "box_light_no_network"
	case !b.clock.Known() && up > clockTime:
		return console.Yellow, "box_light_clock"
	case v.Code != "":
		return console.Green, "box_light_claim"
	}
	return console.Green, "box_light_green"
}

// nearly is how little may be left before the card counts as full, in octets.
const nearly = 32 << 20

func full(folder string) bool {
	var fs unix.Statfs_t
	if err := unix.Statfs(folder, &fs); err != nil {
		return false
	}
	return int64(fs.Bavail)*fs.Bsize < min(nearly, int64(fs.Blocks)*fs.Bsize/20)
}
