package store

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// chunkSize is how much of a body one row holds: enough for zstd to find what
// repeats, little enough to be held in memory for each reader.
const chunkSize = 128 << 10 // octets

// maxCoders is how many chunks are packed at once, and how many unpacked: an
// encoder costs about half a megabyte, and boards have few cores.
const maxCoders = 4

// bodyBuffer is what bodies share: encoders, decoders and chunk buffers. The
// zero value is ready.
type bodyBuffer struct {
	once  sync.Once
	enc   *zstd.Encoder
	dec   *zstd.Decoder
	err   error
	small sync.Pool // of *[]byte with room for smallBuffer
	large sync.Pool // of *[]byte with room for a chunk
}

// Most messages fit a small buffer, so that many readers of them cost little.
const (
	smallBuffer = 16 << 10
	largeBuffer = chunkSize + 1<<10 // what zstd adds to a chunk that does not shrink
)

// buffer lends a buffer with room for n octets; return it with giveBack.
func (b *bodyBuffer) buffer(n int) *[]byte {
	pool, size := &b.large, largeBuffer
	if n <= smallBuffer {
		pool, size = &b.small, smallBuffer
	}
	if p, ok := pool.Get().(*[]byte); ok {
		return p
	}
	p := make([]byte, 0, size)
	return &p
}

func (b *bodyBuffer) giveBack(p *[]byte) {
	*p = (*p)[:0]
	switch cap(*p) {
	case smallBuffer:
		b.small.Put(p)
	case largeBuffer:
		b.large.Put(p)
	}
}

// start makes the coders at the first use: a program that only lists accounts
// should not pay for them. The settings are those measured in STORE.md.
func (b *bodyBuffer) start() error {
	b.once.Do(func() {
		n := min(runtime.GOMAXPROCS(0), maxCoders)
		b.enc, b.err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(n),
			zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(chunkSize), zstd.WithAllLitEntropyCompression(true))
		if b.err != nil {
			return
		}
		b.dec, b.err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(n), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(2*chunkSize), zstd.WithDecodeAllCapLimit(true))
	})
	return b.err
}

// pack gives raw as a chunk row holds it, in packed's memory or raw itself
// where zstd saves nothing.
func (b *bodyBuffer) pack(raw, packed []byte) ([]byte, error) {
	if err := b.start(); err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	packed = b.enc.EncodeAll(raw, packed[:0])
	if len(packed) >= len(raw) {
		return raw, nil
	}
	return packed, nil
}

// unpack appends to raw[:0], which has room for size octets, what the chunk
// data stands for.
func (b *bodyBuffer) unpack(data, raw []byte, size int) ([]byte, error) {
	if len(data) == size {
		return append(raw[:0], data...), nil
	}
	if err := b.start(); err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	raw, err := b.dec.DecodeAll(data, raw[:0])
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	if len(raw) != size {
		return nil, fmt.Errorf("zstd: chunk of %d octets where %d belong", len(raw), size)
	}
	return raw, nil
}
