// Package clock tells the time on boards that forget it when they are switched off.
//
// Invariants: no time before Floor is ever told. A clock that the kernel says is kept right is believed; another is
// compared with servers on the network (SNTP, RFC 4330 and 5905), of which two must agree, as any one of them, or who
// stands in between, may lie. The system's own clock is never set: it belongs to the system.
package clock

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"
)

// Options is what a Clock is made of. Its zero value, with a Log, works.
type Options struct {
	Floor   time.Time            // it is certainly later than this
	System  func() time.Time     // nil: time.Now
	Passed  func() time.Duration // since some moment, however the clock is set meanwhile; nil: what Go counts
	Kept    func() bool          // whether something keeps the system's clock right; nil: what the kernel says
	Servers []string             // host:port to ask; nil: Servers()
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Log     *slog.Logger
}

// Clock is safe for concurrent use.
type Clock struct {
	Options
	mu      sync.Mutex
	began   time.Time     // the system's clock at New
	offset  time.Duration // between the system's clock and the truth, as of
	base    time.Time     // this reading of the system's clock
	passed  time.Duration // and this one of Passed
	checked time.Time     // by the system's clock; zero: never
	known   bool          // the time is known, not only guessed from Floor
}

// New makes one. It asks nobody before Ready.
func New(o Options) *Clock {
	if o.System == nil {
		o.System = time.Now
	}
	if o.Passed == nil {
		begin := time.Now()
		o.Passed = func() time.Duration { return time.Since(begin) }
	}
	if o.Kept == nil {
		o.Kept = kept
	}
	if o.Servers == nil {
		o.Servers = Servers()
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return &Clock{Options: o, began: o.System()}
}

// stepped is how much more the system's clock may advance than time passes, until it was set by somebody.
const stepped = time.Minute

// Raise says that it is certainly later than t.
func (c *Clock) Raise(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.Floor) {
		c.Floor, c.began = t, c.System()
	}
}

// Now is the time as well as it is known.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now(c.System())
}

func (c *Clock) now(system time.Time) time.Time {
	if c.offset != 0 && !c.wasSet(system) {
		system = system.Add(c.offset)
	}
	if system.Before(c.Floor) {
		return c.Floor.Add(max(0, system.Sub(c.began))) // it goes on from there
	}
	return system
}

// wasSet tells whether the system's clock was put right since the offset was measured: it has advanced by more than what
// passed.
func (c *Clock) wasSet(system time.Time) bool {
	shown := system.Round(0).Sub(c.base.Round(0)) // Round takes away what Go counts beside the time
	return (shown - (c.Passed() - c.passed)).Abs() > stepped
}

// ErrUnknown says that the time is not known: the system's clock is certainly wrong, and no server answers.
var ErrUnknown = errors.New("the clock of this machine is wrong, and no time server answers")

// recheck is how long the time counts as known once it was found.
const recheck = 6 * time.Hour

// Ready finds out the time, unless it is known. It takes some seconds at most.
func (c *Clock) Ready(ctx context.Context) error {
	c.mu.Lock()
	system := c.System()
	done := c.known && system.Sub(c.checked).Abs() < recheck && !c.wasSet(system)
	c.mu.Unlock()
	if done {
		return nil
	}
	if c.Kept() && !system.Before(c.Floor) {
		c.set(0)
		return nil
	}
	offset, err := c.ask(ctx)
	switch {
	case err == nil:
		c.set(offset)
		return nil
	case system.Before(c.Floor):
		return errors.Join(ErrUnknown, err)
	}
	c.Log.Debug("no time server answers; going by this machine's clock, which may be right", "err", err)
	return nil
}

// negligible is not worth to be told another time than the rest of the system.
const negligible = 5 * time.Second

func (c *Clock) set(offset time.Duration) {
	if offset.Abs() < negligible {
		offset = 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if offset != 0 && offset.Round(time.Minute) != c.offset.Round(time.Minute) {
		c.Log.Warn("the clock of this machine is wrong; going by the time servers", "by", offset)
	}
	c.base, c.passed = c.System(), c.Passed()
	c.offset, c.checked, c.known = offset, c.base, true
}

// Known tells whether the time was found, by the kernel's word or that of servers.
func (c *Clock) Known() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known
}

// agreement is how near two servers must be to each other.
const agreement = 10 * time.Second

// ask asks all servers at once, and believes the middle of the two that are nearest to each other.
func (c *Clock) ask(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, serverTime)
	defer cancel()
	offsets := make(chan time.Duration, len(c.Servers))
	failed := make(chan error, len(c.Servers))
	for _, server := range c.Servers {
		go func() {
			offset, err := c.askServer(ctx, server)
			if err != nil {
				failed <- err
				return
			}
			offsets <- offset
		}()
	}
	var have []time.Duration
	var errs []error
	for range c.Servers {
		select {
		case offset := <-offsets:
			have = append(have, offset)
			if middle, ok := agreed(have); ok {
				return middle, nil
			}
		case err := <-failed:
			errs = append(errs, err)
		}
	}
	return 0, errors.Join(append(errs, errors.New("no two time servers agree"))...)
}

func agreed(offsets []time.Duration) (time.Duration, bool) {
	sorted := slices.Sorted(slices.Values(offsets))
	for i := 1; i < len(sorted); i++ {
		if gap := sorted[i] - sorted[i-1]; gap <= agreement {
			return sorted[i-1] + gap/2, true
		}
	}
	return 0, false
}
