package imap

import (
	"strconv"

	"buzon/internal/uidset"
)

func appendNumber(b []byte, n uint32) []byte { return strconv.AppendUint(b, uint64(n), 10) }

func appendNumber64(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }

// appendSet appends s as a sequence set (RFC 3501 §9), for instance 1:3,7.
func appendSet(b []byte, s uidset.Set) []byte { return appendRanges(b, s.Ranges()) }

func appendRanges(b []byte, ranges []uidset.Range) []byte {
	for i, r := range ranges {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendNumber(b, r.Lo)
		if r.Hi > r.Lo {
			b = appendNumber(append(b, ':'), r.Hi)
		}
	}
	return b
}
