package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"buzon/firmware/boottest"
	"buzon/internal/update"
)

func TestCommandLine(t *testing.T) {
	for args, want := range map[string]string{
		"":                          "go run",
		"--board toaster -o x":      `no board "toaster"`,
		"--board rpi":               "what to make?",
		"--board rpi -o x more":     "go run",
		"--board rpi --update x":    "an update is signed",
		"--board rpi -o x --sign k": "an update is signed",
		"--board rpi --update x --sign k --data d": "--data is for images",
		"--board rpi -o x --version one":           "is no version",
	} {
		if _, err := parse(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
	o, err := parse(strings.Fields("--board arm64-efi -o x.img.gz --size 512 --version 1.2~rc1 --key k.pub"))
	if err != nil || o.board.Name != "arm64-efi" || o.size != 512<<20 || o.version != "1.2~rc1" || o.key != "k.pub" {
		t.Errorf("%+v %v", o, err)
	}
	if _, err := parse([]string{"--help"}); err == nil {
		t.Error("help is no wish")
	}
}

// mostOctets is what the image may have when it is compressed.
const mostOctets = 40_000_000

// The image for Raspberry Pis as it is handed out, and an update for it: small enough, taken apart by others, and the same
// octets a second time.
func TestWhole(t *testing.T) {
	if _, err := exec.LookPath("minisign"); err != nil {
		boottest.Miss(t, "minisign is missing")
	}
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	if out, err := exec.Command("minisign", "-G", "-W", "-p", in("key.pub"), "-s", in("key")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	args := func(n string) []string {
		return []string{"--root", "../../..", "--board", "rpi", "--version", "1.0", "--key", in("key.pub"), "--sign", in("key"),
			"-o", in("image" + n + ".gz"), "--update", in("update" + n)}
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(in(name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, n := range []string{"1", "2"} {
		if err := run(t.Context(), args(n)); err != nil {
			t.Fatal(err)
		}
	}
	image, file := read("image1.gz"), read("update1")
	if !bytes.Equal(image, read("image2.gz")) || !bytes.Equal(file, read("update2")) {
		t.Error("other octets the second time")
	}
	t.Logf("the image has %d octets, the update %d", len(image), len(file))
	if len(image) > mostOctets {
		t.Errorf("the image has %d octets", len(image))
	}
	z, err := gzip.NewReader(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, z); err != nil || n != 386<<20 {
		t.Errorf("%d octets in it, %v", n, err)
	}
	key, err := update.ParseKey(string(read("key.pub")))
	if err != nil {
		t.Fatal(err)
	}
	f, err := update.Open(bytes.NewReader(file), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, f); err != nil || f.Board != "rpi" || f.Version != "1.0" || f.Data < 13 {
		t.Errorf("%+v, %v", f.Header, err)
	}
	// What minisign makes of it.
	lines := bytes.SplitAfterN(file, []byte("\n"), 5)
	for name, b := range map[string][]byte{"slot": lines[4], "slot.minisig": bytes.Join(lines[:4], nil)} {
		if err := os.WriteFile(in(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("minisign", "-V", "-p", in("key.pub"), "-m", in("slot")).CombinedOutput(); err != nil || !strings.Contains(string(out), "version=1.0") {
		t.Errorf("%v\n%s", err, out)
	}
	left, err := filepath.Glob(in("*.unfinished"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
