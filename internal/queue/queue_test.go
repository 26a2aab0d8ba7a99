package queue

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"buzon/internal/message"
	"buzon/internal/smtpclient"
	"buzon/internal/store"
)

func TestDelivers(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.dsn = true
		b.start()
		b.accept(store.Outgoing{
			From: addr("ana@example.test"), EnvID: "e 1", Return: "HDRS", RequireTLS: true, UTF8: true, BodyType: "8BITMIME",
			Prefix: []byte("Subject: x\r\n"),
			To: []store.Recipient{
				{Address: addr("u1@a.test"), Notify: store.NotifySuccess | store.NotifyDelay, Original: "rfc822;u1@old.test"},
				{Address: addr("u2@a.test")}, {Address: addr("u3@b.test"), Notify: store.NotifyNever},
			},
		})
		b.wait(0)
		fates := b.fates()
		slices.Sort(fates) // two connections
		if !slices.Equal(fates, []string{"u1@a.test delivered 250", "u2@a.test delivered 250", "u3@b.test delivered 250"}) {
			t.Fatalf("history %q", fates)
		}
		b.wantQueued(0)
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.sent) != 2 || b.now != 0 {
			t.Fatalf("%d envelopes sent, %d connections left open", len(b.sent), b.now)
		}
		m := b.sent[slices.IndexFunc(b.sent, func(s sent) bool { return s.domain == "a.test" })]
		if m.From != addr("ana@example.test") || m.EnvID != "e 1" || m.Return != "HDRS" || !m.RequireTLS || !m.UTF8 || m.BodyType != "8BITMIME" {
			t.Errorf("sent %+v", m.Mail)
		}
		want := []smtpclient.Recipient{
			{Address: addr("u1@a.test"), Notify: "SUCCESS,DELAY", Original: "rfc822;u1@old.test"}, {Address: addr("u2@a.test")},
		}
		if !slices.Equal(m.To, want) {
			t.Errorf("recipients %+v", m.To)
		}
	})
}

// A thousand recipients in a domain that is down cost one attempt a round, and hold up nobody.
func TestDeadDomain(t *testing.T) {
	inBubble(t, func(b *bed) {
		var up atomic.Bool
		b.refuse = func(domain string) error {
			if !up.Load() && domain == "dead.test" {
				return noAnswer
			}
			return nil
		}
		b.queue(slices.Repeat([]string{strings.Join(many(10, "dead.test"), " ")}, 100)...)
		b.queue(many(5, "live.test")...)
		b.start()
		b.wait(0)
		b.wantOpens("dead.test", 1)
		b.wantOpens("live.test", 1) // five mails, one connection
		b.wantArrived("live.test", 5)

		// New mail waits for the round.
		b.queue("new@dead.test")
		b.wait(50 * time.Second)
		b.wantOpens("dead.test", 1)

		// 1, 2, 4, … minutes.
		for n, pause := range []time.Duration{11 * time.Second, 121 * time.Second, 241 * time.Second, 481 * time.Second} {
			b.wait(pause)
			b.wantOpens("dead.test", n+2)
		}
		up.Store(true)
		b.wait(961 * time.Second)
		b.wantOpens("dead.test", 6)
		b.wantArrived("dead.test", 101)
		b.wantQueued(0)
		if failures, _, err := b.store.Destination(b.Context(), "dead.test"); failures != 0 || err != nil {
			t.Errorf("%d failures are left: %v", failures, err)
		}
	})
}

// Domains behind one relay share its fate, its connections, and the one attempt.
func TestRelayDown(t *testing.T) {
	inBubble(t, func(b *bed) {
		var up atomic.Bool
		b.refuse = func(string) error {
			if !up.Load() {
				return noAnswer
			}
			return nil
		}
		b.q.Route = func(context.Context, string) (string, int) { return "relay:r.test:587", 4 }
		for i := range 25 {
			b.queue(many(2, fmt.Sprintf("d%d.test", i))...)
		}
		b.start()
		b.wait(0)
		for n, pause := range []time.Duration{0, 61 * time.Second, 121 * time.Second, 241 * time.Second} {
			b.wait(pause)
			if got := b.attempts(); got != n+1 {
				t.Fatalf("%d attempts in round %d", got, n+1)
			}
		}
		b.q.Nudge()
		b.wait(0)
		if got := b.attempts(); got != 5 {
			t.Fatalf("%d attempts after the settings changed, want 5", got)
		}
		up.Store(true)
		b.q.Nudge()
		b.wait(0)
		b.wantQueued(0)
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.sent) != 50 || b.peak > 4 || len(b.opens) > 5+4 {
			t.Errorf("%d sent, %d connections at once, %d attempts", len(b.sent), b.peak, len(b.opens))
		}
	})
}

