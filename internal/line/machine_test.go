package line

import (
	"encoding/binary"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"buzon/internal/clock"
	"buzon/internal/finding"
)

func TestDisk(t *testing.T) {
	t.Parallel()
	const mb, gb = 1 << 20, 1 << 30
	for _, c := range []struct {
		name    string
		space   space
		verdict finding.Verdict
		reason  string
	}{
		{"room", space{free: 20 * gb, size: 32 * gb}, finding.Pass, "line_disk_room"},
		{"a small card, half empty", space{free: 900 * mb, size: 2 * gb}, finding.Pass, "line_disk_room"},
		{"little", space{free: 900 * mb, size: 32 * gb}, finding.Warn, "line_disk_small"},
		{"full", space{free: 100 * mb, size: 500 * mb}, finding.Fail, "line_disk_full"},
		{"worn out", space{free: 20 * gb, size: 32 * gb, readOnly: true}, finding.Fail, "line_disk_read_only"},
	} {
		want(t, c.name, c.space.judge(), c.verdict, c.reason)
	}
	if f := Disk(t.TempDir()); f.Verdict == finding.Unknown {
		t.Errorf("%+v", f)
	}
	want(t, "no folder", Disk(filepath.Join(t.TempDir(), "none")), finding.Unknown, "line_disk_unknown")
	if got := megabytes(129 * mb); got != "120 MB" {
		t.Error(got)
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	kept := func(system time.Time, kept bool, floor time.Time) *clock.Clock {
		return clock.New(clock.Options{
			System: func() time.Time { return system }, Kept: func() bool { return kept }, Servers: []string{}, Floor: floor,
			Passed: func() time.Duration { return 0 }, Log: slog.New(slog.DiscardHandler),
		})
	}
	want(t, "kept", Clock(t.Context(), kept(epoch, true, time.Time{})), finding.Pass, "line_clock_right")
	want(t, "perhaps", Clock(t.Context(), kept(epoch, false, time.Time{})), finding.Unknown, "line_clock_unknown")
	want(t, "1970", Clock(t.Context(), kept(time.Unix(0, 0), false, epoch)), finding.Fail, "line_clock_wrong")
	want(t, "none", Clock(t.Context(), nil), finding.Unknown, "line_clock_unknown")
}

// Buzon goes by time servers where the machine is wrong, and says so.
func TestClockOff(t *testing.T) {
	t.Parallel()
	server := timeServer(t, epoch.Add(time.Hour))
	c := clock.New(clock.Options{
		System: func() time.Time { return epoch }, Kept: func() bool { return false }, Servers: []string{server, server},
		Passed: func() time.Duration { return 0 }, Floor: epoch.AddDate(-1, 0, 0), Log: slog.New(slog.DiscardHandler),
	})
	f := Clock(t.Context(), c)
	want(t, "off", f, finding.Warn, "line_clock_off")
	if f.Reason.Args[1] != "1h0m0s" {
		t.Errorf("%+v", f)
	}
}

// timeServer tells everybody one time (RFC 5905 §7.3).
func timeServer(t *testing.T, now time.Time) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		packet := make([]byte, 48)
		for {
			_, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			copy(packet[24:32], packet[40:48])
			packet[0], packet[1] = 4<<3|4, 2
			begin := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
			binary.BigEndian.PutUint64(packet[40:], uint64(now.Unix()-begin.Unix())<<32)
			conn.WriteTo(packet, from)
		}
	}()
	return conn.LocalAddr().String()
}
