package slot

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"buzon/internal/update"
)

// A card that says yes and keeps something else is found out.
func TestLyingCard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "card")
	image := bytes.Repeat([]byte("octets"), 50_000)
	for name, kept := range map[string][]byte{
		"kept":            image,
		"an octet wrong":  append(bytes.Clone(image[:len(image)-1]), 'x'),
		"a block missing": append(make([]byte, 128<<10), image[128<<10:]...),
	} {
		if err := os.WriteFile(path, kept, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		w := &writer{tell: func(string, int64, int64) {}, sum: sha256.New()}
		w.sum.Write(image)
		err = w.check(t.Context(), d, image[:head], int64(len(image)))
		if name == "kept" && err != nil || name != "kept" && !errors.Is(err, update.ErrFailed) {
			t.Errorf("%s: %v", name, err)
		}
		d.Close()
	}
}
