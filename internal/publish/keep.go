package publish

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"buzon/internal/config"
	"buzon/internal/zone"
)

// keepEvery is how often we look whether the line has another address: the records may be kept by others for as long.
const keepEvery = 5 * time.Minute

// noteAddress is the name of the note (store.Note) of the addresses that were published last.
const noteAddress = "dns.address"

// Keep lets our names follow the line's address until ctx is over, where the owner gave a token and wants it.
func (d *Desk) Keep(ctx context.Context) {
	for {
		if err := d.keep(ctx); err != nil && ctx.Err() == nil {
			d.Log.Warn("the address of this line is not published", "err", err)
		}
		timer := time.NewTimer(keepEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// keep publishes the addresses if they are others than the last time. What one provider does not take is tried again.
func (d *Desk) keep(ctx context.Context) error {
	s := d.Store.Settings()
	if !s.KeepAddress || s.DNSToken == "" || s.DNSProvider == config.NoProvider || s.DNSProvider == config.Manual {
		return nil
	}
	now, err := d.Addresses(ctx)
	if err != nil || len(now) == 0 {
		return err // none: the line is down, or nobody tells
	}
	was, _, _, err := d.Store.Noted(ctx, noteAddress)
	if err != nil || was == join(now) {
		return err
	}
	domains, err := d.Store.Domains(ctx)
	errs := []error{err}
	for _, domain := range domains {
		errs = append(errs, d.move(ctx, domain.Name, now))
	}
	if err := errors.Join(errs...); err != nil || len(domains) == 0 {
		return err
	}
	return d.Store.Note(ctx, noteAddress, join(now))
}

// move writes the addresses of a domain's host, and nothing else. An address that somebody else put there stays.
func (d *Desk) move(ctx context.Context, domain string, now []netip.Addr) error {
	p, err := d.Plan(ctx, domain, now)
	if err != nil {
		return err
	}
	p.Items = slices.DeleteFunc(p.Items, func(i Item) bool { return i.Purpose != zone.ForHost })
	done, err := d.Apply(ctx, p, func(i Item) bool {
		d.Log.Warn("an address that is not ours stays in DNS", "name", i.Name, "type", i.Type, "found", i.Others[0].Value)
		return false
	})
	if err != nil {
		return fmt.Errorf("%s: %w", domain, err)
	}
	if len(done) > 0 {
		d.Log.Info("published the address of this line", "domain", domain, "address", join(now))
	}
	return nil
}

func join(list []netip.Addr) string {
	texts := make([]string, len(list))
	for i, a := range list {
		texts[i] = a.String()
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}
