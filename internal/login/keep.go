package login

import (
	"context"
	"net/netip"
	"time"

	"buzon/internal/limit"
	"buzon/internal/store"
)

// keepEvery is how old the list of those whom the guard slows may be, and how often an attack makes it written again.
const keepEvery = 20 * time.Second

// Keep lets the command line see whom the guard slows, and release them, until ctx is over: the guard's memory is this
// process's own, so a list of it goes into the file, and requests come back through it.
func (d *Door) Keep(ctx context.Context) {
	bell := d.Store.WatchGuard() // before the last guard is forgotten: what is asked after that is heard
	defer bell.Stop()
	d.keepProblem(ctx, d.Store.StartGate(ctx))
	ticker := time.NewTicker(keepEvery)
	defer ticker.Stop()
	kept := keptList{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			d.keepProblem(ctx, kept.write(ctx, d, false))
		case <-bell.C:
			released, err := d.release(ctx)
			d.keepProblem(ctx, err)
			if released {
				d.keepProblem(ctx, kept.write(ctx, d, true))
			}
		}
	}
}

func (d *Door) keepProblem(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		d.Log.Error("cannot keep whom the guard slows", "err", err)
	}
}

// release does what the command line asked for.
func (d *Door) release(ctx context.Context) (any bool, err error) {
	asked, err := d.Store.TakeReleases(ctx)
	for _, what := range asked {
		if addr, err := netip.ParseAddr(what); err == nil {
			d.Guard.Release(addr, "")
		} else {
			d.Guard.Release(netip.Addr{}, what)
		}
		d.Log.Info("released from the log-in guard", "who", what)
	}
	return len(asked) > 0, err
}

// keptList is what stands in the file: the failures of each.
type keptList map[slowedKey]int

type slowedKey struct {
	addr    netip.Addr
	account string
}

// write writes the list where somebody's failures have grown, or in any case. That they fade needs no write: each row
// tells when it is over.
func (k *keptList) write(ctx context.Context, d *Door, always bool) error {
	slowed := d.Guard.Slowed()
	now, rows := keptList{}, make([]store.Guarded, len(slowed))
	for i, s := range slowed {
		key := slowedKey{s.Addr, s.Account}
		now[key] = s.Failures
		always = always || s.Failures > (*k)[key]
		rows[i] = store.Guarded{Address: networkText(s.Addr), Account: s.Account, Failures: int64(s.Failures), Last: s.Last, Until: s.Until}
	}
	if !always {
		return nil
	}
	if err := d.Store.KeepGuarded(ctx, rows); err != nil {
		return err
	}
	*k = now
	return nil
}

// networkText is an address as the guard counts it.
func networkText(a netip.Addr) string {
	switch p, err := a.Prefix(64); {
	case !a.IsValid():
		return ""
	case a.Is6() && err == nil && p.Addr() == a && limit.Key(a.Next()) == a: // it stands for its network
		return p.String()
	}
	return a.String()
}
