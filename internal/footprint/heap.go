package footprint

import (
	"context"
	"log/slog"
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

const (
	// How long after the ports are open the start is over: keys are looked at and the way out is chosen by then.
	startTime = 3 * time.Second
	// How often what was needed once is given back: a log-in over TLS touches as much of the program as a start.
	trimEvery = time.Minute
)

// KeepTrimmed gives the memory back that the start needed, once it is over, and then what else was needed for a moment, until
// ctx is over.
func KeepTrimmed(ctx context.Context, log *slog.Logger) {
	for wait := startTime; ; wait = trimEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		debug.FreeOSMemory() // by itself Go keeps for minutes what one log-in needed
		if err := Trim(); err != nil {
			log.Debug("cannot give back memory", "err", err)
			return // nor will it be possible the next time
		}
	}
}
