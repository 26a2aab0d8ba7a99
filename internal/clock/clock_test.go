package clock

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"
)

// floor is when the program of these tests was built.
func floor() time.Time { return time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) }

// server is a time server that goes by a clock of its own.
type server struct {
	ahead  time.Duration // of the true time
	change func(answer []byte)
}

// listen answers until the test ends.
func (s server) listen(t *testing.T, truth time.Time) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		b := make([]byte, 512)
		for {
			_, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			answer := answerTo(b, truth.Add(s.ahead))
			if s.change != nil {
				s.change(answer)
			}
			_, _ = c.WriteTo(answer, from)
		}
	}()
	return c.LocalAddr().String()
}

func answerTo(question []byte, at time.Time) []byte {
	answer := make([]byte, packet)
	answer[0], answer[1] = 4<<3|4, 2
	copy(answer[24:], question[40:48])
	since := at.Unix() - time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	binary.BigEndian.PutUint32(answer[40:], uint32(since))
	binary.BigEndian.PutUint32(answer[44:], 1)
	return answer
}

// newClock is a board's: its own clock stands where system says.
func newClock(t *testing.T, system, truth time.Time, keeps bool, servers ...server) *Clock {
	var addresses []string
	for _, s := range servers {
		addresses = append(addresses, s.listen(t, truth))
	}
	if len(addresses) == 0 {
		addresses = []string{}
	}
	return New(Options{
		Floor: floor(), System: func() time.Time { return system }, Kept: func() bool { return keeps }, Servers: addresses,
		Log: slog.New(slog.DiscardHandler),
	})
}

func TestReady(t *testing.T) {
	truth := floor().AddDate(0, 3, 0)
	began := time.Unix(0, 0)
	year := 365 * 24 * time.Hour
	for _, c := range []struct {
		name    string
		system  time.Time
		kept    bool
		servers []server
		want    time.Time // of Now
		unknown bool
	}{
		{name: "kept by the kernel", system: truth, kept: true, want: truth},
		{name: "kept, but before the program was built", system: began, kept: true, want: floor(), unknown: true},
		{name: "a board without a clock", system: began, servers: []server{{}, {}}, want: truth},
		{name: "one server is not enough", system: began, servers: []server{{}}, want: floor(), unknown: true},
		{name: "one of three lies", system: began, servers: []server{{}, {ahead: 4 * year}, {}}, want: truth},
		{name: "all contradict each other", system: began, servers: []server{{}, {ahead: year}, {ahead: 2 * year}}, want: floor(), unknown: true},
		{name: "all are before the program was built", system: began, servers: []server{{ahead: -year}, {ahead: -year}}, want: floor(), unknown: true},
		{name: "all are a lifetime ahead", system: began, servers: []server{{ahead: 50 * year}, {ahead: 50 * year}}, want: floor(), unknown: true},
		{name: "a clock that may be right, and no server", system: truth, want: truth},
		{name: "a clock years ahead", system: truth.Add(5 * year), servers: []server{{}, {}}, want: truth},
		{name: "seconds do not matter", system: truth.Add(3 * time.Second), servers: []server{{}, {}}, want: truth.Add(3 * time.Second)},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := newClock(t, c.system, truth, c.kept, c.servers...)
			if before := clock.Now(); before.Before(floor()) {
				t.Errorf("it began with %v", before)
			}
			if err := clock.Ready(t.Context()); errors.Is(err, ErrUnknown) != c.unknown {
				t.Errorf("%v", err)
			}
			if got := clock.Now(); got.Sub(c.want).Abs() > 2*time.Second {
				t.Errorf("it is %v, want %v", got, c.want)
			}
		})
	}
}

// Somebody sets the system's clock right after all: then it is not put ahead once more. That time passes is something else.
func TestSystemSet(t *testing.T) {
	truth := floor().AddDate(0, 3, 0)
	clock := newClock(t, time.Unix(0, 0), truth, false, server{}, server{})
	system, passed := time.Unix(0, 0), time.Duration(0)
	clock.System = func() time.Time { return system }
	clock.Passed = func() time.Duration { return passed }
	if err := clock.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	system, passed = system.Add(time.Hour), time.Hour
	if now := clock.Now(); now.Sub(truth.Add(time.Hour)).Abs() > 2*time.Second {
		t.Errorf("after an hour it is %v", now)
	}
	passed += time.Second
	system = truth.Add(passed)
	if now := clock.Now(); now.Sub(system).Abs() > time.Second {
		t.Errorf("after the clock was set it is %v", now)
	}
}

// What a server says that cannot be used.
func TestAnswers(t *testing.T) {
	nonce := [8]byte{1, 2, 3}
	question := append(make([]byte, 40), nonce[:]...)
	truth := floor().AddDate(1, 0, 0)
	for name, change := range map[string]func([]byte) []byte{
		"short":             func(b []byte) []byte { return b[:47] },
		"a client":          func(b []byte) []byte { b[0] = 4<<3 | 3; return b },
		"not ours":          func(b []byte) []byte { b[24]++; return b },
		"go away":           func(b []byte) []byte { b[1] = 0; copy(b[12:], "RATE"); return b },
		"not synchronised":  func(b []byte) []byte { b[0] |= 3 << 6; return b },
		"far away":          func(b []byte) []byte { b[1] = 16; return b },
		"slow":              func(b []byte) []byte { b[4] = 1; return b },
		"vague":             func(b []byte) []byte { b[8] = 1; return b },
		"no time":           func(b []byte) []byte { clear(b[40:]); return b },
		"before floor":      func([]byte) []byte { return answerTo(question, floor().AddDate(-1, 0, 0)) },
		"long after floor":  func([]byte) []byte { return answerTo(question, floor().AddDate(30, 0, 0)) },
		"an answer to none": func([]byte) []byte { return nil },
	} {
		if at, err := parseAnswer(change(answerTo(question, truth)), nonce, floor()); err == nil {
			t.Errorf("%s: taken for %v", name, at)
		}
	}
	// The era of 2036 is nothing special.
	late := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	if at, err := parseAnswer(answerTo(question, late), nonce, floor()); err != nil || at.Sub(late).Abs() > time.Second {
		t.Errorf("%v, %v", at, err)
	}
}

func TestCancelled(t *testing.T) {
	clock := newClock(t, time.Unix(0, 0), floor(), false)
	c, err := net.ListenPacket("udp", "127.0.0.1:0") // never answers
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	clock.Servers = []string{c.LocalAddr().String()}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := clock.Ready(ctx); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

func TestBuilt(t *testing.T) {
	if Built().After(time.Now().Add(24 * time.Hour)) {
		t.Errorf("built in the future: %v", Built())
	}
}

func FuzzAnswer(f *testing.F) {
	question := make([]byte, 48)
	f.Add(answerTo(question, floor().AddDate(1, 0, 0)))
	f.Add(make([]byte, 48))
	f.Fuzz(func(t *testing.T, b []byte) {
		at, err := parseAnswer(b, [8]byte{}, floor())
		if err == nil && (at.Before(floor()) || at.After(floor().Add(maxAge))) {
			t.Errorf("%v is told", at)
		}
	})
}
