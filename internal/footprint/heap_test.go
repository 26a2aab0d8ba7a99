package footprint

import (
	"bytes"
	"context"
	"log/slog"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

// It goes on for as long as it is wanted, and no longer.
func TestKeepTrimmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), startTime+2*trimEvery+time.Second)
		defer cancel()
		begin := time.Now()
		KeepTrimmed(ctx, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		if log.Len() > 0 {
			t.Skip(log.String()) // this kernel does not let go
		}
		if lasted := time.Since(begin); lasted != startTime+2*trimEvery+time.Second {
			t.Errorf("lasted %v", lasted)
		}
	})
}

// Whoever sets the variables of the runtime knows better.
func TestFrugal(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	percent := func() int {
		now := debug.SetGCPercent(100)
		debug.SetGCPercent(now)
		return now
	}
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Setenv("GOGC", "")
		t.Setenv("GOMEMLIMIT", "")
		t.Setenv(name, "80")
		if Frugal(); percent() != 100 {
			t.Errorf("%s is not heeded: %d", name, percent())
		}
	}
	t.Setenv("GOMEMLIMIT", "")
	if Frugal(); percent() != 50 {
		t.Errorf("%d per cent", percent())
	}
}
