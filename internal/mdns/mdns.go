// Package mdns answers for the name of this box in the home network, "buzon.local", and for its page as a service, so that a
// phone finds both without any server: a responder of Multicast DNS (RFC 6762) and of the little of DNS-SD (RFC 6763) that
// one page needs. It asks nothing for others.
//
// Invariants: a name is probed before it is told, and given up for NAME-2 where somebody else has it; what is told on a link
// are private addresses of that interface alone; nothing is sent to somebody who is not on the link; what is kept does not
// grow with what arrives.
//
// The mechanism is host, which knows neither clock nor network: time is given to it, and what it sends it gives to a function.
// Run brings sockets and a clock. The port is shared with whoever else answers on this machine.
package mdns

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"
)

// Options of New. The zero values of all but Host mean the defaults.
type Options struct {
	Host   string            // what we want to be called, a label: "buzon"
	Listen string            // the address on which the page listens, "" for all: what is told are those private ones that it has
	Named  func(name string) // called when we are called otherwise; it must not block
	Log    *slog.Logger
	Links  func() ([]Link, error) // the interfaces as they are now; nil: those of the system
}

// Responder answers for one name. Run may be called once.
type Responder struct {
	options Options

	mu   sync.Mutex
	name string
}

// New makes a responder, or none where the page is for this machine alone: nil, which has no name and tells nobody.
func New(o Options) *Responder {
	if at, err := netip.ParseAddr(o.Listen); err == nil && at.IsLoopback() {
		return nil
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Links == nil {
		o.Links = Links
	}
	return &Responder{options: o, name: o.Host + ".local"}
}

// Name is what the box is called in the home network, "buzon.local"; "buzon-2.local" where that was somebody else.
func (r *Responder) Name() string {
	if r == nil {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.name
}

func (r *Responder) rename(host string) {
	r.mu.Lock()
	r.name = host + ".local"
	r.mu.Unlock()
	r.options.Log.Info("the name in the home network is somebody else's", "now", host+".local")
	if r.options.Named != nil {
		r.options.Named(host + ".local")
	}
}

// lookEvery is how often we look whether interfaces or addresses came or went.
const lookEvery = 5 * time.Second

// Run answers until ctx is over, and says goodbye then; port is that of the page, TCP. Where no socket can be opened the log
// is told, and nobody else.
func (r *Responder) Run(ctx context.Context, port uint16) {
	if r == nil {
		return
	}
	packets := make(chan packet)
	s, err := open(ctx, packets, r.options.Log)
	if err != nil {
		if ctx.Err() == nil {
			r.options.Log.Warn("our name is not told in the home network", "err", err)
		}
		return
	}
	defer s.close()
	h := newHost(r.options.Host, int(port), s.send)
	h.renamed = r.rename
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	r.look(h, s)
	for {
		select {
		case <-ctx.Done():
			h.goodbye()
			return
		case p := <-packets:
			h.receive(time.Now(), p)
		case <-look.C:
			r.look(h, s)
		case <-alarm.C:
		}
		alarm.Reset(time.Until(h.act(time.Now())))
	}
}

// look tells the host on which links it is now.
func (r *Responder) look(h *host, s *sockets) {
	links, err := r.options.Links()
	if err != nil {
		r.options.Log.Warn("cannot see the network interfaces", "err", err)
		return
	}
	var joined []Link
	var own []netip.Addr
	for _, l := range links {
		own = append(own, l.Own...)
		l.Told = filter(l.Told, r.tells)
		if len(l.Told) > 0 && s.join(l) {
			joined = append(joined, l)
		}
	}
	s.leaveAllBut(joined)
	h.setLinks(time.Now(), joined, own)
}

// tells tells whether one of our private addresses may be told: somebody listens there.
func (r *Responder) tells(addr netip.Addr) bool {
	at, err := netip.ParseAddr(r.options.Listen)
	return err != nil || at.IsUnspecified() || addr == at.Unmap()
}

func filter(addrs []netip.Addr, keep func(netip.Addr) bool) (kept []netip.Addr) {
	for _, a := range addrs {
		if keep(a) {
			kept = append(kept, a)
		}
	}
	return kept
}

var errNoSocket = errors.New("no socket for multicast DNS")
