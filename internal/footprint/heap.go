package footprint

import (
	"context"
	"os"
	"runtime/debug"
	"time"
)

// Frugal makes the collector keep the heap near what is in use: at rest that is 3 of 64 MB, and a busy server pays some
// per cent of speed. Whoever sets GOGC or GOMEMLIMIT knows better.
func Frugal() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(50)
	}
}

// startTime is how long after the ports are open the start is over: keys are looked at and the way out is chosen by then.
const startTime = 3 * time.Second

// TrimSoon is Trim once the start is over, unless ctx is over first.
func TrimSoon(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(startTime):
	}
	return Trim()
}
