package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"buzon/internal/cli"
	"buzon/internal/update"
)

// onImage is a desk on a machine whose first process answers as serve says, and what the person sees.
func onImage(t *testing.T, serve func(*update.Call) error) (*Desk, *strings.Builder) {
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
			if c, err := update.Accept(conn); err == nil {
				serve(c)
			}
			conn.Close()
		}
	}()
	var seen strings.Builder
	d := NewDesk(cli.New(nil, func(string) string { return "" }, strings.NewReader(""), &seen, &seen), "none.db", Doors{})
	d.here = func() update.Place { return update.Place{Kind: update.Image, Client: update.Client{Socket: socket}} }
	return d, &seen
}

// A file and an address are put in the same way, and the person sees how far it is.
func TestUpdateInstall(t *testing.T) {
	image := bytes.Repeat([]byte("octets "), 1000)
	file := filepath.Join(t.TempDir(), "buzon.update")
	if err := os.WriteFile(file, image, 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(file))))
	defer server.Close()
	for _, from := range []string{file, server.URL + "/buzon.update"} {
		d, seen := onImage(t, func(c *update.Call) error {
			got, err := io.ReadAll(c.Body)
			if err != nil || !bytes.Equal(got, image) || !c.Force {
				return c.End(update.Answer{}, fmt.Errorf("%d octets, %v, force %v", len(got), err, c.Force))
			}
			for _, p := range []update.Progress{
				{Step: update.StepWriting, Octets: 10 << 20}, {Step: update.StepWriting, Octets: 11 << 20}, {Step: update.StepWriting, Octets: 40 << 20},
				{Step: update.StepChecking, Octets: 40 << 20}, {Step: update.StepRestarting, Octets: 40 << 20},
			} {
				p.Version, p.Total = "1.3", 40<<20
				if err := c.Say(update.Answer{Progress: &p}); err != nil {
					return err
				}
			}
			return c.End(update.Answer{}, nil)
		})
		if err := (&updateInstall{File: from, Force: true}).Run(t.Context(), d); err != nil {
			t.Errorf("%s: %v", from, err)
		}
		want := "Putting in 1.3 (40 MB). What runs now goes on meanwhile.\n  20 %\n  100 %\nReading back what the card has kept.\n" +
			"  100 %\nAll of it is good. Trying it now.\n1.3 is in its place and the board restarts with it."
		if !strings.HasPrefix(seen.String(), want) {
			t.Errorf("%s: the person sees\n%s", from, seen)
		}
	}
}

// Every refusal has its sentence, which says that nothing was changed or what to do.
func TestUpdateRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "buzon.update")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for refusal, key := range map[error]string{
		update.ErrNotUpdate: "error_update_not", update.ErrSignature: "error_update_signature", update.ErrDamaged: "error_update_damaged",
		update.ErrBoard: "error_update_board", update.ErrOlder: "error_update_older", update.ErrTooLarge: "error_update_large",
		update.ErrNoRoom: "error_update_room", update.ErrBusy: "error_update_busy", update.ErrTrial: "error_update_trial",
		errors.New("input/output error"): "error_update_failed",
	} {
		d, _ := onImage(t, func(c *update.Call) error { return c.End(update.Answer{}, refusal) })
		wantKey(t, (&updateInstall{File: file}).Run(t.Context(), d), key)
	}
	d, _ := onImage(t, func(c *update.Call) error { return nil })
	wantKey(t, (&updateInstall{File: file + "x"}).Run(t.Context(), d), "error_no_such_file")
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	wantKey(t, (&updateInstall{File: server.URL + "/x"}).Run(t.Context(), d), "error_update_fetch")
	wantKey(t, (&updateInstall{File: "http://%zz"}).Run(t.Context(), d), "error_update_fetch")
	for _, kind := range []update.Kind{update.Debian, update.OpenWrt, update.Container, update.Static} {
		d.here = func() update.Place { return update.Place{Kind: kind} }
		err := (&updateInstall{File: file}).Run(t.Context(), d)
		wantKey(t, err, "update_by_"+string(kind))
		if d.Say("update_by_"+string(kind)) == "update_by_"+string(kind) {
			t.Errorf("no sentence for %s", kind)
		}
	}
}

func wantKey(t *testing.T, err error, key string) {
	t.Helper()
	var problem *cli.Problem
	if !errors.As(err, &problem) || problem.Key != key {
		t.Errorf("%v, want %s", err, key)
	}
}

// Ctrl-C is told as Ctrl-C.
func TestUpdateInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d, _ := onImage(t, func(c *update.Call) error {
		cancel()
		_, err := io.Copy(io.Discard, c.Body)
		return err
	})
	file := filepath.Join(t.TempDir(), "buzon.update")
	if err := os.WriteFile(file, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&updateInstall{File: file}).Run(ctx, d); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestUpdateStatus(t *testing.T) {
	at := time.Date(2027, 2, 3, 4, 5, 0, 0, time.UTC)
	status := update.Status{Version: "1.2", Board: "rpi", Slot: "a", Other: "1.3", Up: 3661,
		Last: &update.Outcome{Version: "1.3", From: "1.2", Result: update.OutcomeBack, Reason: "port 80: refused", At: at}}
	d, seen := onImage(t, func(c *update.Call) error { return c.End(update.Answer{Status: &status}, nil) })
	if err := (&updateStatus{}).Run(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Version 1.2 for rpi runs, from slot A.", "Beside it is version 1.3.", "The last update, to 1.3, did not work, so 1.2 runs again.",
		"What was wrong: port 80: refused", "on for 1h1m1s"} {
		if !strings.Contains(seen.String(), want) {
			t.Errorf("no %q in\n%s", want, seen)
		}
	}
	for _, result := range []string{update.OutcomeWritten, update.OutcomeTrial, update.OutcomeConfirmed, update.OutcomeBack} {
		if key := "update_last_" + result; d.Say(key) == key {
			t.Errorf("no sentence for %s", result)
		}
	}
	seen.Reset()
	if err := (&updateStatus{JSON: true}).Run(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	var state updateState
	if err := json.Unmarshal([]byte(seen.String()), &state); err != nil || state.Place != update.Image || state.Image.Last.Reason != "port 80: refused" {
		t.Errorf("%v %s", err, seen)
	}
	d.here = func() update.Place { return update.Place{Kind: update.Debian} }
	seen.Reset()
	if err := (&updateStatus{JSON: true}).Run(t.Context(), d); err != nil || !strings.Contains(seen.String(), `"place": "debian"`) {
		t.Errorf("%v %s", err, seen)
	}
}
