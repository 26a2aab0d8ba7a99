package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"buzon/firmware/internal/console"
	"buzon/firmware/internal/disk"
	"buzon/firmware/internal/netup"
	"buzon/firmware/internal/settings"
	"buzon/firmware/internal/slot"
	"buzon/firmware/internal/supervise"
	"buzon/firmware/internal/timekeeper"
	"buzon/internal/text"
)

// Folders of the running system.
const (
	dataFolder  = "/data"
	ownFolder   = "/data/system" // ours, on the card
	bootFolder  = "/boot"
	ownerFolder = "/boot/buzon" // where any computer can read and write
	runFolder   = "/run/buzon"
)

// box is the machine.
type box struct {
	log       *slog.Logger
	ring      *supervise.Ring // what Buzon and we said last
	screens   *console.Screens
	words     *text.Catalogue
	arguments string // the kernel's command line
	identity  identity
	settings  settings.Settings
	notes     []string // of settings.txt, for the console

	tree    disk.Tree
	data    disk.Part
	damaged bool  // the kernel has found errors in the data's file system
	noData  error // why there is no mail; nil: there is
	boot    boot
	slots   *slot.Slots // nil without a card

	network *netup.Network
	clock   *timekeeper.Keeper
	program *supervise.Program
	crashes crashes
	copied  atomic.Pointer[string] // the file that Buzon rehearses on; nil: it has the mail itself
	code    atomic.Pointer[string] // of the claim; nil or "": the box has an owner

	online  chan<- struct{} // there may be a network
	lit     console.Light   // what the board's light shows
	endings chan ending
	bell    chan struct{} // the console may have to show something else
	beat    atomic.Int64  // when the main loop last went round, in nanoseconds since started
	started time.Time
	running sync.WaitGroup // what ends before the file systems go
}

// ending is how the machine goes down.
type ending struct {
	off      bool   // and stays so
	argument string // for the boot code
}

func newBox() *box {
	return &box{endings: make(chan ending, 1), bell: make(chan struct{}, 1), started: time.Now(), words: text.Load(text.Default)}
}

// run is everything up to the wish to end.
func (b *box) run() ending {
	frugal()
	random := stir()
	mounted := mountSystem()
	b.openConsole()
	if mounted != nil {
		b.log.Error("the kernel's file systems", "err", mounted)
	}
	b.identify()
	b.findCard()
	b.readSettings()
	b.openData()
	b.openSlots()
	ctx, cancel := context.WithCancel(context.Background())
	defer b.running.Wait()
	defer cancel()
	b.startButton(ctx)
	b.startClock(ctx)
	<-random
	b.startNetwork(ctx)
	b.sealSystem()
	b.startProgram(ctx)
	b.startControl(ctx)
	b.startMeasure(ctx)
	b.startWatchdog()
	return b.wait()
}

// wait goes round until somebody wants the machine to end.
func (b *box) wait() ending {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGUSR2, unix.SIGPWR, unix.SIGCHLD)
	tick := time.NewTicker(beatEvery)
	for {
		b.beat.Store(int64(time.Since(b.started)))
		b.show()
		select {
		case e := <-b.endings:
			return e
		case s := <-signals:
			switch s {
			case unix.SIGCHLD:
				b.reap()
			case unix.SIGPWR, unix.SIGUSR2:
				return ending{off: true}
			default: // Ctrl-Alt-Del is SIGINT
				return ending{}
			}
		case <-b.bell:
		case <-tick.C:
		}
	}
}

// beatEvery is how often the main loop goes round when nothing happens.
const beatEvery = 10 * time.Second

// healthy tells the watchdog whether the main loop still goes round.
func (b *box) healthy() bool {
	return time.Since(b.started)-time.Duration(b.beat.Load()) < 6*beatEvery
}

// look has the console shown again, soon.
func (b *box) look() {
	select {
	case b.bell <- struct{}{}:
	default: // already rung
	}
}

// wish asks for an end; the first one counts.
func (b *box) wish(e ending) {
	select {
	case b.endings <- e:
	default:
	}
}

// reap takes the ends of processes that are nobody's.
func (b *box) reap() {
	err := supervise.Reap(func(pid int) bool {
		ours, _, _ := b.program.Running()
		return pid == ours
	})
	if err != nil {
		b.log.Warn("cannot take the end of a process", "err", err)
	}
}
