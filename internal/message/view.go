package message

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// Range is a run of octets: From is the first, To one past the last.
type Range struct{ From, To int64 }

// Without is r, of size octets, with some ranges left out. They may overlap and
// reach beyond the end. Nothing is read and nothing but the ranges is held: r
// must live as long as the view.
func Without(r io.ReaderAt, size int64, out []Range) *io.SectionReader {
	sorted := slices.SortedFunc(slices.Values(out), func(a, b Range) int { return cmp.Compare(a.From, b.From) })
	var pieces []*io.SectionReader
	at := int64(0)
	for _, x := range sorted {
		if from := min(x.From, size); from > at {
			pieces = append(pieces, io.NewSectionReader(r, at, from-at))
		}
		at = max(at, x.To)
	}
	if at < size {
		pieces = append(pieces, io.NewSectionReader(r, at, size-at))
	}
	return Join(pieces...)
}

// Join is several pieces read as one, in their order. Nothing is read or copied.
func Join(pieces ...*io.SectionReader) *io.SectionReader {
	v := view{ends: make([]int64, 0, len(pieces))}
	size := int64(0)
	for _, p := range pieces {
		if p.Size() == 0 {
			continue
		}
		size += p.Size()
		v.pieces = append(v.pieces, p)
		v.ends = append(v.ends, size)
	}
	return io.NewSectionReader(&v, 0, size)
}

// view is pieces, none empty, and where each ends in the whole.
type view struct {
	pieces []*io.SectionReader
	ends   []int64
}

// ReadAt implements io.ReaderAt.
func (v *view) ReadAt(p []byte, off int64) (n int, err error) {
	i, _ := slices.BinarySearch(v.ends, off+1) // the first piece that ends behind off
	for n < len(p) {
		if i == len(v.pieces) {
			return n, io.EOF
		}
		piece, start := v.pieces[i], v.ends[i]-v.pieces[i].Size()
		at := off + int64(n) - start
		want := min(int64(len(p)-n), piece.Size()-at)
		got, err := piece.ReadAt(p[n:n+int(want)], at)
		n += got
		switch {
		case int64(got) == want: // io.EOF with all of a piece is not the end of the whole
		case err == nil || err == io.EOF:
			return n, fmt.Errorf("read piece of message: %w", io.ErrUnexpectedEOF)
		default:
			return n, fmt.Errorf("read piece of message: %w", err)
		}
		i++
	}
	return n, nil
}
