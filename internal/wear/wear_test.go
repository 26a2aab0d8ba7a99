package wear

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"buzon/internal/store"
)

const mega = 1 << 20

func day(s string, f store.Figure) store.Figure { f.Day = s; return f }

func TestReport(t *testing.T) {
	now := time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)
	var week []store.Figure // twelve whole days and some of today
	for d := now; len(week) < 13; d = d.AddDate(0, 0, -1) {
		n := int64(len(week))
		week = append(week, day(d.Format(time.DateOnly), store.Figure{File: (40 - n) * mega, Written: n * mega, Device: 2 * n * mega}))
	}
	for _, c := range []struct {
		name string
		days []store.Figure
		want Report
	}{
		{"nothing noted", nil, Report{}},
		{"today alone", week[:1], Report{}},
		{"today so far is no day of the mean", week[:2], Report{Written: mega, Device: 2 * mega, Days: 1, Growth: 2 * mega}},
		{"a week is the mean, growth is older", week, Report{Written: 4 * mega, Device: 8 * mega, Days: 7, Growth: 13 * mega / 12}},
		{"a device that told for one day of two", []store.Figure{
			day("2026-11-21", store.Figure{Written: 4}), day("2026-11-20", store.Figure{Written: 2, Device: 10}),
		}, Report{Written: 3, Device: 10, Days: 2, Growth: 41 * mega / 2}},
		{"a file that shrinks", []store.Figure{day("2026-11-20", store.Figure{File: 50 * mega})}, Report{Days: 1}},
		{"a clock that was ahead", []store.Figure{day("2027-01-01", store.Figure{Written: 5})}, Report{Today: 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Space = Space{Used: 1, Free: 100 * mega, File: 41 * mega}
			if got := report(c.want.Space, c.days, now); got != c.want {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
		})
	}
	if full := (Report{Space: Space{Free: 100}, Growth: 7}).Full(); full != 14 {
		t.Errorf("full in %d days, want 14", full)
	}
	if full := (Report{Space: Space{Free: 100 << 30}, Growth: 7}).Full(); full != 0 {
		t.Errorf("full in %d days, which nobody believes", full)
	}
	if full := (Report{Space: Space{Free: 100}}).Full(); full != 0 {
		t.Errorf("full in %d days although it does not grow", full)
	}
}

