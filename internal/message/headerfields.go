package message

import (
	"fmt"
	"io"
)

// Fields calls f for each field of the header that r, of size octets, starts
// with, until f returns false, and tells where each stands. raw is the field
// with its name and folds, without its last line end; it is valid during the
// call only, and of a field longer than MaxHeader it is the start. Lines that
// belong to no field are skipped. body is where the header ends, its empty line
// included; when f stopped, it is where the field ends. Unlike Header this sees
// every field however long the header is: what must be removed may not hide.
// Only errors of r are returned.
func Fields(r io.ReaderAt, size int64, f func(name string, raw []byte, at Range) bool) (body int64, err error) {
	in := newLines(io.NewSectionReader(r, 0, size), min(size, lineBuffer/4))
	var cur field
	start := int64(0)
	for {
		from := in.pos
		line, first, err := in.next()
		switch {
		case err == io.EOF:
			cur.giveAt(f, Range{start, from})
			return from, nil
		case err != nil:
			return 0, fmt.Errorf("read header: %w", err)
		}
		if first && !isSpace(line[0]) {
			if !cur.giveAt(f, Range{start, from}) {
				return from, nil
			}
			if isBlank(line) {
				return in.pos, nil
			}
			cur.begin(line)
			start = from
		}
		cur.add(line[:min(len(line), MaxHeader-min(len(cur.raw), MaxHeader))])
	}
}

func (c *field) giveAt(f func(name string, raw []byte, at Range) bool, at Range) bool {
	return c.give(func(name string, raw []byte) bool { return f(name, raw, at) })
}

// FieldValue is the value of a field that Fields or Header gave: folds removed,
// white space trimmed. It overwrites raw.
func FieldValue(raw []byte) string { return unfold(afterColon(raw)) }

// MessageIDs are the ids in the value of a field such as References, without
// their brackets, oldest first. Of more than 100 the first and the newest are
// kept.
func MessageIDs(value string) []string { return newestIDs(value) }
