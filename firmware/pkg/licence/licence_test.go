package licence

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.." // Buzon's folder

func TestCollect(t *testing.T) {
	modules, err := Collect(t.Context(), root, []string{"CGO_ENABLED=0", "GOARCH=arm64"}, ".")
	if err != nil {
		t.Fatal(err)
	}
	file := string(Write(modules))
	for _, want := range []string{
		"\n  Go 1.", "https://go.dev/dl/go1.", // the library
		"\n  modernc.org/sqlite v", "modernc.org/sqlite LICENSE-SQLITE", // more than one file
		"github.com/klauspost/compress zstd/internal/xxhash/LICENSE.txt", // in a folder that is linked
		"https://proxy.golang.org/zombiezen.com/go/sqlite/@v/v",
		"golang.org/x/crypto LICENSE\ngolang.org/x/net LICENSE\n", // the same text once
	} {
		if !strings.Contains(file, want) {
			t.Errorf("no %q", want)
		}
	}
	// Nothing that obliges to more than a notice; a new module of another kind is for a person to decide. (The Mozilla
	// licence, which is in a list of SQLite's, names the GNU ones.)
	for _, m := range modules {
		for _, text := range m.Texts {
			title := strings.ToUpper(text.Body[:min(len(text.Body), 200)])
			if strings.Contains(title, "GNU ") || strings.Contains(title, "SERVER SIDE PUBLIC") {
				t.Errorf("%s %s begins %q", m.Path, text.File, title)
			}
		}
	}
	again, err := Collect(t.Context(), root, []string{"CGO_ENABLED=0", "GOARCH=arm64"}, ".")
	if err != nil || !bytes.Equal(Write(again), []byte(file)) {
		t.Errorf("another file the second time, %v", err)
	}
}

// A module without a licence is an error, and so is a folder that is no module.
func TestCollectRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module one\nrequire two v0.0.0\nreplace two => ./two\n")
	write("main.go", "package main\nimport _ \"two\"\nfunc main() {}\n")
	write("two/go.mod", "module two\n")
	write("two/two.go", "package two\n")
	if _, err := Collect(t.Context(), dir, nil, "."); err == nil || !strings.Contains(err.Error(), "two v0.0.0 has no licence") {
		t.Errorf("no licence: %v", err)
	}
	write("two/LICENCE.md", "Do as you like.\n")
	modules, err := Collect(t.Context(), dir, nil, ".")
	if err != nil || len(modules) != 2 || modules[1].Texts[0] != (Text{"LICENCE.md", "Do as you like.\n"}) {
		t.Errorf("%v, %v", modules, err)
	}
	if _, err := Collect(t.Context(), t.TempDir(), nil, "."); err == nil {
		t.Error("an empty folder has licences")
	}
}

// What only one machine has is in the file for all.
func TestMerge(t *testing.T) {
	one := []Module{{Path: "b", Texts: []Text{{"LICENSE", "x"}}}}
	two := []Module{{Path: "a"}, {Path: "b", Texts: []Text{{"LICENSE", "x"}, {"arm/LICENSE", "y"}}}}
	got := Merge(one, two)
	if len(got) != 2 || got[0].Path != "a" || len(got[1].Texts) != 2 || len(one[0].Texts) != 1 {
		t.Errorf("%v, the first has become %v", got, one)
	}
}

func TestZip(t *testing.T) {
	got := zip("github.com/BurntSushi/toml", "v1.0.0-RC")
	if got != "https://proxy.golang.org/github.com/!burnt!sushi/toml/@v/v1.0.0-!r!c.zip" {
		t.Error(got)
	}
}
