// Package logring keeps the last lines of the log in memory, for the page that shows them while they come.
//
// A Ring never holds more than 64 KiB, and one line of it never more than 4: the oldest lines go. What it keeps is what the
// console is told from the level info on, whatever the console's own level. Nothing of it is written anywhere, so it ends
// with the process; what must be found later is in the journal of the system.
//
// Passwords and the like are no part of any line by the rule of the house. As a second lock attributes that bear such a
// name are masked here.
package logring

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxRing = 64 << 10 // octets of lines: some 400 of them
	maxLine = 4 << 10  // octets of one: a stack is longer, and its beginning tells most
	freed   = maxRing / 8
)

// Ring is the last lines.
type Ring struct {
	mu    sync.Mutex
	lines []byte   // whole ones, each with its LF
	first uint64   // number of the first of them; the first ever is 1
	next  uint64   // number of the next
	bells []*Watch // of those who look on
}

// New is an empty ring.
func New() *Ring { return &Ring{first: 1, next: 1} }

// Line is one line of the log.
type Line struct {
	Number uint64 // ascending by one from 1
	At     time.Time
	Level  slog.Level
	Text   string // "msg=accepted id=…", as the console has it
}

// Beside gives what is logged to the console's handler and to the ring.
func (r *Ring) Beside(console slog.Handler) slog.Handler {
	options := &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: mask}
	return both{console, slog.NewTextHandler(r, options)}
}

// both is two handlers as one.
type both struct{ console, ring slog.Handler }

// Enabled implements slog.Handler.
func (b both) Enabled(ctx context.Context, l slog.Level) bool {
	return b.console.Enabled(ctx, l) || b.ring.Enabled(ctx, l)
}

// Handle implements slog.Handler.
func (b both) Handle(ctx context.Context, record slog.Record) error {
	if b.ring.Enabled(ctx, record.Level) {
		if err := b.ring.Handle(ctx, record); err != nil {
			return err
		}
	}
	if !b.console.Enabled(ctx, record.Level) {
		return nil
	}
	return b.console.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (b both) WithAttrs(attrs []slog.Attr) slog.Handler {
	return both{b.console.WithAttrs(attrs), b.ring.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (b both) WithGroup(name string) slog.Handler {
	return both{b.console.WithGroup(name), b.ring.WithGroup(name)}
}

// mask is the second lock.
func mask(_ []string, a slog.Attr) slog.Attr {
	name := strings.ToLower(a.Key)
	for _, secret := range []string{"password", "secret", "token", "private", "claim"} {
		if strings.Contains(name, secret) {
			return slog.String(a.Key, "***")
		}
	}
	return a
}

// Write takes one line as slog's handler writes it, with its LF.
func (r *Ring) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := bytes.TrimSuffix(line, []byte{'\n'})
	text = text[:min(len(text), maxLine-1)]
	if len(r.lines)+len(text)+1 > maxRing {
		r.drop(len(text) + 1 + freed)
	}
	r.lines = append(append(r.lines, text...), '\n')
	r.next++
	for _, w := range r.bells {
		w.tell()
	}
	return len(line), nil
}

// drop forgets the oldest lines, of n octets at least: more than is needed, so that few lines pay for it.
func (r *Ring) drop(n int) {
	cut := min(n, len(r.lines))
	cut += bytes.IndexByte(r.lines[cut:], '\n') + 1 // to the end of a line; there is one but where nothing is left
	r.first += uint64(bytes.Count(r.lines[:cut], []byte{'\n'}))
	r.lines = append(r.lines[:0], r.lines[cut:]...)
}

// Lines gives the last n lines, oldest first; fewer if fewer are kept.
func (r *Ring) Lines(n int) []Line {
	r.mu.Lock()
	number, text := r.first, string(r.lines)
	r.mu.Unlock()
	var list []Line
	skip := strings.Count(text, "\n") - n
	for line := range strings.Lines(text) {
		if skip--; skip < 0 {
			list = append(list, parse(number, strings.TrimSuffix(line, "\n")))
		}
		number++
	}
	return list
}

// parse takes the time and the level off, which slog's handler writes first.
func parse(number uint64, text string) Line {
	l := Line{Number: number, Text: text}
	stamp, rest, found := strings.Cut(strings.TrimPrefix(text, "time="), " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if !found || err != nil {
		return l // a record without a time
	}
	level, message, _ := strings.Cut(strings.TrimPrefix(rest, "level="), " ")
	if l.Level.UnmarshalText([]byte(level)) != nil {
		return l
	}
	l.At, l.Text = at, message
	return l
}

// Watch is a bell: C holds one token as soon as there is a new line.
type Watch struct {
	C    chan struct{}
	ring *Ring
}

// Watch looks on until Stop.
func (r *Ring) Watch() *Watch {
	w := &Watch{C: make(chan struct{}, 1), ring: r}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bells = append(r.bells, w)
	return w
}

func (w *Watch) tell() {
	select {
	case w.C <- struct{}{}:
	default: // already rung
	}
}

// Stop ends it.
func (w *Watch) Stop() {
	w.ring.mu.Lock()
	defer w.ring.mu.Unlock()
	w.ring.bells = slices.DeleteFunc(w.ring.bells, func(other *Watch) bool { return other == w })
}
