package gate

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"buzon/internal/config"
	"buzon/internal/dns"
	"buzon/internal/message"
	"buzon/internal/store"
)

const (
	stranger = "192.0.2.66"
	listedIP = "192.0.2.99" // on zen.test
	friend   = "198.51.100.25"
)

// world is a DNS in which the block lists zen.test and soft.test work.
func world() *dns.Map {
	return dns.NewMap(`
		2.0.0.127.zen.test   A 127.0.0.2
		99.2.0.192.zen.test  A 127.0.0.4
		2.0.0.127.soft.test  A 127.0.0.2
		99.2.0.192.soft.test A 127.0.0.2
		98.2.0.192.soft.test A 127.0.0.2
		25.100.51.198.in-addr.arpa PTR mx1.good.test.
		26.100.51.198.in-addr.arpa PTR mx2.good.test.
		66.2.0.192.in-addr.arpa PTR lie.far.test.
		mx1.good.test A 198.51.100.25
		mx2.good.test A 198.51.100.26
		lie.far.test  A 203.0.113.1
	`)
}

// home is a file in memory, as far as the gate asks.
type home struct {
	mu        sync.Mutex
	access    map[string]store.Access // by sender, or client
	wrote     map[string]bool         // to whom account 1 wrote
	known     map[string]bool         // source and domain; true where DMARC passed
	grey      map[string]store.GreyAnswer
	refused   []store.Refusal
	kept      []store.Acquaintance
	writes    int
	broken    error
	counted   map[string]int
	greyAsked int
}

func (h *home) written() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.writes
}

func (h *home) store() Store {
	return Store{
		Access: func(_ context.Context, _ []store.AccountID, c store.Caller) (store.Access, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			for _, from := range c.From {
				if a, ok := h.access[from.String()]; ok {
					return a, h.broken
				}
			}
			for _, host := range c.Hosts {
				if a, ok := h.access[host]; ok {
					return a, h.broken
				}
			}
			return h.access[c.Client.String()], h.broken
		},
		Correspondents: func(_ context.Context, acc store.AccountID, a message.Address) (bool, error) {
			return acc == 1 && h.wrote[a.String()], h.broken
		},
		Acquainted: func(_ context.Context, source, domain string) (bool, bool, error) {
			passed, known := h.known[strings.TrimSpace(source+" "+domain)]
			return known, passed, h.broken
		},
		Greylist: func(_ context.Context, network, sender, recipient string) (store.GreyAnswer, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.greyAsked++
			return h.grey[network+" "+sender+" "+recipient], h.broken
		},
		KeepAcquaintances: func(_ context.Context, batch []store.Acquaintance) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.writes++
			h.kept = append(h.kept, batch...)
			return h.broken
		},
		AddRefusals: func(_ context.Context, batch []store.Refusal) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.writes++
			h.refused = append(h.refused, batch...)
			return h.broken
		},
	}
}

// settings are the defaults with the lists of world.
func settings() config.Settings {
	s := config.Default()
	s.BlockLists = []config.BlockList{{Zone: "zen.test", Points: 4}, {Zone: "soft.test", Points: 2}}
	return s
}

// at makes a gate in the world; change alters its options.
func at(h *home, change func(*Options)) *Gate {
	s := settings()
	h.counted = map[string]int{}
	o := Options{
		Resolver: world(), Settings: func() config.Settings { return s }, Limits: config.DefaultLimits(),
		Name: func() string { return "Mail.Home.test" },
		Ours: func(_ context.Context, domain string) (bool, error) { return domain == "home.test", nil },
		Count: func(reason string) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.counted[reason]++
		},
		Store: h.store(), Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	return New(o)
}

func addr(t testing.TB, text string) message.Address {
	t.Helper()
	if text == "" {
		return message.Address{}
	}
	a, err := message.ParseAddress(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// visit connects a client, which greets well, and ends with the test.
func visit(t testing.TB, g *Gate, client string) *Session {
	t.Helper()
	s := g.NewSession(t.Context(), netip.MustParseAddr(client), netip.MustParseAddr("203.0.113.80"))
	t.Cleanup(s.Close)
	want(t, "connection of "+client, s.Connect(), 0)
	want(t, "HELO", s.Helo("mx.far.test"), 0)
	return s
}

func ana(t testing.TB) Recipient {
	return Recipient{Address: addr(t, "ana@home.test"), Known: true, Accounts: []store.AccountID{1}}
}

// want looks at a reply: its code, 0 for none, and words of it.
func want(t testing.TB, what string, got *message.Reply, code int, words ...string) {
	t.Helper()
	if got == nil {
		if code != 0 {
			t.Errorf("%s: no reply, want %d", what, code)
		}
		return
	}
	if got.Code != code {
		t.Errorf("%s: %v, want %d", what, got, code)
	}
	if got.Code > 0 && (got.Enhanced[0] != got.Code/100 || len(got.Error()) > 500) {
		t.Errorf("%s: %v is no reply", what, got)
	}
	for _, w := range words {
		if !strings.Contains(got.Text, w) {
			t.Errorf("%s: no %q in %q", what, w, got.Text)
		}
	}
}

// send is one message to Ana.
func send(t testing.TB, s *Session, from string) *message.Reply {
	t.Helper()
	if reply := s.Mail(addr(t, from)); reply != nil {
		return reply
	}
	return s.Rcpt(t.Context(), ana(t))
}

var errDisk = errors.New("the disk is gone")
