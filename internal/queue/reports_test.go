package queue

import (
	"context"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
	"buzon/internal/store"
)

// wantReports counts reports by their Action.
func wantReports(t *testing.T, mails []string, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	for _, m := range mails {
		_, rest, _ := strings.Cut(m, "\r\nAction: ")
		action, _, _ := strings.Cut(rest, "\r\n")
		got[action]++
		if !strings.HasPrefix(m, "Return-Path: <>\r\nDelivered-To: ") || !strings.Contains(m, "\r\nAuto-Submitted: auto-replied\r\n") {
			t.Errorf("not a report:\n%s", m)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("reports %v, want %v", got, want)
	}
}

// One report for an envelope, whatever the number of its recipients.
func TestBounce(t *testing.T) {
	inBubble(t, func(b *bed) {
		ana := b.account("ana")
		b.answer = func(_ string, to message.Address) message.Reply {
			if to.Local == "yes" {
				return ok
			}
			return nobody
		}
		b.queue("yes@a.test u1@a.test u2@a.test")
		b.start()
		b.wait(0)
		b.wantQueued(0)
		mails := b.mailbox(ana)
		wantReports(t, mails, map[string]int{"failed": 1})
		for _, want := range []string{
			"From: ", "MAILER-DAEMON@example.test", "To: <ana@example.test>", "u1@a.test", "u2@a.test",
			"Diagnostic-Code: smtp; 550 5.1.1 No such person", "Remote-MTA: dns; mx.a.test",
		} {
			if !strings.Contains(mails[0], want) {
				t.Errorf("%q is not in\n%s", want, mails[0])
			}
		}
		if strings.Contains(mails[0], "yes@a.test") {
			t.Errorf("who got it is in\n%s", mails[0])
		}
	})
}

// NOTIFY decides, and the null sender never hears of anything (RFC 3461 §4.1, RFC 5321 §6.1).
func TestWhoIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		from   string
		notify store.Notify
		dsn    bool
		reply  message.Reply
		want   map[string]int
	}{
		"failure, nothing said":           {"ana@example.test", 0, false, nobody, map[string]int{"failed": 1}},
		"failure, asked for":              {"ana@example.test", store.NotifyFailure, false, nobody, map[string]int{"failed": 1}},
		"failure, only success asked for": {"ana@example.test", store.NotifySuccess, false, nobody, nil},
		"failure, never":                  {"ana@example.test", store.NotifyNever, false, nobody, nil},
		"failure of a report":             {"", 0, false, nobody, nil},
		"success, nothing said":           {"ana@example.test", 0, false, ok, nil},
		"success beyond which no DSN":     {"ana@example.test", store.NotifySuccess, false, ok, map[string]int{"relayed": 1}},
		"success, the far side's":         {"ana@example.test", store.NotifySuccess, true, ok, nil},
		"success, never":                  {"ana@example.test", store.NotifyNever, false, ok, nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				ana := b.account("ana")
				b.dsn = c.dsn
				b.answer = func(string, message.Address) message.Reply { return c.reply }
				o := store.Outgoing{To: []store.Recipient{{Address: addr("u@a.test"), Notify: c.notify}}}
				if c.from != "" {
					o.From = addr(c.from)
				}
				b.accept(o)
				b.start()
				b.wait(0)
				b.wantQueued(0)
				wantReports(t, b.mailbox(ana), c.want)
			})
		})
	}
}

// Warned once after the time for it, given up after that for it.
func TestWarnAndGiveUp(t *testing.T) {
	for name, refuse := range map[string]bool{"the domain is down": true, "each is deferred": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				ana := b.account("ana")
				b.set("send.warn-after", "10m")
				b.set("send.give-up-after", "1h")
				b.answer = func(string, message.Address) message.Reply { return tryLater }
				if refuse {
					b.refuse = func(string) error { return noAnswer }
				}
				b.queue("u1@a.test u2@a.test", "u3@a.test")
				b.accept(store.Outgoing{From: addr("ana@example.test"), To: []store.Recipient{
					{Address: addr("quiet@a.test"), Notify: store.NotifyNever}, {Address: addr("nodelay@a.test"), Notify: store.NotifyFailure}}})
				b.start()
				b.wait(9 * time.Minute)
				wantReports(t, b.mailbox(ana), nil)
				b.wait(50 * time.Minute)
				wantReports(t, b.mailbox(ana), map[string]int{"delayed": 2})
				b.wait(2 * time.Hour)
				wantReports(t, b.mailbox(ana), map[string]int{"delayed": 2, "failed": 3})
				b.wantQueued(0)
			})
		})
	}
}

