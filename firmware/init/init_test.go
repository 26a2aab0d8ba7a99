package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"buzon/firmware/internal/console"
	"buzon/firmware/internal/settings"
	"buzon/firmware/internal/supervise"
	"buzon/internal/claim"
	"buzon/internal/text"
	"buzon/internal/update"
)

// The name of the file is Buzon's to decide.
func TestClaimFile(t *testing.T) {
	if claimFile != claim.FileName {
		t.Errorf("Buzon calls it %s", claim.FileName)
	}
}

func TestReadable(t *testing.T) {
	for in, want := range map[string]string{
		"12345678\n": "1234 5678", "1234 5678": "1234 5678", "": "", "\n": "", "123": "123", "\x1b[2J12345": "2123 45", // nothing but digits
	} {
		if got := readable(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Of a Buzon that ends again and again the card gets the first three ends, and then one an hour.
func TestCrashes(t *testing.T) {
	var c crashes
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	var written []int
	for minute := range 200 {
		if c.worth(now.Add(time.Duration(minute) * time.Minute)) {
			written = append(written, minute)
		}
	}
	if !slices.Equal(written, []int{0, 1, 2, 62, 122, 182}) || c.count() != 200 || !c.when().Equal(now.Add(199*time.Minute)) {
		t.Errorf("written after %v minutes, %d crashes, the last at %v", written, c.count(), c.when())
	}
}

func TestComplaints(t *testing.T) {
	_, problems := settings.Parse([]byte("gateway=10.0.0.1\nssid=home\n"))
	want := []string{
		`settings.txt, line 2: There is no setting "ssid". There are hostname, address, gateway, dns, time, language, rescue and watchdog.`,
		"settings.txt: A gateway needs an address beside it, as in address=192.168.1.5/24",
	}
	if got := complaints(text.Load("en"), problems); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	// Every complaint has its words, in every language.
	file := "a\nhostname=_\naddress=a\ndns=a\ntime=_\nlanguage=fr\nrescue=x\nssid=x\naddress=1.1.1.1/8\ngateway=a"
	_, problems = settings.Parse([]byte(file))
	for _, lang := range text.Languages() {
		for _, note := range complaints(text.Load(lang), problems) {
			if strings.Contains(note, "box_") || strings.Contains(note, "{") {
				t.Errorf("%s: %s", lang, note)
			}
		}
	}
	if len(problems) != 9 {
		t.Errorf("%d problems", len(problems))
	}
}

func TestReadIdentity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "image.json")
	for content, good := range map[string]bool{
		`{"version":"1.2","board":"rpi","data":3}`: true, `{"version":"1.2","key":"nonsense"}`: false, "": false,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		id, err := readIdentity(path)
		if (err == nil) != good || good && (id.Version != "1.2" || id.Board != "rpi" || id.Data != 3 || !id.key.IsZero()) {
			t.Errorf("%s: %+v %v", content, id, err)
		}
	}
}

func TestArgument(t *testing.T) {
	b := newBox()
	b.arguments = "quiet buzon.log=console buzon.patience=20 buzon.slot=b"
	for name, want := range map[string]string{"buzon.log": "console", "buzon.slot": "b", "buzon.disk": "", "quiet": ""} {
		if got := b.argument(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if b.trialTime() != 20*time.Second {
		t.Error(b.trialTime())
	}
}

func TestLamp(t *testing.T) {
	folder := t.TempDir()
	if path := lampPath(folder); path != "" {
		t.Errorf("%s is no light", path)
	}
	light := filepath.Join(folder, "ACT")
	if err := os.Mkdir(light, 0o755); err != nil {
		t.Fatal(err)
	}
	for l, want := range map[console.Light]string{console.Green: "default-on", console.Yellow: "timer 1000 1000", console.Red: "timer 150 150"} {
		if err := setLamp(lampPath(folder), l); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range []string{"trigger", "delay_on", "delay_off"} {
			if b, err := os.ReadFile(filepath.Join(light, name)); err == nil {
				got = append(got, string(b))
			}
			os.Remove(filepath.Join(light, name))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q", l, got)
		}
	}
}

// A file of the folder comes and goes, and others do not matter.
func TestWatchFolder(t *testing.T) {
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	changed, ended := make(chan bool, 16), make(chan error, 1)
	go func() { ended <- watchFolder(ctx, folder, claimFile, func() { changed <- true }) }()
	<-changed // what was before
	for _, change := range []func() error{
		func() error { return claim.Write(filepath.Join(folder, claimFile), "12345678") },
		func() error { return claim.Write(filepath.Join(folder, claimFile), "") },
	} {
		if err := os.WriteFile(filepath.Join(folder, "buzon.db"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if len(changed) > 0 {
			t.Error("another file matters")
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		<-changed
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("it watches on")
	}
}

// listen answers each connection with a text.
func listen(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, text)
			c.Close()
		}
	}()
	return l.Addr().String()
}

func TestProbes(t *testing.T) {
	ctx := t.Context()
	for said, good := range map[string]bool{"HTTP/1.1 301 Moved\r\n\r\n": true, "220 hello\r\n": false, "": false} {
		if err := answers(ctx, listen(t, said)); (err == nil) != good {
			t.Errorf("%q: %v", said, err)
		}
	}
	for said, good := range map[string]bool{"220 hello\r\n": true, "220-hello\r\n": true, "421 too busy\r\n": false, "": false} {
		if err := greets(ctx, listen(t, said), "220 "); (err == nil) != good {
			t.Errorf("%q: %v", said, err)
		}
	}
	if err := greets(ctx, "127.0.0.1:1", ""); err == nil {
		t.Error("nobody greets")
	}
}

// Buzon's end of the control socket and ours.
func TestControl(t *testing.T) {
	b := newBox()
	b.log = slog.New(slog.DiscardHandler)
	b.ring = supervise.NewRing(1 << 10)
	b.identity = identity{Version: "1.2", Board: "rpi"}
	path := filepath.Join(t.TempDir(), "control.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	context.AfterFunc(ctx, func() { l.Close() })
	b.running.Go(func() { b.serveControl(ctx, l) })
	t.Cleanup(func() { cancel(); b.running.Wait() })
	client := update.Client{Socket: path}

	s, err := client.Status(ctx)
	if err != nil || s.Version != "1.2" || s.Board != "rpi" || s.Memory.Total == 0 || s.Memory.Available > s.Memory.Total || s.Trial {
		t.Errorf("%+v %v", s, err)
	}
	if err := client.Do(ctx, update.DoConfirm); err != nil { // there is nothing to confirm
		t.Error(err)
	}
	if err := client.Apply(ctx, strings.NewReader("an image"), false, nil); err == nil {
		t.Error("an update without slots")
	}
	if err := client.Do(ctx, "format"); err == nil {
		t.Error("it does what nobody knows")
	}
	// What is no request at all, and more connections than are heard at a time.
	var calls []net.Conn
	for range mostCalls {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "nonsense\n"); err != nil {
			t.Fatal(err)
		}
		calls = append(calls, c)
	}
	if err := client.Do(ctx, update.DoPowerOff); err != nil {
		t.Error(err)
	}
	if e := <-b.endings; !e.off || e.argument != "" {
		t.Errorf("%+v", e)
	}
	if err := client.Do(ctx, update.DoReboot); err != nil {
		t.Error(err)
	}
	if e := <-b.endings; e.off {
		t.Errorf("%+v", e)
	}
	for _, c := range calls {
		c.Close()
	}
}

// Requests that are broken off or too long hang nobody.
func TestControlNonsense(t *testing.T) {
	b := newBox()
	b.log = slog.New(slog.DiscardHandler)
	for _, request := range []string{"", "{", "{}\n", `{"do":1}` + "\n", strings.Repeat("x", 1<<16) + "\n"} {
		ours, theirs := net.Pipe()
		go func() {
			io.WriteString(theirs, request)
			theirs.Close() // and does not wait for an answer
		}()
		done := make(chan error, 1)
		go func() { done <- b.hear(t.Context(), ours) }()
		err := <-done
		ours.Close()
		if err == nil {
			t.Errorf("%.20q: taken", request)
		}
	}
}

// The light tells the worst.
func TestLight(t *testing.T) {
	b := newBox()
	b.log = slog.New(slog.DiscardHandler)
	b.program = supervise.New(supervise.Options{})
	steps := []struct {
		change func()
		want   string
	}{
		{func() {}, "box_light_starting"},
		{func() { b.started = time.Now().Add(-time.Hour) }, "box_light_silent"},
		{func() { b.settings.Rescue = true }, "box_light_rescue"},
		{func() { b.noData = errors.New("worn out") }, "box_light_no_data"},
	}
	for _, step := range steps {
		step.change()
		if v := b.view(); v.Reason != step.want {
			t.Errorf("%s, want %s", v.Reason, step.want)
		}
	}
	if v := b.view(); v.Detail != "worn out" || v.Host != "buzon" || len(v.Addresses) != 0 {
		t.Errorf("%+v", v)
	}
}

func TestLogging(t *testing.T) {
	var all, few strings.Builder
	log := slog.New(both{
		slog.NewTextHandler(&all, &slog.HandlerOptions{Level: slog.LevelDebug}),
		slog.NewTextHandler(&few, &slog.HandlerOptions{Level: slog.LevelWarn}),
	}).With("who", "init")
	log.Info("one")
	log.Warn("two")
	if strings.Count(all.String(), "who=init") != 2 || strings.Count(few.String(), "\n") != 1 {
		t.Errorf("%q %q", all.String(), few.String())
	}
}