// A relay that never comes back still means warnings and bounces for the domains that had no attempt of their own.
func TestRelayDownForGood(t *testing.T) {
	inBubble(t, func(b *bed) {
		ana := b.account("ana")
		b.set("send.warn-after", "10m")
		b.set("send.give-up-after", "1h")
		b.refuse = func(string) error { return noAnswer }
		b.q.Route = func(context.Context, string) (string, int) { return "relay:r.test:587", 4 }
		b.queue("u@a.test", "u@b.test", "u@c.test")
		b.start()
		b.wait(2 * time.Hour)
		b.wantQueued(0)
		wantReports(t, b.mailbox(ana), map[string]int{"delayed": 3, "failed": 3})
	})
}

func TestOrderAndConnections(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.set("send.connections", "2")
		b.during = func(context.Context, string, smtpclient.Mail) ([]message.Reply, error) {
			time.Sleep(time.Second)
			return nil, nil
		}
		for d := range 25 {
			b.queue(many(6, fmt.Sprintf("d%d.test", d))...)
		}
		b.start()
		b.wait(500 * time.Millisecond)
		if now, _ := b.connections(); now != maxConnections {
			t.Errorf("%d connections, want %d", now, maxConnections)
		}
		b.wait(10 * time.Minute)
		b.wantQueued(0)
		if _, peak := b.connections(); peak != maxConnections {
			t.Errorf("%d connections at once", peak)
		}
		for domain, peak := range b.peakFor {
			if peak > 2 {
				t.Errorf("%d connections to %s", peak, domain)
			}
		}
		for d := range 25 {
			got := b.arrived(fmt.Sprintf("d%d.test", d))
			for i, subject := range got { // two at a time, in any order
				if n, err := strconv.Atoi(subject); err != nil || n/2 != i/2 {
					t.Fatalf("d%d.test got %q", d, got)
				}
			}
		}
	})
}

// One connection takes them in order, all of them.
func TestReuse(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.queue(many(150, "a.test")...)
		b.start()
		b.wait(0)
		b.wantOpens("a.test", 1)
		got := b.arrived("a.test")
		for i, subject := range got {
			if subject != fmt.Sprint(i) {
				t.Fatalf("message %s came as number %d", subject, i)
			}
		}
		if len(got) != 150 {
			t.Errorf("%d of 150 arrived", len(got))
		}
	})
}

// A server that takes one connection at a time is not down: the one there is takes all.
func TestOneConnectionTooMany(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.set("send.connections", "3")
		b.refuse = func(domain string) error {
			if b.now > 0 {
				return &message.Reply{Code: 421, Enhanced: [3]int{4, 7, 0}, Text: "Too many connections"}
			}
			return nil
		}
		b.during = func(context.Context, string, smtpclient.Mail) ([]message.Reply, error) {
			time.Sleep(time.Second)
			return nil, nil
		}
		b.queue(many(20, "a.test")...)
		b.start()
		b.wait(time.Minute)
		b.wantQueued(0)
		if n := b.count("a.test"); n > 3 {
			t.Errorf("%d attempts", n)
		}
		if failures, _, err := b.store.Destination(b.Context(), "a.test"); failures != 0 || err != nil {
			t.Errorf("%d failures: %v", failures, err)
		}
	})
}

// Relays changed: what was opened before carries nothing new.
func TestNudgeEndsSessions(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.during = func(context.Context, string, smtpclient.Mail) ([]message.Reply, error) {
			time.Sleep(time.Second)
			return nil, nil
		}
		b.queue(many(4, "a.test")...)
		b.start()
		b.wait(1500 * time.Millisecond)
		b.q.Nudge()
		b.wait(time.Minute)
		b.wantArrived("a.test", 4)
		b.wantOpens("a.test", 2)
	})
}

// Who sends all day makes room when others wait, and comes back.
func TestFairShare(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.during = func(context.Context, string, smtpclient.Mail) ([]message.Reply, error) {
			time.Sleep(time.Second)
			return nil, nil
		}
		b.q.share = 10
		for d := range maxConnections {
			b.queue(many(25, fmt.Sprintf("big%d.test", d))...)
		}
		b.start()
		b.wait(time.Second)
		b.queue("u@small.test")
		b.wait(15 * time.Second)
		b.wantArrived("small.test", 1)
		b.wait(time.Minute)
		b.wantQueued(0)
	})
}

