package main

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"buzon/firmware/internal/supervise"
	"buzon/internal/update"
)

const controlSocket = runFolder + "/control.sock"

// startControl listens for Buzon's wishes.
func (b *box) startControl(ctx context.Context) {
	l, err := net.Listen("unix", controlSocket)
	if err == nil {
		err = errors.Join(os.Chown(controlSocket, 0, supervise.User), os.Chmod(controlSocket, 0o660))
	}
	if err != nil {
		b.log.Error("Buzon cannot speak to us", "err", err)
		return
	}
	context.AfterFunc(ctx, func() { l.Close() })
	b.running.Go(func() { b.serveControl(ctx, l) })
}

// mostCalls is how many of Buzon's connections are heard at a time.
const mostCalls = 4

func (b *box) serveControl(ctx context.Context, l net.Listener) {
	places := make(chan struct{}, mostCalls)
	for {
		places <- struct{}{}
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			<-places
			b.log.Warn("control", "err", err)
			time.Sleep(time.Second)
			continue
		}
		b.running.Go(func() {
			defer func() { <-places }()
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			if err := b.hear(ctx, conn); err != nil {
				b.log.Warn("control", "err", err)
			}
		})
	}
}

// requestTime is for the line of a request; what follows it takes as long as it takes.
const requestTime = 10 * time.Second

func (b *box) hear(ctx context.Context, conn net.Conn) error {
	if err := conn.SetReadDeadline(time.Now().Add(requestTime)); err != nil {
		return err
	}
	call, err := update.Accept(conn)
	if err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	b.log.Info("asked by Buzon", "for", call.Do)
	switch call.Do {
	case update.DoStatus:
		return call.End(update.Answer{Status: b.status()}, nil)
	case update.DoUpdate:
		return b.update(ctx, call)
	case update.DoConfirm:
		return call.End(update.Answer{}, b.confirm(ctx))
	case update.DoReboot, update.DoPowerOff:
		err := call.End(update.Answer{}, nil)
		b.wish(ending{off: call.Do == update.DoPowerOff})
		return err
	}
	return call.End(update.Answer{}, errors.New("there is no "+strconv.Quote(call.Do)))
}

// update puts a new version into the other slot, and starts it.
func (b *box) update(ctx context.Context, call *update.Call) error {
	if b.slots == nil {
		return call.End(update.Answer{}, errors.New("this machine was not started from a card of ours"))
	}
	err := b.slots.Apply(ctx, call.Body, call.Force, func(p update.Progress) {
		if err := call.Say(update.Answer{Progress: &p}); err != nil {
			b.log.Debug("nobody hears how far the update is", "err", err)
		}
	})
	last := call.End(update.Answer{}, err)
	if err != nil {
		b.log.Warn("no update", "err", err)
		return last
	}
	b.wish(ending{argument: b.slots.RebootArgument()})
	return last
}

// status is how the machine is.
func (b *box) status() *update.Status {
	s := &update.Status{
		Version: b.identity.Version, Board: b.identity.Board,
		Up: int64(time.Since(b.started).Seconds()), Memory: memory(), Crash: b.crashes.when(),
	}
	if b.slots != nil {
		s.Slot, s.Trial, s.Other, s.Last = string(b.slots.Running()), b.slots.Trial(), b.slots.Other(), b.slots.Last()
	}
	if b.network == nil {
		return s
	}
	for _, link := range b.network.State() {
		l := update.Link{Name: link.Name, Up: link.Carrier}
		for _, a := range link.Addresses {
			l.Addresses = append(l.Addresses, a.String())
		}
		s.Network = append(s.Network, l)
	}
	return s
}

// memory reads proc_meminfo(5).
func memory() update.Memory {
	var m update.Memory
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return m
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		kilo, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			continue
		}
		switch fields[0] {
		case "MemTotal:":
			m.Total = kilo << 10
		case "MemAvailable:":
			m.Available = kilo << 10
		}
	}
	return m
}
