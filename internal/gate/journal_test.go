package gate

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"buzon/internal/message"
	"buzon/internal/store"
)

// running runs the gate until stop is called.
func running(g *Gate) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); g.Run(ctx) }()
	return func() { cancel(); <-ended }
}

// An attack is one write in ten seconds, and what is the same is one row.
func TestJournalWritesInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h home
		g := at(&h, nil)
		stop := running(g)
		s := visit(t, g, listedIP)
		for range 30 {
			send(t, s, "eva@far.test")
		}
		send(t, s, "kim@far.test")
		if h.written() != 0 {
			t.Error("written at once")
		}
		time.Sleep(journalEvery)
		synctest.Wait()
		if h.written() != 1 || len(h.refused) != 2 {
			t.Fatalf("%d writes, %+v", h.written(), h.refused)
		}
		for _, r := range h.refused {
			if r.Sender == "eva@far.test" && (r.Times != 30 || r.Client != listedIP || r.Recipient != "ana@home.test" || r.Reason != Listed ||
				r.Helo != "mx.far.test" || !strings.HasPrefix(r.Reply, "550 5.7.1 Your server")) {
				t.Errorf("%+v", r)
			}
		}
		time.Sleep(time.Hour)
		if h.written() != 1 {
			t.Error("written for nothing")
		}
		send(t, s, "eva@far.test")
		stop() // the last ones are written too
		if h.written() != 2 || len(h.refused) != 3 {
			t.Errorf("%d writes, %d refusals", h.written(), len(h.refused))
		}
	})
}

func TestJournalBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var h home
		g := at(&h, func(o *Options) {
			o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
		})
		for i := range 3 * journalRows {
			g.journal.refused(store.Refusal{Client: fmt.Sprint(i)})
			g.journal.acquaint(store.Acquaintance{Source: fmt.Sprint(i)})
		}
		running(g)()
		if len(h.refused) != journalRows || len(h.kept) != journalRows || !strings.Contains(log.String(), "lost=1000") {
			t.Errorf("%d refusals, %d acquaintances, %s", len(h.refused), len(h.kept), log.String())
		}
		h.broken = errDisk
		g.journal.refused(store.Refusal{})
		g.journal.acquaint(store.Acquaintance{})
		running(g)()
		if strings.Count(log.String(), "the disk is gone") != 2 {
			t.Errorf("no word of the disk: %s", log.String())
		}
	})
}

// Who brings good mail is known from then on; junk makes nobody known.
func TestAcquaintances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h home
		g := at(&h, nil)
		stop := running(g)
		for _, m := range []struct {
			client, from string
			out          Outcome
		}{
			{friend, "eva@far.test", Outcome{}},
			{friend, "eva@far.test", Outcome{DMARC: true}},
			{friend, "", Outcome{}},
			{"192.0.2.1", "spam@far.test", Outcome{Junk: true, DMARC: true}},
			{"203.0.113.1", "a@b.test", Outcome{}}, // without a name: its network
			{"192.168.1.7", "printer@home.test", Outcome{}},
		} {
			s := visit(t, g, m.client)
			want(t, m.client, send(t, s, m.from), 0)
			s.Accepted(m.out)
		}
		stop()
		got := map[string]bool{}
		for _, a := range h.kept {
			got[strings.TrimSpace(a.Source+" "+a.Domain)] = a.Passed
		}
		if fmt.Sprint(got) != fmt.Sprint(map[string]bool{
			"198.51.100.0/24": false, "good.test far.test": true, "203.0.113.0/24": false, "203.0.113.0/24 b.test": false,
		}) {
			t.Errorf("%v", got)
		}
	})
}

// A refusal that somebody else decided on stands in the list as well, with a hint.
func TestNote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h home
		g := at(&h, nil)
		s := visit(t, g, friend)
		want(t, "MAIL", send(t, s, "eva@far.test"), 0)
		s.Note("dmarc", message.Reply{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "No. " + s.AllowHint()}, message.Address{})
		running(g)()
		if len(h.refused) != 1 || h.refused[0].Reason != "dmarc" || h.refused[0].Host != "mx1.good.test" || h.counted["dmarc"] != 1 ||
			!strings.HasSuffix(h.refused[0].Reply, "No. The owner of this server can allow it with: buzon allow add eva@far.test") {
			t.Errorf("%+v", h.refused)
		}
	})
}

// What a stranger calls himself is put on no command line but where it is harmless.
func TestHintIsHarmless(t *testing.T) {
	for from, want := range map[string]string{
		"eva+shop@far-1.test":     "eva+shop@far-1.test",
		"`reboot`@far.test":       friend,
		"\"x$(reboot)\"@far.test": friend,
		"-rf@far.test":            friend,
		"\"a b\"@far.test":        friend,
		"ñ@far.test":              friend,
		strings.Repeat("x", 60) + "@" + strings.Repeat("y.", 30) + "test": friend,
	} {
		var h home
		g := at(&h, nil)
		s := visit(t, g, friend)
		s.Mail(addr(t, from))
		if got := s.AllowHint(); !strings.HasSuffix(got, "buzon allow add "+want) {
			t.Errorf("%s: %s", from, got)
		}
	}
}

func TestOrganisation(t *testing.T) {
	for host, want := range map[string]string{
		"mx1.mail.good.test": "good.test", "a.b.co.uk": "b.co.uk", "co.uk": "", "": "", "MX.Good.TEST": "good.test",
	} {
		if got := organisation(host); got != want {
			t.Errorf("%s: %q", host, got)
		}
	}
}
