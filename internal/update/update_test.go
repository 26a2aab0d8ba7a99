package update

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/crypto/blake2b"
)

// signer makes update files as the image tool does.
type signer struct {
	Key
	secret ed25519.PrivateKey
}

func newSigner(seed byte) signer {
	secret := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	return signer{Key{id: [8]byte{seed}, key: secret.Public().(ed25519.PublicKey)}, secret}
}

// sign makes the four lines for octets and a comment.
func (s signer) sign(packed []byte, comment string) string {
	sum := blake2b.Sum512(packed)
	first := ed25519.Sign(s.secret, sum[:])
	second := ed25519.Sign(s.secret, append(bytes.Clone(first), comment...))
	head := append(append([]byte(hashMark), s.id[:]...), first...)
	return fmt.Sprintf("%sx\n%s\n%s%s\n%s\n", untrusted, base64.StdEncoding.EncodeToString(head), trusted, comment, base64.StdEncoding.EncodeToString(second))
}

// file is an update of an image; change may make the header lie.
func (s signer) file(image []byte, change func(*Header)) []byte {
	packed := pack(image)
	h := Header{Board: "rpi", Version: "1.2", Data: 13, Packed: int64(len(packed)), Image: int64(len(image))}
	if change != nil {
		change(&h)
	}
	return append([]byte(s.sign(packed, h.String())), packed...)
}

