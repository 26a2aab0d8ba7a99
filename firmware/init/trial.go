package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"buzon/firmware/internal/rehearsal"
)

// trialTime is how long a new version has to answer on its ports, from its start, unless the kernel's command line says
// otherwise.
const trialTime = 5 * time.Minute

func (b *box) trialTime() time.Duration {
	if seconds, err := strconv.Atoi(b.argument("buzon.patience")); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	return trialTime
}

// try lets a version on trial stay once it answers, and goes back to the one before when it does not. It tells which.
func (b *box) try(ctx context.Context) bool {
	deadline := time.Now().Add(b.trialTime())
	for ctx.Err() == nil {
		err := b.confirm(ctx)
		switch {
		case ctx.Err() != nil:
			return false
		case err == nil:
			b.log.Info("the new version stays", "version", b.identity.Version)
			b.look()
			return true
		case time.Now().After(deadline):
			b.giveUp(err)
			return false
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return false
}

// rehearse is try on a copy of the data, whose form the new version would change, with nobody outside who could reach it.
func (b *box) rehearse(ctx context.Context, d rehearsal.Data) bool {
	copied, err := d.Begin(ctx)
	if err != nil {
		b.giveUp(err)
		return false
	}
	b.copied.Store(&copied)
	defer b.copied.Store(nil)
	stage, leave := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); b.program.Run(stage) }()
	stays := b.try(ctx)
	leave()
	<-ended
	if err := d.End(); err != nil {
		b.log.Warn("the copy of the mail stays", "err", err)
	}
	return stays
}

func (b *box) giveUp(why error) {
	b.log.Error("the new version does not work; going back", "err", why)
	if err := b.slots.GoBack(why.Error()); err != nil {
		b.log.Error("cannot note why", "err", err)
	}
	b.wish(ending{})
}

// confirm looks for itself whether Buzon answers, and lets the running slot stay.
func (b *box) confirm(ctx context.Context) error {
	if b.slots == nil || !b.slots.Trial() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := b.works(ctx); err != nil {
		return err
	}
	return b.slots.Confirm()
}

// works asks the ports that Buzon always has, and, once the box has an owner, those of mail.
func (b *box) works(ctx context.Context) error {
	if err := answers(ctx, "127.0.0.1:80"); err != nil {
		return fmt.Errorf("port 80: %w", err)
	}
	if _, err := os.Lstat(filepath.Join(dataFolder, claimFile)); err == nil {
		return nil // nobody has mail here yet
	}
	if err := greets(ctx, "127.0.0.1:25", "220 "); err != nil {
		return fmt.Errorf("port 25: %w", err)
	}
	if err := greets(ctx, "127.0.0.1:143", "* OK "); err != nil {
		return fmt.Errorf("port 143: %w", err)
	}
	if err := greets(ctx, "127.0.0.1:993", ""); err != nil { // TLS waits for us
		return fmt.Errorf("port 993: %w", err)
	}
	return nil
}

// greets tells whether a port takes connections and begins as it should.
func greets(ctx context.Context, address, want string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if want == "" {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetReadDeadline(deadline); err != nil {
			return err
		}
	}
	line, err := bufio.NewReaderSize(conn, 1<<10).ReadString('\n')
	if err != nil {
		return err
	}
	// RFC 5321 §4.2: a greeting of several lines has a hyphen.
	if !strings.HasPrefix(strings.Replace(line, "220-", "220 ", 1), want) {
		return errors.New("it does not greet as it should")
	}
	return nil
}
