package imap

import (
	"context"
	"slices"
	"strings"
)

func (f *fakeBackend) Arrive(Peer) {}

func (f *fakeBackend) Named(client string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.named = append(f.named, client)
}

func (f *fakeBackend) Leave() { f.left.Add(1) }

// Hidden takes entries as imap.hide has them, but for accounts.
func (f *fakeBackend) Hidden(client string) (hidden []string) {
	for _, h := range f.hidden {
		who, capability, ok := strings.Cut(h, ":")
		if !ok {
			capability = h
		} else if who != "id="+client {
			continue
		}
		hidden = append(hidden, capability)
	}
	return hidden
}

func (f *fakeBackend) MetadataSize() int64 { return 100 }

func (f *fakeBackend) Quota(ctx context.Context) (Quota, error) {
	boxes, err := f.Mailboxes(ctx)
	q := Quota{Octets: 1 << 20, Messages: 1000, Mailboxes: 10, UsedMailboxes: int64(len(boxes))}
	for _, b := range boxes {
		q.UsedMessages += b.Total
		q.UsedOctets += b.Size
	}
	return q, err
}

func (f *fakeBackend) DeletedSize(_ context.Context, name string) (size int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, err := f.find(name)
	if err != nil {
		return 0, err
	}
	for i := range b.messages {
		if b.messages[i].Flags&Deleted != 0 {
			size += b.messages[i].Size
		}
	}
	return size, nil
}

// notes gives the annotations of a mailbox.
func (f *fakeBackend) notes(mailbox string) (map[string][]byte, error) {
	if f.annotations == nil {
		f.annotations = map[string]map[string][]byte{}
	}
	if mailbox != "" && f.boxes[mailbox] == nil {
		return nil, ErrNoMailbox
	}
	if f.annotations[mailbox] == nil {
		f.annotations[mailbox] = map[string][]byte{}
	}
	return f.annotations[mailbox], nil
}

func (f *fakeBackend) Annotations(_ context.Context, mailbox string) ([]Annotation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	notes, err := f.notes(mailbox)
	var list []Annotation
	for entry, value := range notes {
		list = append(list, Annotation{Entry: entry, Size: int64(len(value))})
	}
	slices.SortFunc(list, func(a, b Annotation) int { return strings.Compare(a.Entry, b.Entry) })
	return list, err
}

func (f *fakeBackend) Annotation(_ context.Context, mailbox, entry string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	notes, err := f.notes(mailbox)
	return notes[entry], err
}

func (f *fakeBackend) Annotate(_ context.Context, mailbox string, list []Annotation) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	notes, err := f.notes(mailbox)
	if err != nil {
		return err
	}
	if len(notes)+len(list) > 10 {
		return ErrMetadataFull
	}
	for _, a := range list {
		if a.Value == nil {
			delete(notes, a.Entry)
		} else {
			notes[a.Entry] = a.Value
		}
	}
	f.ring()
	return nil
}

func (x *fakeBox) Replace(_ context.Context, uid uint32, to string, d Draft) (uint32, uint32, error) {
	x.f.mu.Lock()
	defer x.f.mu.Unlock()
	dst, err := x.f.find(to)
	if err != nil {
		return 0, 0, err
	}
	if x.drop(func(m *fakeMessage) bool { return m.UID == uid }).Len() == 0 {
		return 0, 0, ErrNoMessage
	}
	now := x.f.file(dst, d.Body.(fakeReceived).body, d.Flags, d.Received)
	dst.ring()
	return dst.UIDValidity, now, nil
}
