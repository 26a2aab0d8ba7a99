package slot_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"aead.dev/minisign"

	"buzon/firmware/image"
	"buzon/firmware/internal/slot"
	"buzon/internal/update"
)

// card is a card of files, and the machine that starts from it.
type card struct {
	t       *testing.T
	folder  string
	board   string
	version map[slot.Name]string // what the slots have
	secret  minisign.PrivateKey
	key     update.Key
	room    error
}

const slotSize = 256 << 10

func newCard(t *testing.T, board string) *card {
	t.Helper()
	public, secret, err := minisign.GenerateKey(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	key, err := update.ParseKey(public.String())
	if err != nil {
		t.Fatal(err)
	}
	c := &card{t: t, folder: t.TempDir(), board: board, version: map[slot.Name]string{slot.A: "1.0"}, secret: secret, key: key}
	if err := os.MkdirAll(c.path("boot/boot/grub"), 0o755); err != nil {
		t.Fatal(err)
	}
	c.write("boot/"+slot.AutobootName, slot.Autoboot(slot.A))
	c.write("boot"+slot.NotesPath, slot.Notes(slot.A))
	c.write("a", strings.Repeat("a", slotSize))
	c.write("b", strings.Repeat("b", slotSize))
	return c
}

func (c *card) path(name string) string { return filepath.Join(c.folder, name) }

func (c *card) write(name, text string) {
	c.t.Helper()
	if err := os.WriteFile(c.path(name), []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

func (c *card) read(name string) string {
	c.t.Helper()
	b, err := os.ReadFile(c.path(name))
	if err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}

// start is what the loader does: argument is that of the restart, "" after a power cut.
func (c *card) start(argument string) *slot.Slots {
	c.t.Helper()
	o := slot.Options{
		Board: c.board, Key: c.key, Boot: c.path("boot"), DeviceTree: c.path("tree"), State: c.path("update.json"), Now: time.Now,
		Remount: func(bool) error { return nil }, Room: func(update.Header) error { return c.room },
		Device: func(n slot.Name) string { return c.path(string(n)) },
	}
	name := slot.A
	if c.board == "rpi" {
		section := "[all]"
		if argument == "0 tryboot" {
			section = "[tryboot]"
		}
		_, rest, _ := strings.Cut(c.read("boot/"+slot.AutobootName), section)
		rest, _, _ = strings.Cut(rest, "\n[")
		number := byte(2)
		if strings.Contains(rest, "boot_partition=3") {
			name, number = slot.B, 3
		}
		if err := os.MkdirAll(c.path("tree/chosen/bootloader"), 0o755); err != nil {
			c.t.Fatal(err)
		}
		c.write("tree/chosen/bootloader/partition", "\x00\x00\x00"+string(number))
	} else {
		notes := c.read("boot" + slot.NotesPath)
		if strings.Contains(notes, "\ngood=b\n") {
			name = slot.B
		}
		for _, n := range []slot.Name{slot.A, slot.B} {
			if trial := "\ntrial=" + string(n) + "\n"; strings.Contains(notes, trial) {
				name = n
				c.write("boot"+slot.NotesPath, strings.Replace(notes, trial, "\ntrial=\n", 1)+"#") // as GRUB does: the block stays as long
			}
		}
		o.Arguments = "quiet " + slot.Argument + string(name)
	}
	o.Version = c.version[name]
	s, err := slot.Open(o)
	if err != nil {
		c.t.Fatal(err)
	}
	if s.Running() != name {
		c.t.Fatalf("started %s, thinks it is %s", name, s.Running())
	}
	return s
}

// update is the file of an image that begins with the version.
func (c *card) update(version string, size int) []byte {
	c.t.Helper()
	var file bytes.Buffer
	h := update.Header{Board: c.board, Version: version, Image: int64(size)}
	if err := image.Seal(c.t.Context(), &file, bytes.NewReader(content(version, size)), h, c.secret); err != nil {
		c.t.Fatal(err)
	}
	return file.Bytes()
}

func content(version string, size int) []byte {
	b := make([]byte, size)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	copy(b, version)
	return b
}

func (c *card) apply(s *slot.Slots, file []byte) []update.Progress {
	c.t.Helper()
	var steps []update.Progress
	if err := s.Apply(c.t.Context(), bytes.NewReader(file), false, func(p update.Progress) { steps = append(steps, p) }); err != nil {
		c.t.Fatal(err)
	}
	return steps
}

func (c *card) want(s *slot.Slots, running slot.Name, trial bool, other, result, reason string) {
	c.t.Helper()
	var gotResult, gotReason string
	if last := s.Last(); last != nil {
		gotResult, gotReason = last.Result, last.Reason
	}
	if s.Running() != running || s.Trial() != trial || s.Other() != other || gotResult != result || gotReason != reason {
		c.t.Errorf("%s: runs %s, trial %v, other %q, last %q because of %q; want %s, %v, %q, %q, %q", c.board,
			s.Running(), s.Trial(), s.Other(), gotResult, gotReason, running, trial, other, result, reason)
	}
}

func boards() []string { return []string{"rpi", "arm64-efi"} }

// A good update, then one that does not answer, one that never comes up, and one whose confirmation is cut off.
func TestLife(t *testing.T) {
	for _, board := range boards() {
		c := newCard(t, board)
		s := c.start("")
		c.want(s, slot.A, false, "", "", "")
		steps := c.apply(s, c.update("1.1", slotSize))
		last := steps[len(steps)-1]
		if last.Step != update.StepRestarting || last.Version != "1.1" || steps[0].Step != update.StepWriting || last.Total != slotSize {
			t.Errorf("%s: %+v", board, steps)
		}
		c.want(s, slot.A, false, "1.1", update.OutcomeWritten, "")
		if c.read("b") != string(content("1.1", slotSize)) {
			t.Errorf("%s: the slot has something else", board)
		}
		c.version[slot.B] = "1.1"

		s = c.start(s.RebootArgument())
		c.want(s, slot.B, true, "1.0", update.OutcomeTrial, "")
		if err := s.Apply(t.Context(), bytes.NewReader(c.update("1.2", slotSize)), false, nil); !errors.Is(err, update.ErrTrial) {
			t.Errorf("%s: an update in a trial: %v", board, err)
		}
		if err := s.Confirm(); err != nil {
			t.Fatal(err)
		}
		c.want(s, slot.B, false, "1.0", update.OutcomeConfirmed, "")
		s = c.start("")
		c.want(s, slot.B, false, "1.0", update.OutcomeConfirmed, "")

		// It does not answer.
		c.apply(s, c.update("1.2", slotSize/2))
		c.version[slot.A] = "1.2"
		s = c.start(s.RebootArgument())
		c.want(s, slot.A, true, "1.1", update.OutcomeTrial, "")
		if err := s.GoBack("port 80"); err != nil {
			t.Fatal(err)
		}
		s = c.start("")
		c.want(s, slot.B, false, "1.2", update.OutcomeBack, "port 80")

		// It never comes up, or the power goes before it is tried.
		for range 2 {
			c.apply(s, c.update("1.3", slotSize))
			if c.version[slot.A] = "1.3"; board != "rpi" { // GRUB starts it and hears no more of it
				c.start("")
			}
			s = c.start("")
			c.want(s, slot.B, false, "1.3", update.OutcomeBack, "")
		}

		// The power goes after the loader was told that it stays, and before that was noted.
		c.apply(s, c.update("1.4", slotSize))
		noted := c.read("update.json")
		c.version[slot.A] = "1.4"
		if err := c.start(s.RebootArgument()).Confirm(); err != nil {
			t.Fatal(err)
		}
		c.write("update.json", noted)
		c.want(c.start(""), slot.A, false, "1.1", update.OutcomeConfirmed, "")
	}
}

// What can be known before the first octet of the image changes nothing at all.
func TestRefused(t *testing.T) {
	for _, board := range boards() {
		c := newCard(t, board)
		s := c.start("")
		stranger := newCard(t, board)
		_, secret, err := minisign.GenerateKey(rand.NewChaCha8([32]byte{2}))
		if err != nil {
			t.Fatal(err)
		}
		stranger.secret = secret
		other := newCard(t, "amd64-efi")
		before := c.read("boot/"+slot.AutobootName) + c.read("boot"+slot.NotesPath) + c.read("a") + c.read("b")
		full := errors.New("full")
		for name, r := range map[string]struct {
			file []byte
			room error
			want error
		}{
			"a stranger's":  {stranger.update("2.0", slotSize), nil, update.ErrSignature},
			"another board": {other.update("2.0", slotSize), nil, update.ErrBoard},
			"the same":      {c.update("1.0", slotSize), nil, update.ErrOlder},
			"older":         {c.update("0.9", slotSize), nil, update.ErrOlder},
			"too large":     {c.update("2.0", slotSize+1), nil, update.ErrTooLarge},
			"no image":      {c.update("2.0", 100), nil, update.ErrTooLarge},
			"no room":       {c.update("2.0", slotSize), full, full},
			"nothing":       {nil, nil, update.ErrNotUpdate},
		} {
			c.room = r.room
			if err := s.Apply(t.Context(), bytes.NewReader(r.file), false, func(update.Progress) { t.Errorf("%s: it began", name) }); !errors.Is(err, r.want) {
				t.Errorf("%s: %v, want %v", name, err, r.want)
			}
		}
		c.room = nil
		if after := c.read("boot/"+slot.AutobootName) + c.read("boot"+slot.NotesPath) + c.read("a") + c.read("b"); after != before {
			t.Error("something was written")
		}
		c.want(s, slot.A, false, "", "", "")
		if err := s.Apply(t.Context(), bytes.NewReader(c.update("0.9", slotSize)), true, func(update.Progress) {}); err != nil {
			t.Errorf("older, forced: %v", err)
		}
	}
}

// Wherever the octets end or change, the other slot does not start, the loader knows nothing of it, and it works again.
func TestCutAnywhere(t *testing.T) {
	c := newCard(t, "arm64-efi")
	s := c.start("")
	file := c.update("1.1", slotSize)
	notes := c.read("boot" + slot.NotesPath)
	broken := errors.New("the line is dead")
	for _, at := range []int{400, 5000, len(file) / 3, len(file) / 2, len(file) - 70_000, len(file) - 1} {
		flipped := bytes.Clone(file)
		flipped[at] ^= 0x10
		for name, r := range map[string]io.Reader{
			"ends":    bytes.NewReader(file[:at]),
			"fails":   io.MultiReader(bytes.NewReader(file[:at]), iotest.ErrReader(broken)),
			"changes": bytes.NewReader(flipped),
		} {
			c.write("b", strings.Repeat("b", slotSize))
			err := s.Apply(t.Context(), r, false, func(update.Progress) {})
			if want := map[string]error{"ends": update.ErrDamaged, "fails": broken, "changes": update.ErrDamaged}[name]; !errors.Is(err, want) {
				t.Errorf("%s at %d: %v", name, at, err)
			}
			if b := c.read("b"); strings.Trim(b[:4096], "\x00") != "" {
				t.Errorf("%s at %d: the slot begins with %q", name, at, b[:10])
			}
			if c.read("boot"+slot.NotesPath) != notes {
				t.Errorf("%s at %d: the loader was told something", name, at)
			}
			c.want(s, slot.A, false, "", "", "")
		}
	}
	c.apply(s, file)
	c.want(s, slot.A, false, "1.1", update.OutcomeWritten, "")
}

// Ctrl-C leaves the running one alone, and only one update is written at a time.
func TestInterruptedAndBusy(t *testing.T) {
	c := newCard(t, "rpi")
	s := c.start("")
	file := c.update("1.1", slotSize)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Apply(ctx, bytes.NewReader(file), false, func(update.Progress) {
		if err := s.Apply(t.Context(), bytes.NewReader(file), false, nil); !errors.Is(err, update.ErrBusy) {
			t.Errorf("a second one: %v", err)
		}
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	c.want(s, slot.A, false, "", "", "")
}

// A card on which something fails, or somebody has put something, is told of, and what runs goes on.
func TestBrokenCard(t *testing.T) {
	c := newCard(t, "arm64-efi")
	s := c.start("")
	if err := os.Remove(c.path("b")); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), bytes.NewReader(c.update("1.1", slotSize)), false, func(update.Progress) {}); err == nil {
		t.Error("written to nowhere")
	}
	c.write("update.json", "{")
	o := slot.Options{Board: "arm64-efi", Boot: c.path("boot"), State: c.path("update.json"), Now: time.Now, Arguments: "buzon.slot=b"}
	if s, err := slot.Open(o); err == nil || s.Running() != slot.B {
		t.Errorf("a damaged record: %v", err)
	}
	for _, notes := range []string{"", "good=c\n", strings.Repeat("#", 1024)} {
		c.write("boot"+slot.NotesPath, notes)
		if s, err := slot.Open(o); err == nil || s.Running() != slot.B || s.Trial() {
			t.Errorf("notes %q: %v", notes, err)
		}
	}
	o.Board = "rpi"
	c.write("boot/"+slot.AutobootName, "[all]\nboot_partition=1\n")
	if _, err := slot.Open(o); err == nil {
		t.Error("a strange autoboot.txt is believed")
	}
}

// The files that loaders read: one sector, and of the same length whatever they say.
func TestLoaderFiles(t *testing.T) {
	if a, b := slot.Autoboot(slot.A), slot.Autoboot(slot.B); len(a) != len(b) || len(a) > 512 || a == b {
		t.Errorf("%q %q", a, b)
	}
	a, b := slot.Notes(slot.A), slot.Notes(slot.B)
	if len(a) != 1024 || len(b) != 1024 || a[512:] != b[512:] || a == b {
		t.Errorf("%q %q", a, b)
	}
}
