package clock

import (
	"runtime/debug"
	"time"
)

// Built is a time at which this program certainly existed: when its source was last changed, where it was built from
// version control, else when this line was written.
func Built() time.Time {
	written := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return written
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			if t, err := time.Parse(time.RFC3339, s.Value); err == nil && t.After(written) {
				return t
			}
		}
	}
	return written
}
