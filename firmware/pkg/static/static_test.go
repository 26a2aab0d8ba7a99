package static

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"buzon/firmware/pkg/tree"
)

// tar of the system unpacks it, and the program can be started from there.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho started\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := Package{
		Target: "armv5", Version: "1.2.3", Program: program, When: time.Unix(1_790_000_000, 0),
		Docs: []tree.Entry{tree.Text("THIRD-PARTY", "theirs\n")},
	}
	var one, two bytes.Buffer
	for _, w := range []*bytes.Buffer{&one, &two} {
		if err := p.Write(w); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("other octets the second time")
	}
	if p.Name() != "buzon_1.2.3_linux_armv5.tar.gz" {
		t.Error(p.Name())
	}
	unpack := exec.Command("tar", "-xz", "-C", dir)
	unpack.Stdin = &one
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("tar: %v: %s", err, out)
	}
	folder := filepath.Join(dir, "buzon_1.2.3_linux_armv5")
	if out, err := exec.Command(filepath.Join(folder, "buzon")).Output(); err != nil || string(out) != "started\n" {
		t.Errorf("%s, %v", out, err)
	}
	for name, want := range map[string]string{
		"INSTALL": "buzon try", "buzon.service": "DynamicUser=yes", "buzon.socket": "ListenStream=25", "buzon.1": ".TH BUZON", "THIRD-PARTY": "theirs",
	} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s has no %q, %v", name, want, err)
		}
	}
}
