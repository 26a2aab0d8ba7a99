package line

import (
	"context"
	"time"

	"buzon/internal/clock"
	"buzon/internal/finding"
)

// tolerable is how wrong a clock may be before mail and certificates suffer.
const tolerable = time.Minute

// Clock tells whether the time is right. c may be nil.
func Clock(ctx context.Context, c *clock.Clock) finding.Finding {
	if c == nil {
		return finding.NotKnown(say("line_clock_unknown"), say("line_cure_clock"))
	}
	if err := c.Ready(ctx); err != nil {
		return finding.Failed(say("line_clock_wrong"), say("line_cure_clock"))
	}
	off := c.System().Sub(c.Now()).Abs().Round(time.Minute)
	switch {
	case off > tolerable:
		return finding.Warned(say("line_clock_off", "time", off.String()), say("line_cure_clock_set"))
	case c.Known():
		return finding.Passed(say("line_clock_right"))
	}
	return finding.NotKnown(say("line_clock_unknown"), say("line_cure_clock"))
}