func TestMeasure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "buzon.db")
	write(t, path, strings.Repeat("x", 1000))
	s, err := Measure(path)
	if err != nil || s.File != 1000 || s.Free <= 0 || s.Used <= 0 {
		t.Errorf("file alone: %+v, %v", s, err)
	}
	write(t, path+"-wal", "12345")
	if s, err = Measure(path); err != nil || s.File != 1005 {
		t.Errorf("with its log: %+v, %v", s, err)
	}
	if _, err = Measure(filepath.Join(path, "nothing")); err == nil {
		t.Error("of what is not there")
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCounters(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/io", "rchar: 1\nwrite_bytes: 4096\ncancelled_write_bytes: 7\n")
	write(t, dir+"/odd", "write_bytes: -3\n")
	for file, want := range map[string]int64{"io": 4096, "odd": 0, "none": 0} {
		if got := written(filepath.Join(dir, file)); got != want {
			t.Errorf("written of %s: %d, want %d", file, got, want)
		}
	}
	// A partition's figures are those of its device, behind a symbolic link as in /sys.
	write(t, dir+"/devices/card/stat", "    5 0 10 1 7 0 20 3 0 8 9\n")
	write(t, dir+"/devices/card/device/life_time", "0x02 0x03\n")
	write(t, dir+"/devices/card/card1/stat", "1 1 1 1 1 1 1\n")
	write(t, dir+"/devices/card/card1/partition", "1\n")
	if err := os.Symlink("devices/card/card1", dir+"/179:1"); err != nil {
		t.Fatal(err)
	}
	folder := whole(dir + "/179:1")
	if got := taken(folder); got != 20*512 {
		t.Errorf("taken: %d", got)
	}
	if got := life(folder); got != 30 {
		t.Errorf("life: %d", got)
	}
	if got := whole(dir + "/devices/card"); got != dir+"/devices/card" {
		t.Errorf("a whole device is %q", got)
	}
	for _, unknown := range []string{whole(dir + "/8:0"), dir} {
		if taken(unknown) != 0 || life(unknown) != 0 {
			t.Errorf("something of %q", unknown)
		}
	}
	for content, want := range map[string]int{"0x0b 0x01": 100, "0x00 0x00": 0, "0xff": 0, "nonsense": 0} {
		write(t, dir+"/x/device/life_time", content)
		if got := life(dir + "/x"); got != want {
			t.Errorf("life %q: %d, want %d", content, got, want)
		}
	}
	if device(sysBlock, dir+"/none") != "" {
		t.Error("the device of nothing")
	}
}

// newKeeper is one whose counters a test writes.
func newKeeper(t *testing.T, now func() time.Time) (*Keeper, func(octets string)) {
	t.Helper()
	dir := t.TempDir()
	count := func(octets string) { write(t, dir+"/io", "write_bytes: "+octets+"\n") }
	count("1000")
	st, err := store.Open(t.Context(), dir+"/buzon.db", store.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return New(Options{Store: st, Path: dir + "/buzon.db", Now: now, Log: slog.New(slog.DiscardHandler), ProcIO: dir + "/io", SysBlock: dir}), count
}

// What was written adds up over a day, whatever process it was, and what was not noted yet is told.
func TestSamples(t *testing.T) {
	now := time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)
	k, count := newKeeper(t, func() time.Time { return now })
	sample := func() {
		t.Helper()
		if err := k.Sample(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	count("1500")
	if r, err := k.Report(t.Context()); err != nil || r.Today != 500 {
		t.Errorf("before a sample: %+v, %v", r, err)
	}
	sample()
	count("1700")
	sample()
	count("40") // began anew
	if r, err := k.Report(t.Context()); err != nil || r.Today != 740 || r.Days != 0 {
		t.Errorf("on the first day: %+v, %v", r, err)
	}
	now = now.AddDate(0, 0, 1)
	if r, err := k.Report(t.Context()); err != nil || r.Today != 40 || r.Days != 1 || r.Written != 700 {
		t.Errorf("on the second: %+v, %v", r, err)
	}
}

// A sample comes soon after the start, then each evening, and one at the end.
func TestRun(t *testing.T) {
	var clock time.Time
	k, count := newKeeper(t, func() time.Time { return clock })
	days := func() (list []string) {
		figures, err := k.Store.Figures(context.Background(), 100)
		if err != nil {
			t.Error(err)
		}
		for _, f := range figures {
			list = append(list, f.Day)
		}
		return list
	}
	if got := untilEvening(time.Date(2026, 11, 22, 23, 59, 0, 0, time.UTC)); got != 24*time.Hour {
		t.Errorf("in the evening it is %v to the next", got)
	}
	if got := untilEvening(time.Date(2026, 11, 22, 23, 58, 59, 0, time.UTC)); got != time.Second {
		t.Errorf("just before it is %v", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	clock = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	k.Run(ctx) // a server that is stopped at once writes nothing
	if got := days(); len(got) != 0 {
		t.Errorf("days: %v", got)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan struct{})
		var notes atomic.Int32
		go func() {
			defer close(ended)
			loop(ctx, time.Now, func(context.Context) { notes.Add(1) })
		}()
		for i, want := range []struct {
			wait  time.Duration
			notes int32
		}{{59 * time.Second, 0}, {2 * time.Second, 1}, {23 * time.Hour, 1}, {time.Hour, 2}, {24 * time.Hour, 3}} {
			time.Sleep(want.wait)
			synctest.Wait()
			if got := notes.Load(); got != want.notes {
				t.Errorf("step %d: %d samples, want %d", i, got, want.notes)
			}
		}
		stop()
		<-ended
		if got := notes.Load(); got != 4 {
			t.Errorf("at the end %d samples", got)
		}
	})
	count("5000")
	k.note(t.Context())
	if got := days(); len(got) != 1 || got[0] != "2026-11-22" {
		t.Errorf("days: %v", got)
	}
}
