// Package licence gathers the licences of everything that is linked into the program, and tells where its source is. All
// packages carry the result as one file.
package licence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Name of the file in packages.
const Name = "THIRD-PARTY"

// Module is a Go module of which packages are in the program, or the language's own library.
type Module struct {
	Path    string
	Version string
	Source  string // where exactly this is to be had
	Texts   []Text
}

// Text is a licence or notice.
type Text struct {
	File string // in the module: "LICENSE", "zstd/internal/xxhash/LICENSE.txt"
	Body string
}

// ours is Buzon's own module, of which programs in firmware/ use packages.
const ours = "buzon"

// listed is what `go list` tells of a package.
type listed struct {
	Dir      string
	Standard bool
	Module   *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// Collect finds the modules of the program in dir for a machine, which env tells. The error names modules that say
// nothing of their licence: those must not be in a package.
func Collect(ctx context.Context, dir string, env []string, packages ...string) ([]Module, error) {
	all, err := list(ctx, dir, env, packages)
	if err != nil {
		return nil, err
	}
	library, err := standard(ctx, dir)
	if err != nil {
		return nil, err
	}
	folders := map[string][]listed{}
	for _, p := range all {
		if !p.Standard && p.Module != nil && !p.Module.Main && p.Module.Path != ours {
			folders[p.Module.Path] = append(folders[p.Module.Path], p)
		}
	}
	modules := []Module{library}
	for path, packages := range folders {
		m := packages[0].Module
		texts, err := textsOf(m.Dir, packages)
		if err != nil {
			return nil, err
		}
		if len(texts) == 0 {
			return nil, fmt.Errorf("%s %s has no licence", path, m.Version)
		}
		modules = append(modules, Module{path, m.Version, zip(path, m.Version), texts})
	}
	slices.SortFunc(modules, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}

func list(ctx context.Context, dir string, env []string, packages []string) ([]listed, error) {
	out, err := goCommand(ctx, dir, env, append([]string{"list", "-deps", "-json=Dir,Standard,Module"}, packages...)...)
	if err != nil {
		return nil, err
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, p)
	}
}

// standard is the library of the language itself.
func standard(ctx context.Context, dir string) (Module, error) {
	out, err := goCommand(ctx, dir, nil, "env", "GOROOT", "GOVERSION")
	if err != nil {
		return Module{}, err
	}
	root, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	texts, err := textsIn(root, ".")
	if err == nil && len(texts) == 0 {
		err = fmt.Errorf("%s has no licence of Go; Debian keeps it elsewhere: use Go's own release", root)
	}
	return Module{"Go", strings.TrimPrefix(version, "go"), "https://go.dev/dl/" + version + ".src.tar.gz", texts}, err
}

func goCommand(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, complaint.Bytes())
	}
	return out, nil
}

// textsOf gives what stands in the module's root and in the folders on the way to the packages that are linked.
func textsOf(root string, packages []listed) ([]Text, error) {
	seen := map[string]bool{".": true}
	for _, p := range packages {
		rel, err := filepath.Rel(root, p.Dir)
		if err != nil {
			return nil, err
		}
		for ; rel != "."; rel = filepath.Dir(rel) {
			seen[rel] = true
		}
	}
	var all []Text
	for folder := range seen {
		texts, err := textsIn(root, folder)
		if err != nil {
			return nil, err
		}
		all = append(all, texts...)
	}
	slices.SortFunc(all, func(a, b Text) int { return strings.Compare(a.File, b.File) })
	return all, nil
}

// names are those by which licences and notices go.
var names = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|unlicense|authors)([-._].*)?$`)

func textsIn(root, folder string) ([]Text, error) {
	entries, err := os.ReadDir(filepath.Join(root, folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var texts []Text
	for _, e := range entries {
		if !e.Type().IsRegular() || !names.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		body, err := os.ReadFile(filepath.Join(root, folder, e.Name()))
		if err != nil {
			return nil, err
		}
		texts = append(texts, Text{filepath.ToSlash(filepath.Join(folder, e.Name())), string(body)})
	}
	return texts, nil
}

// zip is where the module proxy has the source. It writes capitals as "!" and the small letter.
func zip(path, version string) string {
	var escaped strings.Builder
	for _, r := range path + "/@v/" + version {
		if unicode.IsUpper(r) {
			escaped.WriteByte('!')
		}
		escaped.WriteRune(unicode.ToLower(r))
	}
	return "https://proxy.golang.org/" + escaped.String() + ".zip"
}
