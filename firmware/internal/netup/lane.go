package netup

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"time"

	"buzon/firmware/internal/rtnl"
)

// Lease is an address for some time.
type Lease struct {
	Address netip.Prefix
	Gateway netip.Addr // zero: none
	DNS     []netip.Addr
	Server  netip.Addr
	Renew   time.Duration // after which its server is asked (T1 of RFC 2131 §4.4.5)
	Rebind  time.Duration // after which any is (T2)
	Valid   time.Duration
}

// Asker gets leases. Ask wants any one, before the one that we had; Renew more time for this one, from its server. ErrRefused
// says that it must not be used any more.
type Asker interface {
	Ask(ctx context.Context, link string, had netip.Addr) (Lease, error)
	Renew(ctx context.Context, link string, l Lease) (Lease, error)
}

// ErrRefused is the server's no (DHCPNAK).
var ErrRefused = errors.New("the server wants the address back")

// lane looks after one link.
type lane struct {
	network *Network
	link    rtnl.Link
	static  *Static // not nil: no DHCP here
	end     context.CancelFunc
	cable   chan bool // the last state of the cable that run has not seen

	servers []netip.Addr // name servers of the lease; under network.mu
}

// carrier tells the state of the cable. What run has not seen yet does not matter any more.
func (a *lane) carrier(on bool) {
	select {
	case <-a.cable:
	default:
	}
	a.cable <- on
}

// metric prefers the first link.
func (a *lane) metric() int { return 100 + a.link.Index }

func (a *lane) run(ctx context.Context) {
	if a.static != nil {
		a.setStatic()
		<-ctx.Done()
		return
	}
	var lease *Lease
	var until time.Time
	connected := false
	for ctx.Err() == nil {
		if !connected {
			connected = a.awaitCable(ctx, lease, until)
			if lease != nil && !time.Now().Before(until) {
				a.drop(lease)
				lease = nil
			}
			continue
		}
		lease, until, connected = a.hold(ctx, lease, until)
	}
}

// awaitCable waits for the cable, or for the end of the lease.
func (a *lane) awaitCable(ctx context.Context, lease *Lease, until time.Time) bool {
	var over <-chan time.Time
	if lease != nil {
		over = time.After(time.Until(until))
	}
	select {
	case <-ctx.Done():
	case <-over:
	case on := <-a.cable:
		if on {
			a.network.Log.Info("the cable is in", "link", a.link.Name)
		}
		return on
	}
	return false
}

// hold gets a lease and keeps it renewed while the cable is in.
func (a *lane) hold(ctx context.Context, lease *Lease, until time.Time) (*Lease, time.Time, bool) {
	lease, until, connected := a.ask(ctx, lease, until)
	for connected && lease != nil && ctx.Err() == nil {
		if connected = a.rest(ctx, lease.Renew); !connected || ctx.Err() != nil {
			break
		}
		next, err := a.renew(ctx, *lease, &connected)
		if !connected || ctx.Err() != nil {
			break
		}
		if err != nil {
			a.network.Log.Warn("the address was not prolonged", "link", a.link.Name, "err", err)
			if errors.Is(err, ErrRefused) {
				a.drop(lease)
				lease = nil
			}
			break // and ask anybody
		}
		until = time.Now().Add(next.Valid)
		a.apply(lease, next)
		lease = &next
	}
	return lease, until, connected
}

// The wait between two questions grows from first to last; routers start slower than boards after a power cut.
const (
	firstWait = time.Second
	lastWait  = time.Minute
)

// ask asks until there is a lease, or the cable is out. What we have serves on until it is over.
func (a *lane) ask(ctx context.Context, old *Lease, until time.Time) (*Lease, time.Time, bool) {
	wait := firstWait
	for {
		var had netip.Addr
		if old != nil {
			had = old.Address.Addr()
		}
		next, err := a.network.Ask.Ask(ctx, a.link.Name, had)
		if err == nil {
			a.apply(old, next)
			a.network.Log.Info("got an address", "link", a.link.Name, "address", next.Address, "gateway", next.Gateway, "valid", next.Valid)
			return &next, time.Now().Add(next.Valid), true
		}
		a.network.Log.Info("nobody gives us an address", "link", a.link.Name, "err", err)
		if old != nil && !time.Now().Before(until) {
			a.drop(old)
			old = nil
		}
		if !a.rest(ctx, wait) || ctx.Err() != nil {
			return old, until, false
		}
		wait = min(2*wait, lastWait)
	}
}

// renew asks the server of the lease, until T2.
func (a *lane) renew(ctx context.Context, l Lease, connected *bool) (Lease, error) {
	left := l.Rebind - l.Renew
	for {
		next, err := a.network.Ask.Renew(ctx, a.link.Name, l)
		if err == nil || errors.Is(err, ErrRefused) || left < lastWait {
			return next, err
		}
		left /= 2 // RFC 2131 §4.4.5: half of the remaining time
		if *connected = a.rest(ctx, left); !*connected || ctx.Err() != nil {
			return Lease{}, err
		}
	}
}

// rest waits for d and somewhat, so that not all boards of a street ask at once. It tells whether the cable stayed in: one
// that was out meanwhile may be in another network.
func (a *lane) rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d + time.Duration(rand.Int64N(int64(d)/20+1)))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return true
		case <-timer.C:
			return true
		case on := <-a.cable:
			if !on {
				a.network.Log.Info("the cable is out", "link", a.link.Name)
				return false
			}
		}
	}
}
