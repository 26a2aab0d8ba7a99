package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	wire "github.com/miekg/dns"
)

// Options say whom a Client asks and how. The zero value asks the servers of
// the system, as it stands at each question.
type Options struct {
	// Settings is asked before every question, so that a change needs no restart. May be nil.
	Settings func() Settings
	File     string        // where the system names its servers; "" is /etc/resolv.conf
	Timeout  time.Duration // of one try with one server; 0 is 5 s
	// Dial connects to a server; nil is net.Dialer. Each question has its own
	// socket, and so its own random port (RFC 5452 §9.2).
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Now  func() time.Time // nil is time.Now
}

// Settings are what the owner may choose.
type Settings struct {
	Server  string // IP:port; "" is the system's
	Trusted bool   // believe AD from a server that is not on this machine
}

// Client is the resolver of the appliance: see Resolver for what it answers. It
// is safe for concurrent use and keeps answers in a bounded cache.
type Client struct {
	lookups
	options Options
	system  systemServers
	cache   cache
	good    atomic.Uint32 // index of the server that answered last: a dead first one costs its timeout once
}

// NewClient makes a resolver; nothing is asked before the first question.
func NewClient(o Options) *Client {
	if o.Settings == nil {
		o.Settings = func() Settings { return Settings{} }
	}
	if o.File == "" {
		o.File = "/etc/resolv.conf"
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second // as resolv.conf(5) has it
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &Client{options: o}
	c.lookups = lookups{c}
	return c
}

// Trusted tells whether AD is believed now: every server is on this machine, or
// the settings say so. Without it no answer is Authentic, and DANE has no ground.
func (c *Client) Trusted() bool {
	return c.upstream().trusted
}

// Servers are those asked now, as host:port.
func (c *Client) Servers() []string { return slices.Clone(c.upstream().servers) }

// upstream is whom to ask. Answers of another are not kept beyond a change.
type upstream struct {
	servers []string // host:port
	trusted bool
}

func (c *Client) upstream() upstream {
	s := c.options.Settings()
	u := upstream{servers: []string{s.Server}}
	if s.Server == "" {
		u.servers = c.system.read(c.options.File)
	}
	u.trusted = s.Trusted || !slices.ContainsFunc(u.servers, func(server string) bool { return !onThisMachine(server) })
	return u
}

func (u upstream) key() string { return fmt.Sprint(u.trusted, u.servers) }

// rounds is how often each server is tried.
const rounds = 2

// ask is the asker of lookups: the cache, then the servers one after the other.
func (c *Client) ask(ctx context.Context, q question) (reply, time.Duration, bool, error) {
	u := c.upstream()
	if b, age, ok := c.cache.get(u.key(), q, c.options.Now()); ok {
		r, err := readReply(b)
		return r, age, u.trusted, err
	}
	r, err := c.askServers(ctx, u, q)
	if err != nil {
		return reply{}, 0, false, &Error{Name: plain(q.name), Type: kindName(q.kind), Err: ErrTemporary, Detail: err.Error()}
	}
	return r, 0, u.trusted, nil
}

func (c *Client) askServers(ctx context.Context, u upstream, q question) (reply, error) {
	first := int(c.good.Load())
	var failed []string
	for i := range rounds * len(u.servers) {
		at := (first + i) % len(u.servers)
		// A box on the way that drops what it does not know (EDNS) gets a bare
		// question in the end, but not where that would cost the AD bit.
		bare := i >= len(u.servers) && !u.trusted
		b, r, err := c.try(ctx, u.servers[at], query{question: q, bare: bare, authentic: u.trusted})
		if err == nil {
			c.good.Store(uint32(at))
			c.cache.put(u.key(), q, b, r.life(), c.options.Now())
			return r, nil
		}
		if words := u.servers[at] + ": " + err.Error(); !slices.Contains(failed, words) {
			failed = append(failed, words)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return reply{}, errors.New(strings.Join(failed, "; "))
}

// try asks one server once, and once more when it is too old for EDNS.
func (c *Client) try(ctx context.Context, server string, q query) ([]byte, reply, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	b, err := c.exchange(ctx, server, q)
	if err != nil {
		return nil, reply{}, err
	}
	r, err := readReply(b)
	if err != nil {
		return nil, reply{}, err
	}
	// RFC 6891 §7.
	if !q.bare && (r.code == wire.RcodeFormatError || r.code == wire.RcodeNotImplemented) {
		q.bare = true
		return c.try(ctx, server, q)
	}
	return b, r, usable(&r)
}

// usable refuses what is no answer: a failure, or a server that does not ask others for us.
func usable(r *reply) error {
	if r.code != wire.RcodeSuccess && r.code != wire.RcodeNameError {
		return errors.New(wire.RcodeToString[r.code])
	}
	if r.code == wire.RcodeSuccess && !r.recursive && !r.authoritative && len(r.records) == 0 && !r.denied {
		return errors.New("it does not resolve names for us")
	}
	return nil
}
