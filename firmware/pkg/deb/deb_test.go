package deb

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"buzon/firmware/pkg/need"
	"buzon/firmware/pkg/tree"
)

// write makes a package of a program in a folder, and gives its path.
func write(t *testing.T, arch, version, program string) string {
	t.Helper()
	p := Package{
		Arch: arch, Version: version, Program: program, When: time.Unix(1_790_000_000, 0).UTC(),
		Docs:  []tree.Entry{tree.Text("THIRD-PARTY", "theirs\n")},
		quick: true, // xz is tested by mkpkg
	}
	path := filepath.Join(t.TempDir(), p.Name())
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := p.Write(f); err != nil {
		t.Fatal(err)
	}
	return path
}

// small is a program that is quickly packed.
func small(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// What dpkg-deb reads out of the packages.
func TestPackage(t *testing.T) {
	need.Program(t, "dpkg-deb")
	for _, arch := range Arches() {
		path := write(t, arch.Name, "1.2.3", small(t))
		if base := filepath.Base(path); base != "buzon_1.2.3_"+arch.Name+".deb" {
			t.Error(base)
		}
		fields := output(t, "dpkg-deb", "-f", path)
		for _, want := range []string{
			"Package: buzon\n", "Version: 1.2.3\n", "Architecture: " + arch.Name + "\n", "debconf-2.0", "Section: mail\n",
		} {
			if !strings.Contains(fields, want) {
				t.Errorf("%s: no %q in\n%s", arch.Name, want, fields)
			}
		}
		files := output(t, "dpkg-deb", "-c", path)
		for _, want := range []string{
			"-rwxr-xr-x root/root        10 2026-09-21 14:13 ./usr/bin/buzon\n",
			"-rw-r--r-- root/root", "./usr/lib/systemd/system/buzon.service\n", "./usr/lib/systemd/system/buzon.socket\n",
			"./usr/share/doc/buzon/THIRD-PARTY\n", "./usr/share/doc/buzon/copyright\n", "./usr/share/doc/buzon/changelog.gz\n",
			"./usr/share/man/man1/buzon.1.gz\n",
		} {
			if !strings.Contains(files, want) {
				t.Errorf("%s: no %q in\n%s", arch.Name, want, files)
			}
		}
	}
}

func TestSameOctets(t *testing.T) {
	program := small(t)
	var read [2][]byte
	for i := range read {
		path := write(t, "arm64", "1.2.3", program)
		var err error
		if read[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		// Neither the time nor the mode of the file that was built shows.
		if err := os.Chtimes(program, time.Now(), time.Unix(int64(i+1), 0)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(read[0], read[1]) {
		t.Error("other octets the second time")
	}
}

// The ports are those of the program.
func TestSocketPorts(t *testing.T) {
	source, err := os.ReadFile("../../../main.go")
	if err != nil {
		t.Fatal(err)
	}
	socket := Unit("buzon.socket")
	ports := 0
	for _, part := range strings.Split(string(source), "Standard: ")[1:] {
		number, _, _ := strings.Cut(part, ",")
		ports++
		if !strings.Contains(socket, "\nListenStream="+number+"\n") {
			t.Errorf("port %s of the program is not in buzon.socket", number)
		}
	}
	if ports == 0 || ports != strings.Count(socket, "\nListenStream=") {
		t.Errorf("%d ports in the program, %d in buzon.socket", ports, strings.Count(socket, "\nListenStream="))
	}
}

// The shell understands the scripts, and the manual has no error that groff knows.
func TestScripts(t *testing.T) {
	for _, name := range []string{"preinst", "postinst", "prerm", "postrm"} {
		cmd := exec.Command("sh", "-n")
		cmd.Stdin = strings.NewReader(Unit(name))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	if _, err := exec.LookPath("groff"); err != nil {
		t.Skip("the manual is not looked at without groff")
	}
	cmd := exec.Command("groff", "-man", "-Tascii", "-ww", "-z")
	cmd.Stdin = strings.NewReader(Unit("buzon.1"))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("groff: %v: %s", err, out)
	}
}
