package gate

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"buzon/internal/config"
	"buzon/internal/message"
	"buzon/internal/store"
)

func rule(acc store.AccountID) store.Rule { return store.Rule{ID: 1, Account: acc} }

// What the owner allows is let in, whatever else speaks against it; what he blocks is not, whoever it is for.
func TestRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := home{access: map[string]store.Access{
			"bad@far.test":   {Block: rule(0)},
			"ex@far.test":    {Blocked: []store.AccountID{1}},
			"good@far.test":  {Allow: rule(0)},
			"hers@far.test":  {Allow: rule(1), Allowed: []store.AccountID{1}},
			"203.0.113.7":    {Allow: rule(0)},
			"mx1.good.test":  {Block: rule(0)},
			"news@shop.test": {Block: rule(0)},
			"mom@far.test":   {Allow: rule(0)},
		}}
		g := at(&h, nil)
		s := visit(t, g, stranger)
		want(t, "blocked", send(t, s, "bad@far.test"), 550, "does not take mail from you", "buzon allow add bad@far.test")
		want(t, "blocked, to postmaster", s.Rcpt(t.Context(), Recipient{Address: addr(t, "postmaster"), Known: true}), 550)
		want(t, "blocked by host", send(t, visit(t, g, friend), "eva@far.test"), 550)
		want(t, "blocked by one of those it leads to", send(t, s, "ex@far.test"), 0)
		if !s.Blocks(1) || s.Blocks(2) || s.Allowed() {
			t.Error("that one is remembered")
		}

		s = visit(t, g, listedIP)
		s.Helo("mail.home.test")
		start := time.Now()
		want(t, "allowed by the box", send(t, s, "good@far.test"), 0)
		if !s.Allowed() || !s.Allows(2) || s.Blocks(1) || time.Since(start) != 0 {
			t.Error("that is remembered, and costs no time")
		}
		want(t, "allowed by Ana", send(t, s, "hers@far.test"), 0)
		if !s.Allows(1) || s.Allows(2) {
			t.Error("which is for her alone")
		}
		want(t, "what she allows is refused to Luis", s.Rcpt(t.Context(), Recipient{Address: addr(t, "luis@home.test"), Known: true, Accounts: []store.AccountID{2}}), 550)
		want(t, "a new message forgets it", send(t, s, "eva@far.test"), 550)
		if s.Allowed() {
			t.Error("allowed still")
		}

		// By the field From, which is what people see.
		s = visit(t, g, friend)
		h.access["mx1.good.test"] = store.Access{}
		want(t, "an envelope that nobody knows", send(t, s, "bounce-7@mailer.test"), 0)
		want(t, "nobody", s.Content(t.Context(), nil), 0)
		want(t, "good", s.Content(t.Context(), []message.Address{addr(t, "kim@far.test")}), 0)
		want(t, "blocked", s.Content(t.Context(), []message.Address{addr(t, "news@shop.test")}), 550, "does not take mail")
		want(t, "allowed", s.Content(t.Context(), []message.Address{addr(t, "mom@far.test")}), 0)
		if !s.Allowed() {
			t.Error("the author is allowed")
		}
		want(t, "allowed sender, blocked author", s.Content(t.Context(), []message.Address{addr(t, "news@shop.test")}), 0)

		// An address that is allowed is not even slowed.
		for range 100 {
			s = visit(t, g, "203.0.113.7")
			if s.GreetWait() != 0 {
				t.Error("it waits")
			}
			want(t, "errors of an allowed address", s.Said(550), 0)
			want(t, "strays of an allowed address", s.Rcpt(t.Context(), Recipient{}), 0)
			want(t, "mail of an allowed address", send(t, s, "eva@far.test"), 0)
		}

		h.broken = errDisk
		want(t, "the file does not answer", send(t, s, "eva@far.test"), 451, "try again")
		want(t, "nor after the message", s.Content(t.Context(), []message.Address{addr(t, "kim@far.test")}), 451)
	})
}

func TestConnectionRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h home
		g := at(&h, nil)
		connect := func(client string) *message.Reply {
			s := g.NewSession(t.Context(), netip.MustParseAddr(client), netip.Addr{})
			t.Cleanup(s.Close)
			return s.Connect()
		}
		for range g.Limits.SourceParallel {
			want(t, "a stranger", connect(stranger), 0)
		}
		want(t, "too many at once", connect(stranger), 421, "Too many connections", "buzon allow add "+stranger)
		h.known = map[string]bool{"198.51.100.0/24": false}
		for range g.Limits.SourceConnections {
			want(t, "no stranger", connect(friend), 0)
		}
		want(t, "too many in a minute", connect(friend), 421)
		want(t, "its neighbour", connect("198.51.100.26"), 0)
		time.Sleep(time.Minute)
		want(t, "a minute later", connect(friend), 0)
		if h.counted[Rate] != 2 {
			t.Errorf("counted %v", h.counted)
		}
	})
}

func TestMessageRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h home
		g := at(&h, func(o *Options) { o.Limits.SourceMessages = 5 })
		s := visit(t, g, stranger)
		for range 5 {
			want(t, "within", s.Mail(addr(t, "eva@far.test")), 0)
		}
		want(t, "beyond", s.Mail(addr(t, "eva@far.test")), 451, "Too many messages")
		time.Sleep(12 * time.Minute)
		want(t, "later", s.Mail(addr(t, "eva@far.test")), 0)
	})
}

// Guessing names ends the connection, and makes the address slow for an hour: one connection, and long waits.
func TestUnknownRecipients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h home
		g := at(&h, func(o *Options) {
			s := settings()
			s.SlowStrangers = false
			o.Settings = func() config.Settings { return s }
		})
		s := visit(t, g, stranger)
		want(t, "MAIL", s.Mail(addr(t, "eva@far.test")), 0)
		stray := func() *message.Reply { return s.Rcpt(t.Context(), Recipient{Address: addr(t, "guess@home.test")}) }
		start := time.Now()
		for range g.Limits.SourceUnknown {
			want(t, "a stray", stray(), 0)
		}
		if time.Since(start) != 0 {
			t.Error("the first cost time")
		}
		want(t, "one too many", stray(), 421, "are not here", "buzon allow add "+stranger)
		s.Close()

		s = visit(t, g, stranger) // again: slow, not shut out
		if s.GreetWait() != g.Limits.GreetWait {
			t.Error("greeted at once")
		}
		other := g.NewSession(t.Context(), netip.MustParseAddr(stranger), netip.Addr{})
		defer other.Close()
		want(t, "a second at once", other.Connect(), 421)
		start = time.Now()
		want(t, "good mail", send(t, s, "eva@far.test"), 0)
		if d := time.Since(start); d != g.Limits.SlowDelay {
			t.Errorf("waited %v", d)
		}
		time.Sleep(time.Hour)
		start = time.Now()
		want(t, "an hour later", send(t, s, "eva@far.test"), 0)
		if d := time.Since(start); d != 0 {
			t.Errorf("waited %v", d)
		}
	})
}

func TestErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h home
		g := at(&h, nil)
		s := visit(t, g, stranger)
		for range g.Limits.SourceErrors {
			want(t, "an error", s.Said(500), 0)
		}
		want(t, "no error", s.Said(250), 0)
		want(t, "asked to come again", s.Said(451), 0)
		want(t, "one too many", s.Said(550), 421, "too many errors")
		want(t, "talking early", s.Early(), 554, "before you were greeted")
		if h.counted[Errors] != 1 || h.counted[Early] != 1 {
			t.Errorf("counted %v", h.counted)
		}
	})
}

