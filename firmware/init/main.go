// Package main is the first process of a machine that is a mail server and nothing else: there is no shell, no other
// service and nobody to log in. It does what an operating system's many programs do between the kernel and Buzon.
//
// From power-on, read from top to bottom in box.run: the kernel's own file systems, the console, who we are (image.json),
// the card, what the owner wants (settings.txt), the mail's file system, the clock, the network, Buzon as a user without
// rights, the watchdog. Then it waits: for the power button, for Buzon's wish over the control socket, for a signal of the
// kernel; and ends everything in order.
//
// Invariants: what fails is told on the console in words of a person, and the rest goes on; only without a kernel that can
// mount its own file systems is there nothing to do. The system is in memory and read-only once started; the card is
// written by Buzon, and by us for a claim code, the last lines before a crash, the time once a day, and an update. Nothing
// that Buzon says is believed but what can be verified.
//
// Words of the kernel's command line that are ours: buzon.slot=a|b says which system was started (slot.Argument), buzon.disk=
// decides between several disks with mail, buzon.patience=SECONDS is how long a new version has to answer, buzon.watchdog=0
// leaves the watchdog alone; for tests buzon.log=console shows the log on the console and buzon.measure=SECONDS writes figures.
package main

import (
	"os"
)

func main() {
	if os.Getpid() != 1 {
		os.Exit(servePage())
	}
	b := newBox()
	b.end(b.run())
}
