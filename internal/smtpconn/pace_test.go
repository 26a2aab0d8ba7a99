package smtpconn

import (
	"net"
	"testing"
	"time"
)

// drip sends octets one by one until the connection ends.
func drip(c *client, octet string) {
	go func() {
		for {
			if _, err := c.Write([]byte(octet)); err != nil {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
}

// Octets that drip do not keep a command alive.
func TestDrippingCommand(t *testing.T) {
	f := serve(t, func(o *Options) { o.Idle = 100 * time.Millisecond })
	c := dial(t, f)
	c.want("220")
	drip(c, "x")
	c.want("421 4.4.2")
}

// Nor a body, even where each is in time.
func TestDrippingBody(t *testing.T) {
	f := serve(t, func(o *Options) { o.Data, o.Rate = 100*time.Millisecond, 10_000 })
	c := dial(t, f)
	c.send("HELO me\r\n" + envelope + "DATA\r\n")
	c.want("220", "250", "250", "250", "354")
	drip(c, "x")
	c.want("421 4.4.2")
	if f.kept() != nil {
		t.Error("a cut message was kept")
	}
	c = dial(t, f)
	c.send("EHLO me\r\n" + envelope + "BDAT 1000 LAST\r\n")
	c.want("220", "250", "250", "250")
	drip(c, "x")
	c.want("421 4.4.2")
}

func TestBodyDeadline(t *testing.T) {
	c := &Conn{opt: Options{Data: time.Minute, Rate: 100}}
	c.asked = time.Now()
	at := func(passed time.Duration, arrived int64) time.Duration {
		c.arrived = arrived
		return c.bodyDeadline(c.asked.Add(passed)).Sub(c.asked)
	}
	for _, tt := range []struct {
		passed  time.Duration
		arrived int64
		want    time.Duration
	}{
		{0, 0, time.Minute},
		{30 * time.Second, 0, time.Minute},              // nothing came: the first minute is all
		{30 * time.Second, 1000, 70 * time.Second},      // 10 s worth of it came
		{30 * time.Second, 1 << 20, 90 * time.Second},   // much came: a minute for the next octet
		{10 * time.Minute, 100 * 600, 11 * time.Minute}, // just fast enough
		{10 * time.Minute, 50 * 600, 6 * time.Minute},   // over already
		{time.Hour, 50 << 20, time.Hour + time.Minute},  // a big one
	} {
		if got := at(tt.passed, tt.arrived); got != tt.want {
			t.Errorf("%v, %d octets: %v, want %v", tt.passed, tt.arrived, got, tt.want)
		}
	}
}

// A connection does not last for ever, busy or idle.
func TestLifetime(t *testing.T) {
	f := serve(t, func(o *Options) { o.Lifetime = 50 * time.Millisecond })
	idle := dial(t, f)
	idle.want("220", "421 4.4.2 This connection has lasted")
	idle.wantEOF()
	busy := dial(t, f)
	busy.want("220")
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if _, err := busy.Write([]byte("NOOP\r\n")); err != nil {
			break
		}
		line, err := busy.r.ReadString('\n')
		if err != nil || line[:3] == "421" {
			return
		}
	}
	t.Error("a busy connection lasts on")
}

// Without the options nothing of that holds.
func TestNoPaceByDefault(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	c := newConn(far, Options{Data: time.Minute, Idle: time.Minute}, func() {})
	c.born = c.born.Add(-1000 * time.Hour)
	if c.isOld(time.Now()) || c.bodyDeadline(c.asked).Sub(c.asked) != time.Minute {
		t.Error("an end that nobody asked for")
	}
}
