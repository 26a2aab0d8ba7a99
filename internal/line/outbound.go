package line

import (
	"context"

	"buzon/internal/finding"
)

// The ways of the settings.
const (
	wayDirect = "direct"
	wayRelay  = "relay"
)

// Outbound tells whether servers of the world are reached on port 25.
func (l *Line) Outbound(ctx context.Context) finding.Finding {
	open, known := l.Port25(ctx)
	switch {
	case open:
		return finding.Passed(say("line_outbound_open"))
	case !known:
		return finding.NotKnown(say("line_outbound_unknown"), say("line_cure_network"))
	case l.Way == wayDirect:
		return finding.Failed(say("line_outbound_shut"), say("line_cure_way"))
	case len(l.Relays) > 0:
		return finding.Passed(say("line_outbound_shut_relay"))
	}
	return finding.Failed(say("line_outbound_shut"), say("line_cure_relay"))
}

// Relay tells whether one is needed, and whether those that are there let us in.
func (l *Line) Relay(ctx context.Context) finding.Finding {
	if l.Way == wayDirect {
		return finding.Passed(say("line_relay_direct"))
	}
	if len(l.Relays) == 0 {
		return l.relayNeeded(ctx)
	}
	var worked, failed, detail string
	for _, r := range l.Relays {
		ok, why := r.Try(ctx)
		switch {
		case ok && worked == "":
			worked = r.Name
		case !ok && failed == "":
			failed, detail = r.Name, why
		}
	}
	switch {
	case failed == "":
		return finding.Passed(say("line_relay_works", "relay", worked))
	case worked != "":
		return finding.Warned(say("line_relay_one_failed", "relay", worked, "other", failed, "detail", detail), say("line_cure_relay_test"))
	}
	return finding.Failed(say("line_relay_failed", "relay", failed, "detail", detail), say("line_cure_relay_test"))
}

func (l *Line) relayNeeded(ctx context.Context) finding.Finding {
	open, known := l.Port25(ctx)
	switch {
	case l.Way == wayRelay:
		return finding.Failed(say("line_relay_missing"), say("line_cure_relay"))
	case open:
		return finding.Passed(say("line_relay_not_needed"))
	case known:
		return finding.Failed(say("line_relay_needed"), say("line_cure_relay"))
	}
	return finding.NotKnown(say("line_relay_unknown"), say("line_cure_network"))
}
