package deflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	kflate "github.com/klauspost/compress/flate"
)

// deflated is text at a level of the standard library.
func deflated(t testing.TB, text []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// samples are texts that use every kind of block and the whole window.
func samples() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	words := make([]byte, 0, 300_000)
	for len(words) < 300_000 {
		words = append(words, strings.Repeat("lorem ipsum", int(random.Uint32()%4))...)
		words = append(words, byte(random.Uint32()%64), ' ')
	}
	far := append(append(bytes.Clone(noise[:32<<10]), noise[:32<<10]...), noise[:32<<10]...)
	return map[string][]byte{
		"empty": nil, "one": {'x'}, "zeros": make([]byte, 100_000), "noise": noise, "words": words, "far": far,
	}
}

func TestRead(t *testing.T) {
	for name, text := range samples() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 6, 9} {
			packed := deflated(t, text, level)
			for kind, src := range map[string]io.Reader{
				"whole": bytes.NewReader(packed), "octets": iotest.OneByteReader(bytes.NewReader(packed)),
			} {
				got, err := io.ReadAll(NewReader(src))
				if err != nil || !bytes.Equal(got, text) {
					t.Errorf("%s at level %d, %s: %d of %d octets, %v", name, level, kind, len(got), len(text), err)
				}
			}
		}
	}
}

// A Reader that is asked for one octet at a time gives the same.
func TestReadSmall(t *testing.T) {
	text := samples()["words"]
	got, err := io.ReadAll(iotest.OneByteReader(NewReader(bytes.NewReader(deflated(t, text, 6)))))
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("%d of %d octets, %v", len(got), len(text), err)
	}
}

