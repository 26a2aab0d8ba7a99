package main

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os"
	"time"

	"buzon/firmware/internal/button"
	"buzon/firmware/internal/netup"
	"buzon/firmware/internal/owned"
	"buzon/firmware/internal/rtnl"
	"buzon/firmware/internal/timekeeper"
	"buzon/firmware/internal/watchdog"
	"buzon/internal/clock"
)

// clockFile is kept once a day; its time of change is the time.
const clockFile = ownFolder + "/clock"

// beginClock puts the clock forward to what the card knows, before anything is written with a wrong time.
func (b *box) beginClock(guess time.Time) {
	b.clock = &timekeeper.Keeper{Log: b.log, Ask: timekeeper.Servers(b.settings.Time, b.log)}
	if err := b.clock.Begin(clock.Built(), guess); err != nil {
		b.log.Warn("the clock", "err", err)
	}
}

func (b *box) startClock(ctx context.Context) {
	if b.clock == nil { // there is no card
		b.beginClock(time.Time{})
	}
	if b.noData == nil {
		if err := b.clock.Begin(clock.Built(), timekeeper.Kept(clockFile)); err != nil {
			b.log.Warn("the clock", "err", err)
		}
		b.clock.File = clockFile
	}
	online := make(chan struct{}, 1)
	b.online = online
	b.clock.Network = online
	b.running.Go(func() { b.clock.Run(ctx) })
}

const resolvFile = "/run/resolv.conf"

// startNetwork switches the network on.
func (b *box) startNetwork(ctx context.Context) {
	kernel, err := rtnl.Open()
	if err != nil {
		b.log.Error("no network", "err", err)
		return
	}
	b.network = netup.New(netup.Options{
		Static: netup.Static{Addresses: b.settings.Addresses, Gateways: b.settings.Gateways, DNS: b.settings.DNS},
		Kernel: kernel, Ask: netup.DHCP{Hostname: b.hostname()},
		Resolve: b.resolve, Changed: b.networkChanged, Log: b.log,
	})
	b.running.Go(func() { b.network.Run(ctx) })
	b.running.Go(func() {
		err := rtnl.Watch(ctx, b.network.Look, b.network.Told)
		if err != nil && !errors.Is(err, context.Canceled) {
			b.log.Error("changes of the network are not seen any more", "err", err)
		}
	})
}

func (b *box) networkChanged() {
	b.look()
	if len(b.addresses()) == 0 {
		return
	}
	select {
	case b.online <- struct{}{}:
	default: // already rung
	}
}

// resolve writes resolv.conf(5).
func (b *box) resolve(servers []netip.Addr) {
	var file bytes.Buffer
	for _, s := range servers {
		file.WriteString("nameserver " + s.String() + "\n")
	}
	if err := owned.Write(resolvFile, file.Bytes(), 0o644); err != nil {
		b.log.Error("name servers", "err", err)
	}
}

// startWatchdog has the board reset itself when we do nothing any more, where that is safe. It is fed to the very end.
func (b *box) startWatchdog() {
	model, err := os.ReadFile("/proc/device-tree/model")
	if err != nil {
		model = nil // not every machine has a device tree
	}
	if err := watchdog.Safe(b.arguments, string(model)); err != nil || !b.settings.Watchdog {
		b.log.Info("the watchdog stays off", "err", err)
		return
	}
	go func() {
		err := watchdog.Run(context.Background(), watchdog.Options{Healthy: b.healthy, Log: b.log})
		b.log.Info("no watchdog", "err", err)
	}()
}

func (b *box) startButton(ctx context.Context) {
	b.running.Go(func() {
		button.Tree{}.Watch(ctx, b.log, func() { b.wish(ending{off: true}) })
	})
}