// The box was off for longer than mail may wait: one attempt first.
func TestOldMailHasItsAttempt(t *testing.T) {
	inBubble(t, func(b *bed) {
		ana := b.account("ana")
		b.queue("u1@a.test")
		b.wait(0)
		b.set("send.warn-after", "10m")
		b.set("send.give-up-after", "1h")
		b.wait(2 * time.Hour)
		b.start()
		b.wait(0)
		b.wantArrived("a.test", 1)
		wantReports(t, b.mailbox(ana), nil)
	})
}

// Null MX, no such domain: the mail goes back at once (RFC 7505 §4).
func TestDomainTakesNoMail(t *testing.T) {
	inBubble(t, func(b *bed) {
		ana := b.account("ana")
		b.refuse = func(string) error {
			return &message.Reply{Code: 556, Enhanced: [3]int{5, 1, 10}, Text: "a.test takes no mail"}
		}
		b.queue("u1@a.test", "u2@a.test")
		b.start()
		b.wait(0)
		b.wantQueued(0)
		b.wantFates("u1@a.test failed 556", "u2@a.test failed 556")
		wantReports(t, b.mailbox(ana), map[string]int{"failed": 2})
	})
}

// A foreign sender's report is queued, from the null sender; when that fails too, nobody is told.
func TestForeignSender(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.answer = func(string, message.Address) message.Reply { return nobody }
		b.q.Sign = func(_ context.Context, body *io.SectionReader) ([]byte, error) {
			return []byte("DKIM-Signature: x\r\n"), nil
		}
		b.q.Sender = func(_ context.Context, from message.Address) (message.Address, bool) {
			if strings.HasPrefix(from.Local, "SRS0=") {
				return addr("eva@far.test"), true
			}
			return from, false
		}
		b.queueFrom("bob@other.test", "u1@a.test")
		b.queueFrom("SRS0=abc=far.test=eva@example.test", "u2@a.test")
		b.start()
		b.wait(0)
		b.wantQueued(0)
		for _, to := range []string{"bob@other.test", "eva@far.test"} {
			domain := addr(to).Domain
			b.wantArrived(domain, 1)
			for _, s := range b.sent {
				if s.domain != domain {
					continue
				}
				if !s.From.IsZero() || s.To[0].Address != addr(to) || s.To[0].Notify != "NEVER" || !strings.HasPrefix(s.head, "DKIM-Signature: x\r\nFrom: ") {
					t.Errorf("report to %s: from %q to %+v, begins %q", to, s.From, s.To, s.head)
				}
			}
		}
	})
}

// The address is no more, the account that sent is: it gets the report. Without either it is logged.
func TestSenderGone(t *testing.T) {
	inBubble(t, func(b *bed) {
		ana := b.account("ana")
		b.answer = func(string, message.Address) message.Reply { return nobody }
		to := []store.Recipient{{Address: addr("u@a.test")}}
		b.accept(store.Outgoing{From: addr("shop@example.test"), Account: ana.ID, To: to})
		b.accept(store.Outgoing{From: addr("nobody@example.test"), To: to})
		b.start()
		b.wait(0)
		b.wantQueued(0)
		wantReports(t, b.mailbox(ana), map[string]int{"failed": 1})
		if !strings.Contains(b.logs.String(), "report not made") {
			t.Error("the lost report is not in the log")
		}
	})
}

// The language is the setting's.
func TestLanguage(t *testing.T) {
	inBubble(t, func(b *bed) {
		ana := b.account("ana")
		b.set("language", "es")
		b.answer = func(string, message.Address) message.Reply { return nobody }
		b.queue("u@a.test")
		b.start()
		b.wait(0)
		if mails := b.mailbox(ana); len(mails) != 1 || !strings.Contains(mails[0], "Content-Language: es") {
			t.Errorf("not in Spanish: %q", mails)
		}
	})
}