// The number of goroutines is that of connections, however much waits.
func TestNoGoroutinePerJob(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.during = func(ctx context.Context, _ string, _ smtpclient.Mail) ([]message.Reply, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		before := runtime.NumGoroutine()
		for d := range 40 {
			b.queue(many(25, fmt.Sprintf("d%d.test", d))...)
		}
		b.start()
		b.wait(0)
		if n := runtime.NumGoroutine() - before; n > maxConnections+5 {
			t.Errorf("%d goroutines for 1000 jobs", n)
		}
	})
}

func TestRepliesPerRecipient(t *testing.T) {
	inBubble(t, func(b *bed) {
		var known atomic.Bool
		b.answer = func(_ string, to message.Address) message.Reply {
			switch {
			case to.Local == "gone":
				return nobody
			case to.Local == "grey" && !known.Load():
				return tryLater
			}
			return ok
		}
		b.queueFrom("", "yes@a.test gone@a.test grey@a.test")
		b.start()
		b.wait(0)
		b.wantFates("yes@a.test relayed 250", "gone@a.test failed 550", "grey@a.test deferred 450")
		known.Store(true)
		b.wait(61 * time.Second)
		b.wantFates("yes@a.test relayed 250", "gone@a.test failed 550", "grey@a.test deferred 450", "grey@a.test relayed 250")
		b.wantOpens("a.test", 2)
	})
}

// Greylisting of one message does not hold up the next one, nor count against the domain.
func TestOneLaterOthersNow(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.answer = func(_ string, to message.Address) message.Reply {
			if to.Local == "u0" {
				return tryLater
			}
			return ok
		}
		b.queue(many(3, "a.test")...)
		b.start()
		b.wait(0)
		b.wantOpens("a.test", 1)
		b.wantQueued(1)
	})
}

// A connection lost in mid-message: the next message has a fresh one, the lost one waits for its next attempt.
func TestLostConnection(t *testing.T) {
	inBubble(t, func(b *bed) {
		n := 0
		b.during = func(context.Context, string, smtpclient.Mail) ([]message.Reply, error) {
			if n++; n == 1 {
				return nil, errors.New("connection reset")
			}
			return nil, nil
		}
		b.queue(many(3, "a.test")...)
		b.start()
		b.wait(0)
		b.wantOpens("a.test", 2)
		b.wantArrived("a.test", 2)
		b.wait(61 * time.Second)
		b.wantArrived("a.test", 3)
		b.wantQueued(0)
	})
}

// A server that loses every connection is down: two attempts a round, not hundreds.
func TestAlwaysLost(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.during = func(context.Context, string, smtpclient.Mail) ([]message.Reply, error) {
			return nil, errors.New("connection reset")
		}
		b.queue(many(300, "a.test")...)
		b.start()
		b.wait(0)
		b.wantOpens("a.test", maxLost)
		b.wait(61 * time.Second)
		b.wantOpens("a.test", 2*maxLost)
		b.wantQueued(300)
	})
}

// A server that refuses each message for good and hangs up is not down: all go back, at once.
func TestRefusesAndHangsUp(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.during = func(context.Context, string, smtpclient.Mail) ([]message.Reply, error) {
			return []message.Reply{nobody}, errors.New("connection reset")
		}
		b.queueFrom("", many(5, "a.test")...)
		b.start()
		b.wait(0)
		b.wantQueued(0)
	})
}

// Held jobs stay, also those that were held after they were claimed; dropped ones are not sent and not reported.
func TestHeldAndDropped(t *testing.T) {
	inBubble(t, func(b *bed) {
		gate := make(chan struct{})
		b.during = func(context.Context, string, smtpclient.Mail) ([]message.Reply, error) { <-gate; return nil, nil }
		b.queue("u@held.test")
		_, err := b.store.HoldJobs(b.Context(), store.Selection{Domain: "held.test"})
		b.check(err)
		b.start()
		b.queue(many(3, "a.test")...)
		b.wait(0)
		jobs := b.jobs("a.test")
		_, err = b.store.HoldJobs(b.Context(), store.Selection{IDs: jobs[1:2]})
		b.check(err)
		_, err = b.store.DropJobs(b.Context(), store.Selection{IDs: []store.JobID{jobs[0], jobs[2]}}) // 0 is being sent
		b.check(err)
		close(gate)
		b.wait(time.Hour)
		b.wantOpens("held.test", 0)
		if got := b.arrived("a.test"); !slices.Equal(got, []string{"0"}) {
			t.Fatalf("arrived %q", got)
		}
		b.wantFates("u0@a.test dropped 0", "u2@a.test dropped 0")
		_, err = b.store.ReleaseJobs(b.Context(), store.Selection{All: true})
		b.check(err)
		b.wait(0)
		b.wantArrived("held.test", 1)
		b.wantArrived("a.test", 2)
		b.wantQueued(0)
	})
}