// A deadline in the middle of anything is survived.
func TestReadInterrupted(t *testing.T) {
	text := samples()["words"]
	src := iotest.OneByteReader(bytes.NewReader(deflated(t, text, 9)))
	pass := false
	r := NewReader(readerFunc(func(p []byte) (int, error) {
		if pass = !pass; !pass {
			return 0, iotest.ErrTimeout
		}
		return src.Read(p)
	}))
	var got []byte
	buf := make([]byte, 100)
	for {
		n, err := r.Read(buf)
		got = append(got, buf[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, iotest.ErrTimeout) {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got, text) {
		t.Errorf("%d of %d octets", len(got), len(text))
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// The standard library's reader, and klauspost's, want more before they give
// anything out of these octets, which zlib wrote for "a NOOP\r\n" with
// Z_PARTIAL_FLUSH: on a connection they would wait for ever. This is why the
// package exists.
func TestPartialFlush(t *testing.T) {
	packed := []byte{0x4a, 0x54, 0xf0, 0xf3, 0xf7, 0x0f, 0xe0, 0xe5, 0x02, 0x08}
	for name, c := range map[string]struct {
		reader func(io.Reader) io.Reader
		waits  bool
	}{
		"ours":      {func(r io.Reader) io.Reader { return NewReader(r) }, false},
		"standard":  {func(r io.Reader) io.Reader { return flate.NewReader(r) }, true},
		"klauspost": {func(r io.Reader) io.Reader { return kflate.NewReader(r) }, true},
	} {
		src, waited := bytes.NewReader(packed), false
		buf := make([]byte, 100)
		n, _ := c.reader(readerFunc(func(p []byte) (int, error) {
			waited = waited || src.Len() == 0
			return src.Read(p)
		})).Read(buf)
		if string(buf[:n]) != "a NOOP\r\n" || waited != c.waits {
			t.Errorf("%s: %q, asked for more before it gave: %v", name, buf[:n], waited)
		}
	}
}

// After Settle, what the source has is no longer compressed, however the peer
// flushed and whatever arrived at a time.
func TestSettle(t *testing.T) {
	for name, packed := range map[string]string{
		"Z_PARTIAL_FLUSH": "\x4a\x54\xf0\xf3\xf7\x0f\xe0\xe5\x02\x08",
		"Z_SYNC_FLUSH":    "\x4a\x54\xf0\xf3\xf7\x0f\xe0\xe5\x02\x00\x00\x00\xff\xff",
		"Z_FINISH":        "\x4b\x54\xf0\xf3\xf7\x0f\xe0\xe5\x02\x00",
	} {
		src := strings.NewReader(packed + "plain")
		r := NewReader(iotest.OneByteReader(src))
		got := make([]byte, len("a NOOP\r\n"))
		if _, err := io.ReadFull(r, got); err != nil || string(got) != "a NOOP\r\n" {
			t.Fatalf("%s: %q, %v", name, got, err)
		}
		if err := r.Settle(); err != nil || src.Len() != len("plain") {
			t.Errorf("%s: %d octets left, %v", name, src.Len(), err)
		}
	}
}

// What cannot be is refused.
func TestCorrupt(t *testing.T) {
	for name, packed := range map[string][]byte{
		"block of kind 3":             {0x07},
		"stored length":               {0x01, 1, 0, 0, 0},
		"distance before the start":   {0x4b, 0x04, 0x12, 0x00, 0xff, 0xff},
		"a distance that has no code": []byte("\xec\xc0\x01\r\x00\x00\x00\xc2 \xfb\xa76\xc770"),
		"too many literals":           {0xfd, 0xff, 0xff, 0xff, 0xff},
	} {
		if _, err := io.ReadAll(NewReader(bytes.NewReader(packed))); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The window grows with what was said, and no further than 32 KB.
func TestWindow(t *testing.T) {
	for size, want := range map[int]int{100: 1 << 10, 5000: 8 << 10, 1 << 20: windowSize} {
		r := NewReader(bytes.NewReader(deflated(t, make([]byte, size), 6)))
		if _, err := io.Copy(io.Discard, r); err != nil || len(r.window) != want {
			t.Errorf("%d octets: a window of %d, %v", size, len(r.window), err)
		}
	}
}

// FuzzReader holds the Reader against the standard library's.
func FuzzReader(f *testing.F) {
	for _, text := range samples() {
		for _, level := range []int{0, 1, 9} {
			packed := deflated(f, text[:min(len(text), 2000)], level)
			f.Add(packed, uint8(1))
			f.Add(packed[:len(packed)/2], uint8(7))
		}
	}
	f.Fuzz(func(t *testing.T, packed []byte, step uint8) {
		const most = 1 << 20 // octets: bombs are not what this is about
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), most))
		r := NewReader(bytes.NewReader(packed))
		var got []byte
		var err error
		buf := make([]byte, int(step)+1)
		for err == nil && len(got) < most {
			var n int
			n, err = r.Read(buf)
			got = append(got, buf[:n]...)
		}
		got = got[:min(len(got), most)]
		if !bytes.HasPrefix(got, want) {
			t.Fatalf("%d octets, the standard library has %d others", len(got), len(want))
		}
		var corrupt flate.CorruptInputError
		if wantErr == nil && len(got) != len(want) {
			t.Fatalf("%d octets, the standard library ends at %d", len(got), len(want))
		}
		if errors.As(wantErr, &corrupt) && !errors.Is(err, ErrCorrupt) && len(got) < most {
			t.Fatalf("%v, the standard library says %v", err, wantErr)
		}
	})
}

func TestPacker(t *testing.T) {
	p := NewPacker(1)
	var out bytes.Buffer
	var want []byte
	for _, text := range samples() {
		if err := p.Pack(&out, text); err != nil {
			t.Fatal(err)
		}
		want = append(want, text...)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(NewReader(&out), got); err != nil || !bytes.Equal(got, want) {
		t.Error("what was packed does not come out", err)
	}
}

func BenchmarkRead(b *testing.B) {
	text := samples()["words"]
	packed := deflated(b, text, 6)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		io.Copy(io.Discard, NewReader(bytes.NewReader(packed)))
	}
}

func BenchmarkPack(b *testing.B) {
	p := NewPacker(1)
	for name, text := range map[string][]byte{"line": []byte("a OK Done.\r\n"), "words": samples()["words"][:32<<10]} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var out bytes.Buffer
			for b.Loop() {
				out.Reset()
				if err := p.Pack(&out, text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
