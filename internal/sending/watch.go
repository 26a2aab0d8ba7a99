package sending

import (
	"context"
	"slices"

	"buzon/internal/outbound"
	"buzon/internal/store"
	"buzon/internal/text"
)

// NoteWay is the store's note that holds the way mail takes: the key of a sentence, and the relay in it.
const NoteWay = "send.way"

// watch chooses the way at the start and whenever somebody changed what it depends on.
func (s *Sending) watch(ctx context.Context) {
	bell := s.Store.WatchQueue() // rings also when another process wrote
	defer bell.Stop()
	known := s.known(ctx)
	s.choose(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-bell.C:
		}
		if now := s.known(ctx); !now.equal(known) {
			known = now
			s.Queue.Nudge()
			s.choose(ctx)
		}
	}
}

// ways is what the way out depends on.
type ways struct {
	way, source, resolver string
	relays                []store.Relay
}

func (s *Sending) known(ctx context.Context) ways {
	settings := s.Store.Settings()
	relays, err := s.Store.Relays(ctx)
	if err != nil && ctx.Err() == nil {
		s.Log.Error("cannot list relays", "err", err)
	}
	return ways{settings.SendWay, settings.SourceAddress, settings.Resolver, relays}
}

func (w ways) equal(o ways) bool {
	return w.way == o.way && w.source == o.source && w.resolver == o.resolver && slices.Equal(w.relays, o.relays)
}

// choose looks which way is open, and tells it in a sentence.
func (s *Sending) choose(ctx context.Context) {
	choice, err := s.Sender.Choose(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.Log.Error("cannot choose the way of mail", "err", err)
	default:
		s.noteWay(ctx, choice)
	}
}

// noteWay keeps the way for who asks for the status, and logs it.
func (s *Sending) noteWay(ctx context.Context, c outbound.Choice) {
	s.Log.Info("chose how mail leaves", "way", c.Way, "because", text.Load(text.Default).Say(c.Key, "relay", c.Relay))
	if err := s.Store.Note(ctx, NoteWay, c.Key+" "+c.Relay); err != nil && ctx.Err() == nil {
		s.Log.Error("cannot keep how mail leaves", "err", err)
	}
}
