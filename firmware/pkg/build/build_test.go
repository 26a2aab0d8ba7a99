package build

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const root = "../../.." // Buzon's folder

// Each target's program is of that machine and needs no loader. The others are built by mkpkg; these two tell of both
// widths.
func TestProgram(t *testing.T) {
	for name, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "armv6": elf.EM_ARM} {
		target, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		b := &Builder{Root: root, Out: t.TempDir(), Version: "1.2.3"}
		path, err := b.Program(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		again, err := b.Program(t.Context(), target)
		if err != nil || again != path {
			t.Errorf("%s: asked again: %s, %v", name, again, err)
		}
		file, err := elf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if file.Machine != machine {
			t.Errorf("%s: for %v", name, file.Machine)
		}
		for _, p := range file.Progs {
			if p.Type == elf.PT_INTERP {
				t.Errorf("%s: needs a loader", name)
			}
		}
	}
}

// The folders in which it is built do not show in the program; the version does.
func TestSameOctets(t *testing.T) {
	target, err := Find("amd64")
	if err != nil {
		t.Fatal(err)
	}
	var programs [2][]byte
	for i := range programs {
		b := &Builder{Root: root, Out: t.TempDir(), Version: "1.2.3~test"}
		path, err := b.Program(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		if programs[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(path, "version").Output()
		if err != nil || !strings.Contains(string(out), "1.2.3~test") {
			t.Errorf("version: %s, %v", out, err)
		}
	}
	if !bytes.Equal(programs[0], programs[1]) {
		t.Error("other octets the second time")
	}
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(programs[0], []byte(here+"/internal")) {
		t.Errorf("%s is in the program", here)
	}
}

func TestBuildFails(t *testing.T) {
	b := &Builder{Root: t.TempDir(), Out: t.TempDir()}
	if _, err := b.Program(t.Context(), Targets()[0]); err == nil || !strings.Contains(err.Error(), "for amd64") {
		t.Errorf("of an empty folder: %v", err)
	}
	if _, err := Find("mips"); err == nil {
		t.Error("MIPS is a machine")
	}
}

func TestOrigin(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1790000000")
	o, err := OriginOf(t.Context(), t.TempDir())
	if err != nil || o.Version() != "0~20260921141320" {
		t.Errorf("%s, %v", o.Version(), err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	if _, err := OriginOf(t.Context(), t.TempDir()); err == nil {
		t.Error("yesterday is a number")
	}
	t.Setenv("SOURCE_DATE_EPOCH", "")
	if _, err := OriginOf(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "SOURCE_DATE_EPOCH") {
		t.Errorf("no git and no time: %v", err)
	}
	o = Origin{When: time.Unix(1_790_000_000, 0).UTC(), Commit: "0123456789ab", Changed: true}
	if got := o.Version(); got != "0~20260921141320.0123456789ab.changed" {
		t.Error(got)
	}
}
