package dkim

import (
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
)

// big is a message of 25 MB, which is nowhere.
type big struct{ header string }

const bigSize = 25 << 20

func (b big) ReadAt(p []byte, off int64) (int, error) {
	line := "The quick brown fox  jumps over the lazy dog, and so on until the line is full\r\n"
	for i := range p {
		if at := off + int64(i); at < int64(len(b.header)) {
			p[i] = b.header[at]
		} else {
			p[i] = line[at%int64(len(line))]
		}
	}
	return len(p), nil
}

// Memory does not grow with the message.
func TestMemory(t *testing.T) {
	s := signer(t, "example.org", pair(t))
	header := strings.Repeat("To: "+strings.Repeat("a@example.net,\r\n ", 1000)+"b@example.net\r\n", 10) + letter
	mail := io.NewSectionReader(big{header}, 0, bigSize)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := s.Sign(mail, time.Now(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 128<<10 {
		t.Errorf("%d octets were allocated", got)
	}
}

func BenchmarkSign(b *testing.B) {
	s := signer(b, "example.org", pair(b))
	mail := io.NewSectionReader(big{letter}, 0, bigSize)
	b.SetBytes(bigSize)
	for b.Loop() {
		if _, err := s.Sign(mail, time.Now(), time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
}