func pack(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

// someImage is 300 kB, half of which does not compress.
func someImage() []byte {
	b := make([]byte, 300_000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b[:150_000] {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestFile(t *testing.T) {
	image, s := someImage(), newSigner(1)
	for name, r := range map[string]io.Reader{
		"whole":     bytes.NewReader(s.file(image, nil)),
		"in pieces": iotest.OneByteReader(bytes.NewReader(s.file(image, nil))),
		// What comes after it is not read as part of it.
		"with more behind": bytes.NewReader(append(s.file(image, nil), "more"...)),
	} {
		f, err := Open(r, s.Key)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if h := f.Header; h.Board != "rpi" || h.Version != "1.2" || h.Data != 13 || h.Image != int64(len(image)) {
			t.Errorf("%s: %+v", name, h)
		}
		got, err := io.ReadAll(f)
		if err != nil || !bytes.Equal(got, image) || !f.Verified() || f.Done() != f.Packed {
			t.Errorf("%s: %d octets, %v", name, len(got), err)
		}
	}
}

// Whatever is wrong with a file is found: before an octet of the image where the header tells, else before its end.
func TestWrongFiles(t *testing.T) {
	image, s, other := someImage(), newSigner(1), newSigner(2)
	good := s.file(image, nil)
	flipped := func(i int) []byte {
		b := bytes.Clone(good)
		b[i] ^= 1
		return b
	}
	headerEnd := bytes.Index(good, []byte("\x1f\x8b"))
	legacy := bytes.Replace(good, []byte(base64.StdEncoding.EncodeToString([]byte("ED\x01"))), []byte(base64.StdEncoding.EncodeToString([]byte("Ed\x01"))), 1)
	impostor := other
	impostor.id = s.id
	for name, c := range map[string]struct {
		file []byte
		want error
		open bool // Open tells
	}{
		"empty":                           {nil, ErrNotUpdate, true},
		"a picture":                       {bytes.Repeat([]byte("\x89PNG"), 9999), ErrNotUpdate, true},
		"the raw image":                   {image, ErrNotUpdate, true},
		"half a header":                   {good[:headerEnd/2], ErrNotUpdate, true},
		"signed by another key":           {other.file(image, nil), ErrSignature, true},
		"by another key with our number":  {impostor.file(image, nil), ErrSignature, true},
		"signed without hash":             {legacy, ErrSignature, true},
		"another version in the comment":  {bytes.Replace(good, []byte("version=1.2"), []byte("version=1.3"), 1), ErrSignature, true},
		"a comment that is no header":     {append([]byte(s.sign(pack(image), "timestamp:1")), pack(image)...), ErrNotUpdate, true},
		"a header without a board":        {s.file(image, func(h *Header) { h.Board = "" }), ErrNotUpdate, true},
		"a header that promises too much": {s.file(image, func(h *Header) { h.Image = maxImage + 1 }), ErrNotUpdate, true},
		"nothing behind the header":       {good[:headerEnd], ErrDamaged, true},
		"cut in the middle":               {good[:len(good)/2], ErrDamaged, false},
		"without its last octet":          {good[:len(good)-1], ErrDamaged, false},
		"with one bit changed":            {flipped(len(good) / 2), ErrDamaged, false},
		"with the last bit changed":       {flipped(len(good) - 1), ErrDamaged, false},
		"with one bit of gzip's time":     {flipped(headerEnd + 4), ErrDamaged, false},
		"larger than signed":              {s.file(image, func(h *Header) { h.Image-- }), ErrDamaged, false},
		"smaller than signed":             {s.file(image, func(h *Header) { h.Image++ }), ErrDamaged, false},
		"with fewer octets than signed":   {s.file(image, func(h *Header) { h.Packed++ }), ErrDamaged, false},
		"another image under its header":  {append(bytes.Clone(good[:headerEnd]), pack(make([]byte, len(image)))...), ErrDamaged, false},
		"a second image behind the first": {append([]byte(s.sign(append(pack(image), pack(image)...), Header{Board: "rpi", Version: "1", Packed: int64(len(pack(image))), Image: int64(len(image))}.String())), append(pack(image), pack(image)...)...), ErrDamaged, false},
	} {
		f, err := Open(bytes.NewReader(c.file), s.Key)
		if c.open != (err != nil) {
			t.Errorf("%s: opened with %v", name, err)
			continue
		}
		if err == nil {
			_, err = io.Copy(io.Discard, f)
			if f.Verified() {
				t.Errorf("%s: verified", name)
			}
			if _, again := f.Read(make([]byte, 1)); again == nil || errors.Is(again, io.EOF) {
				t.Errorf("%s: reads on after the error: %v", name, again)
			}
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := Open(bytes.NewReader(good), Key{}); !errors.Is(err, ErrSignature) {
		t.Errorf("without a key: %v", err)
	}
}

// A disk or a line that fails is not a damaged file.
func TestReadError(t *testing.T) {
	image, s := someImage(), newSigner(1)
	broken := errors.New("the cable is out")
	good := s.file(image, nil)
	for _, n := range []int{10, 300, len(good) / 2} {
		f, err := Open(io.MultiReader(bytes.NewReader(good[:n]), iotest.ErrReader(broken)), s.Key)
		if err == nil {
			_, err = io.Copy(io.Discard, f)
		}
		if !errors.Is(err, broken) || errors.Is(err, ErrDamaged) {
			t.Errorf("after %d octets: %v", n, err)
		}
	}
}

func TestCheck(t *testing.T) {
	h := Header{Board: "rpi", Version: "1.10"}
	for _, c := range []struct {
		board, running string
		force          bool
		want           error
	}{
		{"rpi", "1.9", false, nil},
		{"rpi", "1.10", false, ErrOlder}, // the same
		{"rpi", "1.11", false, ErrOlder},
		{"rpi", "1.11", true, nil},
		{"amd64-efi", "1.9", false, ErrBoard},
		{"amd64-efi", "1.9", true, ErrBoard}, // nobody can want that
	} {
		if err := h.Check(c.board, c.running, c.force); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// In the order of dpkg, which decides where it is here.
func TestNewer(t *testing.T) {
	order := []string{"0~20261122063303.abc", "0~20261122063304.abc", "0", "0.9", "1.0~rc1", "1.0~rc2", "1.0", "1.0+a", "1.0.1", "1.2", "1.10", "2", "v1"}
	dpkg, err := exec.LookPath("dpkg")
	for i, a := range order {
		for j, b := range order {
			if Newer(a, b) != (i > j) {
				t.Errorf("Newer(%s, %s) is %v", a, b, !(i > j))
			}
			if err == nil && a[0] != 'v' && b[0] != 'v' && j == i+1 {
				if out, err := exec.Command(dpkg, "--compare-versions", b, "gt", a).CombinedOutput(); err != nil {
					t.Errorf("dpkg thinks otherwise of %s and %s: %v %s", a, b, err, out)
				}
			}
		}
	}
	if Newer("1.02", "1.2") || Newer("1.2", "1.02") {
		t.Error("a zero before a number counts")
	}
}

func TestParseKey(t *testing.T) {
	s := newSigner(3)
	for _, text := range []string{s.String(), "untrusted comment: x\n" + s.String() + "\n", "untrusted comment: x\r\n" + s.String() + "\r\n"} {
		k, err := ParseKey(text)
		if err != nil || k.String() != s.String() {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"", "?", "RWQ=", strings.Replace(s.String(), "RW", "RX", 1)} {
		if k, err := ParseKey(text); err == nil || !k.IsZero() || k.String() != "" {
			t.Errorf("%q is a key", text)
		}
	}
}

// The program minisign takes our key and our form apart: four lines are its signature, the rest what is signed.
func TestMinisign(t *testing.T) {
	if _, err := exec.LookPath("minisign"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("minisign is missing")
		}
		t.Skip("minisign is missing")
	}
	folder := t.TempDir()
	run := func(args ...string) string {
		out, err := exec.Command("minisign", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("minisign %q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	public, secret, image := filepath.Join(folder, "key.pub"), filepath.Join(folder, "key"), filepath.Join(folder, "image.gz")
	run("-G", "-W", "-p", public, "-s", secret)
	packed := pack(someImage())
	write := func(path string, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(image, packed)
	header := Header{Board: "rpi", Version: "2.0", Packed: int64(len(packed)), Image: 300_000}
	run("-S", "-s", secret, "-m", image, "-t", header.String())
	text, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParseKey(string(text))
	if err != nil {
		t.Fatal(err)
	}
	signature, err := os.ReadFile(image + ".minisig")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(io.MultiReader(bytes.NewReader(signature), bytes.NewReader(packed)), key)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, f); err != nil || n != 300_000 || f.Version != "2.0" {
		t.Errorf("%d octets, %v, %+v", n, err, f.Header)
	}
	// And the other way round.
	ours := newSigner(4)
	file := ours.file(someImage(), nil)
	lines := bytes.SplitAfterN(file, []byte("\n"), 5)
	write(image, lines[4])
	write(image+".minisig", bytes.Join(lines[:4], nil))
	if out := run("-V", "-P", ours.String(), "-m", image); !strings.Contains(out, "version=1.2") {
		t.Error(out)
	}
}

func FuzzOpen(f *testing.F) {
	s := newSigner(1)
	good := s.file(make([]byte, 1000), nil)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte(s.sign(nil, "buzon-slot-1 board=rpi version=1 data=x packed=1 image=1")))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Open(bytes.NewReader(b), s.Key)
		if err != nil {
			return
		}
		if n, err := io.Copy(io.Discard, file); err == nil && (n != file.Image || !bytes.HasPrefix(b, good[:len(good)/2])) {
			t.Errorf("%d octets that nobody signed", n)
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add("buzon-slot-1 board=rpi version=1.2 data=13 packed=1 image=2")
	f.Add("buzon-slot-1 board= packed=-1")
	f.Fuzz(func(t *testing.T, comment string) {
		h, err := parseHeader(comment)
		if err != nil {
			return
		}
		if again, err := parseHeader(h.String()); err != nil || again != h {
			t.Errorf("%q: %+v becomes %+v, %v", comment, h, again, err)
		}
	})
}
