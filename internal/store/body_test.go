package store

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"io"
	mathrand "math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

// One message of each kind of chunk: none, one, some, exact multiples, packed and not.
func TestBody(t *testing.T) {
	s := openMail(t)
	_, box := person(t, s, "p", 0)
	noise := make([]byte, 3*chunkSize)
	rand.Read(noise)
	text := strings.Repeat("Some text that shrinks. ", 20<<10)
	for _, want := range []string{
		"", "x", text[:smallBuffer], text[:smallBuffer+1], text[:chunkSize], text[:chunkSize+1], text[:2*chunkSize], text,
		string(noise[:100]), string(noise[:smallBuffer]), string(noise[:chunkSize]), string(noise), text[:chunkSize] + string(noise) + text,
	} {
		uids, err := s.Append(t.Context(), box, []Draft{{Body: section(want)}})
		check(t, err)
		page, err := s.Page(t.Context(), box, set(uids[0]), 0, 1, WithMeta, nil)
		check(t, err)
		if bodyText(t, s, page[0].Body) != want {
			t.Errorf("a message of %d octets differs", len(want))
		}
		checkReadAt(t, s, page[0].Body, want)
	}
	sound(t, s)
}

func checkReadAt(t *testing.T, s *Store, id BodyID, want string) {
	t.Helper()
	b, err := s.Body(t.Context(), id)
	check(t, err)
	defer b.Release()
	if err := iotest.TestReader(io.NewSectionReader(b, 0, b.Size()), []byte(want)); err != nil {
		t.Errorf("%d octets: %v", len(want), err)
	}
	for range 20 {
		lo := mathrand.IntN(len(want) + 1)
		p := make([]byte, mathrand.IntN(len(want)-lo+1))
		if n, err := b.ReadAt(p, int64(lo)); n != len(p) || err != nil || string(p) != want[lo:lo+n] {
			t.Errorf("%d octets at %d of %d: %d, %v", len(p), lo, len(want), n, err)
		}
		b.Release() // it may be given back at any time
	}
	if n, err := b.ReadAt(make([]byte, 2), b.Size()); n != 0 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
}

func TestBodyRemoved(t *testing.T) {
	s := openMail(t)
	_, box := person(t, s, "p", 0)
	text := strings.Repeat("x", 3*chunkSize)
	_, err := s.Append(t.Context(), box, []Draft{{Body: section(text)}})
	check(t, err)
	id := list(t, s, box, WithMeta)[0].Body
	b, err := s.Body(t.Context(), id)
	check(t, err)
	defer b.Release()
	_, err = s.Expunge(t.Context(), box, set(1), true)
	check(t, err)
	_, err = s.Body(t.Context(), id)
	wantErr(t, err, ErrNoMessage)
	check(t, s.Care(t.Context()))
	for count(t, s, `SELECT count(*) FROM chunk`) > 0 { // the sweeper may be at it still
		time.Sleep(time.Millisecond)
	}
	put(t, s, box, 5) // nothing of the new may be read under the old id
	_, err = b.WriteTo(io.Discard)
	wantErr(t, err, ErrNoMessage)
	_, err = s.Body(t.Context(), id)
	wantErr(t, err, ErrNoMessage)
	_, err = s.Body(t.Context(), 9999)
	wantErr(t, err, ErrNoMessage)
}

func TestStreamingAllocations(t *testing.T) {
	if raced {
		t.Skip("the race detector empties pools")
	}
	s := openMail(t)
	_, box := person(t, s, "p", 0)
	_, err := s.Append(t.Context(), box, []Draft{{Body: io.NewSectionReader(attachment(20<<20), 0, 20<<20)}})
	check(t, err)
	b, err := s.Body(t.Context(), list(t, s, box, WithMeta)[0].Body)
	check(t, err)
	defer b.Release()
	if got := testing.AllocsPerRun(3, func() { b.WriteTo(io.Discard) }); got > 20 { // 160 chunks
		t.Errorf("%.0f allocations for 160 chunks", got)
	}
}

// attachment is a message of any size without memory: a header and base64 that does not repeat soon.
type attachment int64

var attachmentLines = func() string {
	noise := make([]byte, 57*1000)
	rand.Read(noise)
	var b strings.Builder
	for ; len(noise) > 0; noise = noise[57:] {
		b.WriteString(base64.StdEncoding.EncodeToString(noise[:57]) + "\r\n")
	}
	return b.String()
}()

const attachmentHeader = "Subject: big\r\nContent-Transfer-Encoding: base64\r\nContent-Type: application/x-z\r\n\r\n"

func (a attachment) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < int64(len(attachmentHeader)) {
		n = copy(p, attachmentHeader[off:])
	}
	for n < len(p) {
		n += copy(p[n:], attachmentLines[(off+int64(n))%int64(len(attachmentLines)):])
	}
	return n, nil
}

// A message of 50 MB costs little memory, on its way in and out.
func TestLargeMessageMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 50 MB")
	}
	const size, limit = 50 << 20, 8 << 20
	s := openMail(t)
	acc, box := person(t, s, "p", 0)
	accept(t, s, mail("warm", strings.Repeat("x", 300<<10)), Delivery{Account: acc})
	start := heap()
	peak := watchHeap(t)
	check(t, s.Accept(t.Context(), Incoming{Body: io.NewSectionReader(attachment(size), 0, size), Deliver: []Delivery{{Account: acc}}}))
	b, err := s.Body(t.Context(), list(t, s, box, WithMeta)[1].Body)
	check(t, err)
	defer b.Release()
	n, err := b.WriteTo(io.Discard)
	check(t, err)
	if used := int64(peak()) - int64(start); n != size || used > limit {
		t.Errorf("%d octets took %d KB of memory", n, used>>10)
	}
	var first, stored [200]byte
	attachment(size).ReadAt(first[:], 3*chunkSize-100)
	_, err = b.ReadAt(stored[:], 3*chunkSize-100)
	check(t, err)
	if !bytes.Equal(first[:], stored[:]) {
		t.Error("the octets differ")
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// watchHeap looks at the live heap again and again until peak is called.
func watchHeap(t *testing.T) (peak func() uint64) {
	var most atomic.Uint64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			most.Store(max(most.Load(), heap()))
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() { <-ended })
	return func() uint64 {
		close(done)
		<-ended
		return most.Load()
	}
}
