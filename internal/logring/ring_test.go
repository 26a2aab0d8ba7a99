package logring

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestBothHear(t *testing.T) {
	var console bytes.Buffer
	r := New()
	log := slog.New(r.Beside(slog.NewTextHandler(&console, &slog.HandlerOptions{Level: slog.LevelWarn})))
	log.Debug("small talk")
	log.With("account", "ana@example.org").Info("logged in", "service", "imap")
	log.WithGroup("mail").Warn("slow", "id", 7)
	lines := r.Lines(10)
	if len(lines) != 2 {
		t.Fatalf("%d lines, want those from info on: %+v", len(lines), lines)
	}
	first, second := lines[0], lines[1]
	if first.Text != `msg="logged in" account=ana@example.org service=imap` || first.Level != slog.LevelInfo || first.Number != 1 {
		t.Errorf("first line: %+v", first)
	}
	if second.Text != "msg=slow mail.id=7" || second.Level != slog.LevelWarn || time.Since(second.At) > time.Minute {
		t.Errorf("second line: %+v", second)
	}
	if got := console.String(); strings.Contains(got, "logged in") || !strings.Contains(got, "msg=slow") {
		t.Errorf("the console has its own level: %q", got)
	}
}

// Whatever a line says, attributes with such names are not in it.
func TestNoSecrets(t *testing.T) {
	r := New()
	log := slog.New(r.Beside(slog.DiscardHandler))
	log.Info("x", "password", "hunter2", "relayPassword", "hunter2", "Token", "hunter2", slog.Group("in", "client_secret", "hunter2"))
	if text := r.Lines(1)[0].Text; strings.Contains(text, "hunter2") || strings.Count(text, "***") != 4 {
		t.Errorf("kept: %s", text)
	}
}

// However much is logged, the ring stays within its size, and what it has are whole lines, the last ones, numbered without a gap.
func TestBounded(t *testing.T) {
	r := New()
	log := slog.New(r.Beside(slog.DiscardHandler))
	const n = 5000
	for i := range n {
		log.Info("line", "i", i, "x", strings.Repeat("x", i%300))
		if len(r.lines) > maxRing || cap(r.lines) > 2*maxRing {
			t.Fatalf("after %d lines %d octets of %d", i, len(r.lines), cap(r.lines))
		}
	}
	lines := r.Lines(n)
	if len(lines) < 100 || lines[len(lines)-1].Number != n {
		t.Fatalf("%d lines, the last is %d", len(lines), lines[len(lines)-1].Number)
	}
	for i, l := range lines {
		if want := fmt.Sprintf("msg=line i=%d ", l.Number-1); !strings.HasPrefix(l.Text+" ", want) || l.Number != lines[0].Number+uint64(i) {
			t.Fatalf("line %d is %+v", i, l)
		}
	}
	if few := r.Lines(3); len(few) != 3 || few[2] != lines[len(lines)-1] {
		t.Errorf("the last 3: %+v", few)
	}
}

func TestLongLine(t *testing.T) {
	r := New()
	log := slog.New(r.Beside(slog.DiscardHandler))
	log.Info("panicked", "stack", strings.Repeat("frame ", 100_000))
	log.Info("next")
	lines := r.Lines(10)
	if len(lines) != 2 || len(lines[0].Text) > maxLine || lines[1].Text != "msg=next" {
		t.Errorf("%d lines", len(lines))
	}
}

func TestWatch(t *testing.T) {
	r := New()
	log := slog.New(r.Beside(slog.DiscardHandler))
	w := r.Watch()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 100 {
				log.Info("x")
			}
		})
	}
	all.Wait() // nobody listens meanwhile, and nobody waits for that
	<-w.C
	select {
	case <-w.C:
		t.Error("two tokens")
	default:
	}
	w.Stop()
	log.Info("x")
	select {
	case <-w.C:
		t.Error("rung after Stop")
	default:
	}
	if len(r.bells) != 0 {
		t.Error("the bell is kept")
	}
}