// Strangers wait a little, once a message; who brought mail before does not, nor do those whom an account wrote to.
func TestStrangersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := home{
			wrote: map[string]bool{"kim@far.test": true},
			known: map[string]bool{"good.test far.test": false, "203.0.113.0/24": false},
		}
		set := settings()
		g := at(&h, func(o *Options) { o.Settings = func() config.Settings { return set } })
		for _, tt := range []struct {
			name, client, from string
			greet, wait        time.Duration
		}{
			{"a stranger", stranger, "eva@far.test", g.Limits.GreetWait, g.Limits.StrangerDelay},
			{"the null sender of one", stranger, "", g.Limits.GreetWait, g.Limits.StrangerDelay},
			{"whom Ana wrote to", stranger, "kim@far.test", g.Limits.GreetWait, 0},
			{"another host of a provider that brought such mail", "198.51.100.26", "eva@far.test", g.Limits.GreetWait, 0},
			{"from which others' mail is new", "198.51.100.26", "eva@else.test", g.Limits.GreetWait, g.Limits.StrangerDelay},
			{"a network that brought mail", "203.0.113.200", "eva@else.test", 0, 0},
		} {
			s := visit(t, g, tt.client)
			if got := s.GreetWait(); got != tt.greet {
				t.Errorf("%s: greeted after %v", tt.name, got)
			}
			start := time.Now()
			want(t, tt.name, send(t, s, tt.from), 0)
			if got := time.Since(start); got != tt.wait {
				t.Errorf("%s: waited %v, want %v", tt.name, got, tt.wait)
			}
			want(t, tt.name, s.Rcpt(t.Context(), ana(t)), 0)
			if got := time.Since(start); got != tt.wait {
				t.Errorf("%s: waited twice", tt.name)
			}
			s.Close()
		}
		set.SlowStrangers = false
		start := time.Now()
		s := visit(t, g, stranger)
		want(t, "switched off", send(t, s, "eva@far.test"), 0)
		if s.GreetWait() != 0 || time.Since(start) != 0 {
			t.Error("waited though that is switched off")
		}
	})
}

// Those delayed hold a connection each: their number is bounded, and the others go on.
func TestDelaysAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h home
		g := at(&h, func(o *Options) { o.Limits.Delayed = 2 })
		done := make(chan time.Duration, 5)
		start := time.Now()
		for i := range 5 {
			s := visit(t, g, netip.AddrFrom4([4]byte{192, 0, 3, byte(i)}).String())
			go func() { send(t, s, "eva@far.test"); done <- time.Since(start) }()
		}
		var waits []time.Duration
		for range 5 {
			waits = append(waits, <-done)
		}
		slices.Sort(waits)
		if d := g.Limits.StrangerDelay; !slices.Equal(waits, []time.Duration{0, 0, 0, d, d}) {
			t.Errorf("%v", waits)
		}
		// Who did wrong is sent away instead.
		for range 2 {
			go g.delay(t.Context(), time.Minute)
		}
		synctest.Wait()
		s := visit(t, g, stranger)
		for range g.Limits.SourceErrors + 1 {
			s.Said(550)
		}
		want(t, "no room to wait", send(t, s, "eva@far.test"), 421, "are waiting")
	})
}

func TestGreylist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := home{
			wrote: map[string]bool{"kim@far.test": true},
			known: map[string]bool{"good.test far.test": true, "good.test else.test": false},
			grey:  map[string]store.GreyAnswer{"192.0.2.0/24 old@far.test ana@home.test": {Pass: true}},
		}
		set := settings()
		set.Greylist = true
		g := at(&h, func(o *Options) { o.Settings = func() config.Settings { return set } })
		for _, tt := range []struct {
			name, client, from string
			code               int
		}{
			{"a stranger", stranger, "eva@far.test", 451},
			{"who came again", stranger, "old@far.test", 0},
			{"whom Ana wrote to", stranger, "kim@far.test", 0},
			{"a bounce", stranger, "", 0},
			{"whose mail passed DMARC", friend, "eva@far.test", 0},
			{"whose mail did not", friend, "eva@else.test", 451},
			{"at home", "192.168.1.7", "eva@far.test", 0},
		} {
			s := g.NewSession(t.Context(), netip.MustParseAddr(tt.client), netip.Addr{})
			want(t, tt.name, s.Connect(), 0)
			reply := send(t, s, tt.from)
			want(t, tt.name, reply, tt.code)
			if reply != nil {
				want(t, tt.name, reply, 451, "try again in 1 min", "buzon allow add "+tt.from)
			}
			s.Close()
		}
		s := visit(t, g, stranger)
		s.Mail(addr(t, "eva@far.test"))
		want(t, "postmaster", s.Rcpt(t.Context(), Recipient{Address: addr(t, "postmaster"), Known: true}), 0)
		if len(g.journal.refusals) != 0 || h.counted[Greylist] != 2 {
			t.Errorf("asked to come again is no refusal: %+v, %v", g.journal.refusals, h.counted)
		}
		set.Greylist = false
		asked := h.greyAsked
		want(t, "switched off", send(t, s, "eva@far.test"), 0)
		if h.greyAsked != asked {
			t.Error("asked though it is switched off")
		}
	})
}
