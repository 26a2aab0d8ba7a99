package pop3

import (
	"cmp"
	"context"
	"iter"
	"slices"
)

// Marks of a Message, in the two bits that its size does not need.
const (
	deleted uint32 = 1 << 31 // by DELE
	fetched uint32 = 1 << 30 // by RETR
)

func (m Message) octets() int64 { return int64(m.Size & MaxSize) }

func (m Message) has(mark uint32) bool { return m.Size&mark != 0 }

// drop is the maildrop as it was when the session began (RFC 1939 §5), with what the session did to it since. Numbers of
// messages start at one.
type drop struct {
	Maildrop
	list   []Message
	count  int   // not marked deleted
	octets int64 // of those
	ahead  ahead
}

func openDrop(ctx context.Context, account Account) (*drop, error) {
	m, err := account.Open(ctx)
	if err != nil {
		return nil, err
	}
	list, err := m.List(ctx)
	if err != nil {
		m.Close()
		return nil, err
	}
	d := &drop{Maildrop: m, list: list}
	d.recount()
	return d, nil
}

func (d *drop) recount() {
	d.count, d.octets = len(d.list), 0
	for _, m := range d.list {
		d.octets += m.octets()
	}
}

// remove marks message n.
func (d *drop) remove(n int) {
	m := &d.list[n-1]
	m.Size |= deleted
	d.count--
	d.octets -= m.octets()
}

// reset takes all deletions back. What was fetched stays fetched.
func (d *drop) reset() {
	for i := range d.list {
		d.list[i].Size &^= deleted
	}
	d.recount()
}

// marked gives the UIDs of the messages with a mark.
func (d *drop) marked(mark uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for _, m := range d.list {
			if m.has(mark) && !yield(m.UID) {
				return
			}
		}
	}
}

// kept gives the UIDs of the messages that were fetched and stay.
func (d *drop) kept() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for _, m := range d.list {
			if m.has(fetched) && !m.has(deleted) && !yield(m.UID) {
				return
			}
		}
	}
}

// countMarked is how many messages have a mark.
func (d *drop) countMarked(mark uint32) int {
	n := 0
	for range d.marked(mark) {
		n++
	}
	return n
}

// open gives the body of message n, or ErrGone when somebody removed it meanwhile.
func (d *drop) open(ctx context.Context, n int) (Body, error) {
	vanished, err := d.Vanished(ctx)
	if err != nil {
		return nil, err
	}
	for uid := range vanished {
		d.forget(uid)
	}
	m := d.list[n-1]
	if m.Body == 0 {
		return nil, ErrGone
	}
	if o, ok := d.ahead.take(n); ok {
		return o.body, o.err
	}
	return d.Body(ctx, m)
}

// close gives the maildrop back.
func (d *drop) close() {
	d.ahead.release()
	d.Close()
}

// forget notes that a message has no body any more. It keeps its number, its size and its UIDL: those must not change
// within a session (RFC 1939 §5).
func (d *drop) forget(uid uint32) {
	i, ok := slices.BinarySearchFunc(d.list, uid, func(m Message, uid uint32) int { return cmp.Compare(m.UID, uid) })
	if ok {
		d.list[i].Body = 0
	}
}
