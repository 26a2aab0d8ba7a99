package imap

import (
	"bytes"
	"strings"

	"buzon/internal/message"
)

// sectionKind is what of a part a section names (RFC 3501 §6.4.5).
type sectionKind uint8

const (
	sectionAll       sectionKind = iota // the part's content; the whole message without a part
	sectionHeader                       // HEADER
	sectionFields                       // HEADER.FIELDS
	sectionFieldsNot                    // HEADER.FIELDS.NOT
	sectionText                         // TEXT
	sectionMIME                         // MIME
)

// sectionKinds are the words of RFC 3501 §9 section-text.
var sectionKinds = map[string]sectionKind{
	"HEADER":            sectionHeader,
	"HEADER.FIELDS":     sectionFields,
	"HEADER.FIELDS.NOT": sectionFieldsNot,
	"TEXT":              sectionText,
	"MIME":              sectionMIME,
}

// section is what stands in BODY[...]<...>. imap.FetchItemBodySection
// spreads the kind over three fields; here it is one, to switch on.
type section struct {
	path          []int
	kind          sectionKind
	fields        []string // of sectionFields and sectionFieldsNot
	partial       bool
	offset, count int64 // of partial
}

// filtered tells that the section is not octets of the message in a row.
func (s *section) filtered() bool { return s.kind == sectionFields || s.kind == sectionFieldsNot }

// whole tells that the section is the message itself: its structure is not needed.
func (s *section) whole() bool { return len(s.path) == 0 && s.kind == sectionAll }

// extent is octets from lo up to hi of a message.
type extent struct{ lo, hi int64 }

func (e extent) len() int64 { return e.hi - e.lo }

// cut is the octets of e that the section's <offset.count> leaves.
// RFC 3501 §6.4.5: from beyond the end there is nothing, and that is no error.
func (s *section) cut(e extent) extent {
	if !s.partial {
		return e
	}
	lo := e.lo + min(s.offset, e.len())
	return extent{lo, lo + min(s.count, e.hi-lo)}
}

// locate finds the section in a message of size octets; for a filtered section
// that is the header to be filtered. It is not ok when there is no such part.
func (s *section) locate(root *message.Part, size int64) (e extent, ok bool) {
	if s.whole() {
		return extent{0, size}, true
	}
	p, ok := s.part(root)
	if !ok {
		return extent{}, false
	}
	switch s.kind {
	case sectionAll, sectionText:
		e = extent{p.Body, p.End}
	default:
		e = extent{p.Header, p.Body}
	}
	return e, 0 <= e.lo && e.lo <= e.hi && e.hi <= size
}

// part finds the part whose header or body is meant. RFC 3501 §6.4.5: HEADER and
// TEXT after a number are those of the message that the part is, MIME is the
// part's own header.
func (s *section) part(root *message.Part) (*message.Part, bool) {
	p, ok := root.Find(s.path)
	if !ok || len(s.path) == 0 || s.kind == sectionAll || s.kind == sectionMIME {
		return p, ok
	}
	if p.Type != "message" || len(p.Parts) != 1 {
		return nil, false
	}
	return &p.Parts[0], true
}

// filter appends to dst what HEADER.FIELDS or HEADER.FIELDS.NOT leaves of header.
// RFC 3501 §6.4.5: the blank line that ends a header is always there.
func (s *section) filter(dst, header []byte) []byte {
	message.EachField(header, func(name, raw []byte) bool {
		if s.names(name) == (s.kind == sectionFields) {
			dst = append(dst, raw...)
			if !bytes.HasSuffix(raw, []byte("\n")) {
				dst = append(dst, "\r\n"...)
			}
		}
		return true
	})
	return append(dst, "\r\n"...)
}

func (s *section) names(field []byte) bool {
	for _, f := range s.fields {
		if len(f) == len(field) && strings.EqualFold(f, string(field)) {
			return true
		}
	}
	return false
}
