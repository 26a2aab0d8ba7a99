package tree

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var when = time.Unix(1_790_000_000, 0)

// A sample with every kind of entry, its files in the order given.
func sample(t *testing.T) []Entry {
	t.Helper()
	program := filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(program, []byte("program"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []Entry{
		Program("usr/bin/buzon", program),
		Text("etc/buzon", "settings\n"),
		{Path: "etc/link", Target: "buzon"},
		{Path: "var/lib/buzon", Mode: 0o700 | os.ModeDir, Owner: 65532},
	}
}

func TestTar(t *testing.T) {
	var out bytes.Buffer
	if err := Tar(&out, "./", sample(t), when); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"./etc/ 755 0 dir", "./etc/buzon 644 0 \"settings\\n\"", "./etc/link 0 0 -> buzon",
		"./usr/ 755 0 dir", "./usr/bin/ 755 0 dir", "./usr/bin/buzon 755 0 \"program\"",
		"./var/ 755 0 dir", "./var/lib/ 755 0 dir", "./var/lib/buzon/ 700 65532 dir",
	}
	for in := tar.NewReader(&out); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(when) {
			t.Errorf("%s is of %v", h.Name, h.ModTime)
		}
		got := fmt.Sprintf("%s %o %d %s", h.Name, h.Mode, h.Uid, kind(t, h, in))
		if len(want) == 0 || got != want[0] {
			t.Fatalf("%s, want %v", got, want)
		}
		want = want[1:]
	}
	if len(want) > 0 {
		t.Errorf("%v are not in it", want)
	}
}

func kind(t *testing.T, h *tar.Header, in io.Reader) string {
	t.Helper()
	switch h.Typeflag {
	case tar.TypeDir:
		return "dir"
	case tar.TypeSymlink:
		return "-> " + h.Linkname
	}
	data, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%q", data)
}

// The order of the entries and the time of the day do not show.
func TestSameOctets(t *testing.T) {
	entries := sample(t)
	var one, two bytes.Buffer
	if err := TarGz(&one, "", entries, when); err != nil {
		t.Fatal(err)
	}
	entries[0], entries[3] = entries[3], entries[0]
	if err := TarGz(&two, "", entries, when.In(time.FixedZone("far", 3600))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("other octets")
	}
	in, err := gzip.NewReader(&one)
	if err != nil {
		t.Fatal(err)
	}
	if !in.ModTime.IsZero() || in.Name != "" {
		t.Errorf("gzip tells a time or a name: %+v", in.Header)
	}
}

func TestSize(t *testing.T) {
	size, err := Size(sample(t))
	if err != nil || size != int64(len("program")+len("settings\n")) {
		t.Errorf("%d, %v", size, err)
	}
	if _, err := Size([]Entry{Program("a", "/nowhere/b")}); err == nil {
		t.Error("a program that is nowhere has a size")
	}
}

func TestUnder(t *testing.T) {
	if got := Under("top", []Entry{Text("a/b", "")}); got[0].Path != "top/a/b" {
		t.Error(got)
	}
}