// A retry by hand of what is being sent just now sends nothing twice.
func TestRetryWhileSending(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.set("send.connections", "4")
		b.during = func(context.Context, string, smtpclient.Mail) ([]message.Reply, error) {
			time.Sleep(5 * time.Minute) // longer than a claim lasts
			return nil, nil
		}
		b.queue(many(6, "a.test")...)
		b.start()
		for range 20 {
			b.wait(50 * time.Second)
			_, err := b.store.RetryJobs(b.Context(), store.Selection{All: true})
			b.check(err)
		}
		b.wait(time.Hour)
		b.wantArrived("a.test", 6)
		b.wantQueued(0)
	})
}

// The process dies after a server took a message and before that is written down: one message a connection comes twice.
func TestKilled(t *testing.T) {
	inBubble(t, func(b *bed) {
		n := 0
		b.during = func(context.Context, string, smtpclient.Mail) ([]message.Reply, error) {
			if n++; n == 10 {
				b.check(b.store.Close()) // nothing can be written from here on
			}
			return nil, nil
		}
		b.queue(many(30, "a.test")...)
		b.start()
		b.wait(0)
		b.stop2()
		b.wantArrived("a.test", 10)
		b.reopen()
		b.start()
		b.wait(2 * time.Minute)
		b.wantQueued(0)
		b.wantArrived("a.test", 31)
		seen := map[string]bool{}
		for _, subject := range b.arrived("a.test") {
			seen[subject] = true
		}
		if len(seen) != 30 {
			t.Errorf("%d of 30 arrived", len(seen))
		}
	})
}

// What is being sent may end within the grace; what was claimed is due at once for the next start.
func TestStop(t *testing.T) {
	inBubble(t, func(b *bed) {
		var took atomic.Int64
		took.Store(int64(5 * time.Second))
		b.during = func(ctx context.Context, _ string, _ smtpclient.Mail) ([]message.Reply, error) {
			select {
			case <-time.After(time.Duration(took.Load())):
				return nil, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		b.queue(many(3, "a.test")...)
		b.start()
		b.wait(time.Second)
		b.stop()
		b.wantArrived("a.test", 1)
		b.wantQueued(2)

		took.Store(int64(time.Hour)) // beyond the grace
		b.start()
		b.wait(time.Second)
		begin := time.Now()
		b.stop()
		if d := time.Since(begin); d != b.q.Grace {
			t.Errorf("stopping took %v", d)
		}
		b.wantArrived("a.test", 1)
		b.wantQueued(2)
		b.wantFates("u0@a.test relayed 250")

		took.Store(0)
		b.start()
		b.wait(0)
		b.wantArrived("a.test", 3)
	})
}

// Nothing is open or due: Run ends at once.
func TestStopIdle(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.start()
		b.wait(0)
		begin := time.Now()
		b.stop()
		if time.Since(begin) != 0 {
			t.Error("stopping took time")
		}
	})
}

func TestBackoff(t *testing.T) {
	q := &Queue{Jitter: func() float64 { return 0.5 }}
	for n, want := range map[int]time.Duration{
		0: time.Minute, 1: time.Minute, 2: 2 * time.Minute, 5: 16 * time.Minute, 9: 256 * time.Minute,
		10: 6 * time.Hour, 11: 6 * time.Hour, 1000: 6 * time.Hour,
	} {
		if got := q.backoff(n); got != want {
			t.Errorf("after %d failures %v, want %v", n, got, want)
		}
	}
	for _, j := range []float64{0, 0.999999} {
		q.Jitter = func() float64 { return j }
		if d := q.backoff(10) - 6*time.Hour; d.Abs() > 37*time.Minute || d.Abs() < 35*time.Minute {
			t.Errorf("jitter of %v", d)
		}
	}
}

func TestExplain(t *testing.T) {
	nullMX := message.Reply{Code: 556, Enhanced: [3]int{5, 1, 10}, Text: "No mail here"}
	cause := errors.New("dial: refused")
	for name, c := range map[string]struct {
		err  error
		code int
		host string
	}{
		"ours":          {fmt.Errorf("open: %w", &Error{Reply: nullMX, Host: "a.test", Err: cause}), 556, "a.test"},
		"a bare reply":  {fmt.Errorf("open: %w", &nullMX), 556, ""},
		"without words": {&Error{Host: "a.test", Err: cause}, 451, "a.test"},
		"anything else": {cause, 451, ""},
	} {
		reply, host := explain(c.err)
		if reply.Code != c.code || host != c.host || reply.Text == "" {
			t.Errorf("%s: %v from %q", name, reply, host)
		}
	}
}
