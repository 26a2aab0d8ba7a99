package update

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// control is a first process that answers as serve says.
func control(t *testing.T, serve func(*Call) error) Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "control.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if c, err := Accept(conn); err == nil {
					serve(c)
				}
			}()
		}
	}()
	return Client{Socket: socket}
}

func TestStatus(t *testing.T) {
	want := Status{Version: "1.2", Board: "rpi", Slot: "b", Trial: true, Last: &Outcome{Version: "1.2", From: "1.1", Result: OutcomeTrial},
		Network: []Link{{Name: "eth0", Up: true, Addresses: []string{"192.0.2.1/24"}}}, Memory: Memory{Total: 1 << 29}}
	c := control(t, func(c *Call) error {
		if c.Do != DoStatus {
			return c.End(Answer{}, ErrFailed)
		}
		return c.End(Answer{Status: &want}, nil)
	})
	got, err := c.Status(t.Context())
	if err != nil || fmt.Sprintf("%+v", got.Network) != fmt.Sprintf("%+v", want.Network) || got.Version != "1.2" || !got.Trial || *got.Last != *want.Last {
		t.Errorf("%+v, %v", got, err)
	}
	if err := c.Do(t.Context(), DoReboot); !errors.Is(err, ErrFailed) {
		t.Errorf("reboot: %v", err)
	}
	if _, err := (Client{Socket: c.Socket + "x"}).Status(t.Context()); err == nil {
		t.Error("an answer from nobody")
	}
}

// An update's octets arrive whole, and what is told on the way comes in order.
func TestApply(t *testing.T) {
	image := bytes.Repeat([]byte("image "), 1<<17)
	c := control(t, func(c *Call) error {
		if c.Do != DoUpdate || !c.Force {
			return c.End(Answer{}, ErrFailed)
		}
		got, err := io.ReadAll(c.Body)
		if err != nil || !bytes.Equal(got, image) {
			return c.End(Answer{}, ErrDamaged)
		}
		for _, step := range []string{StepWriting, StepChecking, StepRestarting} {
			if err := c.Say(Answer{Progress: &Progress{Step: step, Version: "1.3"}}); err != nil {
				return err
			}
		}
		return c.End(Answer{}, nil)
	})
	var steps []string
	err := c.Apply(t.Context(), iotest.HalfReader(bytes.NewReader(image)), true, func(p Progress) { steps = append(steps, p.Step+p.Version) })
	if err != nil || strings.Join(steps, " ") != "writing1.3 checking1.3 restarting1.3" {
		t.Errorf("%q %v", steps, err)
	}
	if err := c.Apply(t.Context(), bytes.NewReader(image), true, nil); err != nil {
		t.Error(err)
	}
}

// A refusal in the middle of sending is heard, with its reason, however much was still to be sent.
func TestRefusal(t *testing.T) {
	for code, want := range codes() {
		c := control(t, func(c *Call) error {
			if _, err := io.CopyN(io.Discard, c.Body, 100_000); err != nil {
				return err
			}
			return c.End(Answer{}, fmt.Errorf("%w: so it is", want))
		})
		endless := iotest.DataErrReader(bytes.NewReader(make([]byte, 20<<20)))
		err := c.Apply(t.Context(), endless, false, nil)
		if !errors.Is(err, want) || Code(err) != code || !strings.HasSuffix(err.Error(), "so it is") {
			t.Errorf("%s: %v", code, err)
		}
	}
	for code, err := range map[string]error{"": nil, "failed": io.ErrClosedPipe} {
		if Code(err) != code {
			t.Errorf("%v is %q", err, Code(err))
		}
	}
	if err := failure("what is that", ""); !errors.Is(err, ErrFailed) {
		t.Error(err)
	}
}

// What is wrong with the source is told, not what the other side makes of half a file.
func TestBrokenSource(t *testing.T) {
	c := control(t, func(c *Call) error {
		if _, err := io.ReadAll(c.Body); err != nil {
			return err
		}
		return c.End(Answer{}, ErrDamaged)
	})
	broken := errors.New("the stick was pulled out")
	err := c.Apply(t.Context(), io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), iotest.ErrReader(broken)), false, nil)
	if !errors.Is(err, broken) {
		t.Error(err)
	}
}

// Ctrl-C ends it at once, also while nobody answers; the other side sees the octets end.
func TestInterrupted(t *testing.T) {
	ended := make(chan error, 1)
	c := control(t, func(c *Call) error {
		_, err := io.Copy(io.Discard, c.Body)
		ended <- err
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	defer w.Close()
	go func() {
		w.Write([]byte("a begin"))
		cancel()
		w.CloseWithError(context.Canceled) // as a reader that heeds the context
	}()
	if err := c.Apply(ctx, r, false, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("the other side still waits")
	}
}

// An answer that is none is an error and no panic.
func TestNonsense(t *testing.T) {
	for _, answer := range []string{"", "{", "{}\n", "null\n{\"done\":true}x", strings.Repeat("x", maxAnswer+1), "{\"done\":true}\n"} {
		c := control(t, func(c *Call) error {
			_, err := io.WriteString(c.conn, answer)
			return err
		})
		if _, err := c.Status(t.Context()); err == nil {
			t.Errorf("%.20q is a status", answer)
		}
	}
}

func FuzzAccept(f *testing.F) {
	f.Add([]byte("{\"do\":\"status\"}\n"))
	f.Add([]byte("{\"do\":\"update\",\"force\":true}\nuntrusted comment: "))
	f.Fuzz(func(t *testing.T, b []byte) {
		ours, theirs := net.Pipe()
		go func() {
			theirs.Write(b)
			theirs.Close()
		}()
		c, err := Accept(ours)
		ours.Close()
		if err == nil && !bytes.Contains(b, []byte("\n")) {
			t.Errorf("%q has no end, and is %+v", b, c.Request)
		}
	})
}

func TestPlace(t *testing.T) {
	for _, c := range []struct {
		control string
		there   string
		want    Kind
	}{
		{"/run/buzon/control.sock", "", Image},
		{"", "/etc/openwrt_release", OpenWrt},
		{"", "/var/lib/dpkg/info/buzon.list", Debian},
		{"", "/run/.containerenv", Container},
		{"", "", Static},
	} {
		got := look(func(name string) string {
			if name == ControlEnv {
				return c.control
			}
			return ""
		}, func(pattern string) bool { return pattern == c.there })
		if got.Kind != c.want || got.Client.Socket != c.control {
			t.Errorf("%+v: %+v", c, got)
		}
	}
	if Here().Kind == "" {
		t.Error("nowhere")
	}
}
