// Package line finds out what a home's line can do for mail, and says it in one sentence each: whether port 25 leads out,
// whether a relay is needed, whether the world comes in, and what stands in the way.
//
// Invariants: nothing is claimed that was not seen. A box behind a router cannot see itself from outside: without a witness
// (an outside eye, the certificate authority, mail that came) the answer is unknown, which is said as such.
//
// RFC 6598 (addresses shared by a provider's customers), 6886 (NAT-PMP, by which a router tells its address) and UPnP's
// WANIPConnection:1, by which others do.
package line

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"buzon/internal/dns"
	"buzon/internal/finding"
	"buzon/internal/outside"
)

// Line is how to look. All fields are set before first use; those that may be nil are named.
type Line struct {
	Resolver dns.Resolver
	Dial     func(ctx context.Context, network, address string) (net.Conn, error) // to the world
	Here     func(ctx context.Context, port int) (net.Conn, error)                // to our own services, on this machine
	Host     string                                                               // the name under which the world finds us; "" is none yet

	Port25 func(ctx context.Context) (open, known bool) // outwards
	Way    string                                       // how mail is to leave: "auto", "direct" or "relay"
	Relays []Relay

	Machine []netip.Addr                                  // addresses of this machine but loopback
	Router  func(ctx context.Context) (netip.Addr, error) // its address outside
	Eye     *outside.Client                               // nil: there is none
	Witness Witness

	Now func() time.Time
}

// Relay is one that mail may leave through.
type Relay struct {
	Name string                                             // HOST:PORT
	Try  func(ctx context.Context) (ok bool, detail string) // connects and logs in
}

// Witness is who came in from the world, and when. Zero times are never.
type Witness struct {
	Authority   time.Time // the certificate authority reached AuthorityPort
	Port        int       // which is 80 or 443; 0 is none
	Unreachable time.Time // it did not get through
	Mail        time.Time // mail of strangers
}

// fresh is how long a witness is believed: lines and routers change.
const fresh = 14 * 24 * time.Hour

// Where is where the line leaves us in the world, as far as it could be found out.
type Where struct {
	Public    []netip.Addr // at which the world sees us
	Router    netip.Addr   // what the router says of its own; invalid: nothing
	Eye       []outside.Answer
	EyeError  error // the eye is set and did not answer
	HasIPv6   bool  // this machine has a public address of IPv6
	Certainly bool  // Public is all that there is of IPv4: the machine itself has it, or the eye saw it
}

// Find asks the router and the eye.
func (l *Line) Find(ctx context.Context) Where {
	var w Where
	var all sync.WaitGroup
	own := public(l.Machine)
	if l.Router != nil && !slices.ContainsFunc(own, netip.Addr.Is4) {
		all.Go(func() {
			if a, err := l.Router(ctx); err == nil {
				w.Router = a.Unmap()
			}
		})
	}
	if l.Eye != nil {
		all.Go(func() { w.Eye, w.EyeError = l.ask(ctx) })
	}
	all.Wait()
	w.HasIPv6 = slices.ContainsFunc(own, netip.Addr.Is6)
	for _, answer := range w.Eye {
		own = append(own, answer.Address)
	}
	w.Certainly = slices.ContainsFunc(own, netip.Addr.Is4)
	if !w.Certainly && w.Router.IsValid() && dns.IsPublic(w.Router) {
		own, w.Certainly = append(own, w.Router), true
	}
	slices.SortFunc(own, netip.Addr.Compare)
	w.Public = slices.Compact(own)
	return w
}

// ask asks the eye for both families. One is enough.
func (l *Line) ask(ctx context.Context) ([]outside.Answer, error) {
	networks := []string{"tcp4", "tcp6"}
	answers, errs := make([]outside.Answer, 2), make([]error, 2)
	var both sync.WaitGroup
	for i, network := range networks {
		both.Go(func() { answers[i], errs[i] = l.Eye.Look(ctx, network, l.Host, outside.Ports()) })
	}
	both.Wait()
	var list []outside.Answer
	for i, a := range answers {
		if errs[i] == nil && !slices.ContainsFunc(list, func(o outside.Answer) bool { return o.Address == a.Address }) {
			list = append(list, a)
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	return nil, errs[0]
}

// Public are the addresses of this machine that the world can reach.
func (l *Line) Public() []netip.Addr { return public(l.Machine) }

func public(all []netip.Addr) []netip.Addr {
	var list []netip.Addr
	for _, a := range all {
		if a = a.Unmap().WithZone(""); dns.IsPublic(a) {
			list = append(list, a)
		}
	}
	return list
}

// Addresses are those of this machine but loopback.
func Addresses() []netip.Addr {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil // then nothing is known of it, and said so
	}
	var list []netip.Addr
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if err == nil && !prefix.Addr().IsLoopback() && !prefix.Addr().IsLinkLocalUnicast() {
			list = append(list, prefix.Addr().Unmap())
		}
	}
	return list
}

// say makes a phrase.
func say(key string, pairs ...string) finding.Phrase { return finding.Say(key, pairs...) }

// day is a date in a sentence.
func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

func number(n int) string { return strconv.Itoa(n) }
