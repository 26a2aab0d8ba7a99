package main

import (
	"fmt"
	"path/filepath"
	"time"

	"buzon/firmware/internal/disk"
	"buzon/firmware/internal/rehearsal"
	"buzon/firmware/internal/slot"
	"buzon/firmware/internal/supervise"
)

// openSlots finds out which system runs.
func (b *box) openSlots() {
	if !b.boot.there {
		return
	}
	slots, err := slot.Open(slot.Options{
		Board: b.identity.Board, Version: b.identity.Version, Key: b.identity.key,
		Boot: bootFolder, Remount: b.boot.remount, Device: b.slotDevice,
		Arguments: b.arguments, DeviceTree: "/proc/device-tree",
		State: filepath.Join(ownFolder, "update.json"), Room: rehearsal.Data{File: mailFile, Owner: supervise.User}.Room, Now: time.Now,
	})
	if err != nil { // the loader of a machine that was started otherwise
		b.log.Info("no slots", "err", err)
	}
	b.slots = slots
	if b.noData != nil && slots.Trial() {
		b.giveUp(b.noData) // the version before could reach it
	}
}

// slotDevice is the partition of a slot; a path that is nowhere, if there is none.
func (b *box) slotDevice(n slot.Name) string {
	number := disk.SlotANumber
	if n == slot.B {
		number = disk.SlotBNumber
	}
	p, err := b.tree.Sibling(b.data, number)
	if err != nil {
		return fmt.Sprintf("/dev/no-partition-%d", number)
	}
	return b.tree.Path(p.Name)
}
