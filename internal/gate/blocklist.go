package gate

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"buzon/internal/dns"
)

// blockLists asks lists of addresses in DNS (RFC 5782). Answers are kept for their TTL by the resolver.
//
// A list is only believed through a resolver that gets true answers from it: public resolvers get 127.255.255.x or nothing
// from some lists, and there are resolvers that answer every unknown name with an address of their own. So each is tried
// out with the two test points that every list has (RFC 5782 §5), once a day, and anew for another resolver.
type blockLists struct {
	resolver dns.Resolver
	name     func() string // of the resolver
	now      func() time.Time

	mu     sync.Mutex
	trials map[string]*trial // by zone; those of the settings, and a few of settings before
}

// trial is whether a list can be believed.
type trial struct {
	resolver string
	finished chan struct{}
	// Of the goroutine until finished is closed:
	usable bool
	until  time.Time
}

const (
	trialLasts = 24 * time.Hour
	trialAgain = 5 * time.Minute // after one that DNS did not answer
	trialTime  = 20 * time.Second
	maxTrials  = 40 // zones; the settings hold 10
)

// lists tells whether a list has the address. What is not known counts as no.
func (b *blockLists) lists(ctx context.Context, zone string, addr netip.Addr) bool {
	return b.usable(ctx, zone) && b.ask(ctx, zone, addr) == ListHas
}

// usable tells whether a list can be believed, trying it out where that was not done.
func (b *blockLists) usable(ctx context.Context, zone string) bool {
	t := b.trial(zone)
	select {
	case <-t.finished:
		return t.usable
	case <-ctx.Done():
		return false
	}
}

// trial is the one that holds now, or one that has just begun. It outlives the session that began it.
func (b *blockLists) trial(zone string) *trial {
	b.mu.Lock()
	defer b.mu.Unlock()
	resolver := b.name()
	if t := b.trials[zone]; t != nil && t.resolver == resolver && t.holds(b.now()) {
		return t
	}
	if b.trials == nil || len(b.trials) >= maxTrials {
		b.trials = make(map[string]*trial)
	}
	t := &trial{resolver: resolver, finished: make(chan struct{})}
	b.trials[zone] = t
	go b.tryOut(t, zone)
	return t
}

// holds tells whether it goes on or is not too old.
func (t *trial) holds(now time.Time) bool {
	select {
	case <-t.finished:
		return now.Before(t.until)
	default:
		return true
	}
}

// tryOut asks for the test points: 127.0.0.2 is on every list, 127.0.0.1 on none.
func (b *blockLists) tryOut(t *trial, zone string) {
	defer close(t.finished)
	ctx, cancel := context.WithTimeout(context.Background(), trialTime)
	defer cancel()
	var on, off Listing
	var both sync.WaitGroup
	both.Go(func() { on = b.ask(ctx, zone, netip.AddrFrom4([4]byte{127, 0, 0, 2})) })
	both.Go(func() { off = b.ask(ctx, zone, netip.AddrFrom4([4]byte{127, 0, 0, 1})) })
	both.Wait()
	t.usable = on == ListHas && off == ListClean
	t.until = b.now().Add(trialLasts)
	if on == ListSilent || off == ListSilent {
		t.until = b.now().Add(trialAgain)
	}
}

// Listing is what a list says of an address.
type Listing int

// What a list says.
const (
	ListSilent  Listing = iota // of DNS
	ListClean                  //
	ListHas                    //
	ListUnclear                // an answer that is none: the list does not answer this resolver, or somebody else answers
)

func (b *blockLists) ask(ctx context.Context, zone string, addr netip.Addr) Listing {
	listing, _ := AskList(ctx, b.resolver, zone, addr)
	return listing
}

// AskList asks one list for one address. code is what a list answered that has it: lists tell there why.
func AskList(ctx context.Context, r dns.Resolver, zone string, addr netip.Addr) (listing Listing, code netip.Addr) {
	a, err := r.IPv4(ctx, listName(addr, zone))
	switch {
	case errors.Is(err, dns.ErrNotFound):
		return ListClean, code
	case err != nil:
		return ListSilent, code
	}
	listing = ListUnclear
	for _, said := range a.Records {
		switch four := said.As4(); {
		case !said.IsLoopback(), four == [4]byte{127, 0, 0, 1}: // RFC 5782 §2.1
		case four[1] == 255 && four[2] == 255: // an error of the list: a public resolver, or too many questions
			return ListUnclear, said
		default:
			listing, code = ListHas, said
		}
	}
	return listing, code
}

// listName is where a list has an address: octets, or half octets of IPv6, from the last to the first (RFC 5782 §2.1, §2.4).
func listName(addr netip.Addr, zone string) string {
	var b strings.Builder
	octets := addr.AsSlice()
	for i := len(octets) - 1; i >= 0; i-- {
		if addr.Is4() {
			b.WriteString(strconv.Itoa(int(octets[i])) + ".")
			continue
		}
		b.WriteString(strconv.FormatUint(uint64(octets[i]&15), 16) + "." + strconv.FormatUint(uint64(octets[i]>>4), 16) + ".")
	}
	return b.String() + zone
}
