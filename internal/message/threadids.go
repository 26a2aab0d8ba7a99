package message

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// HashID is a message id in 64 bits: enough to tell the ids of all mail apart,
// and a person who makes two that are alike spoils his own thread only. Two
// spellings of one id, with and without quotes, have one hash (RFC 5256 §3).
func HashID(id string) int64 {
	sum := sha256.Sum256([]byte(unquotedID(id)))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

// unquotedID removes the quotes that RFC 5322 §3.2.4 allows around the left side.
func unquotedID(id string) string {
	if !strings.HasPrefix(id, `"`) {
		return id
	}
	left, right, ok := strings.Cut(id[1:], `"@`)
	if !ok || strings.ContainsAny(left, `"\`) {
		return id
	}
	return left + "@" + right
}

// AppendThreadIDs appends by what THREAD=REFERENCES links messages (RFC 5256
// §3), 8 octets each: the hash of the message's own id, 0 when it has none, then
// of those it refers to, oldest first. It appends nothing when there are none.
func (s *Structure) AppendThreadIDs(b []byte) []byte {
	// RFC 5256 §3: In-Reply-To counts only where References names nothing.
	refs := s.References
	if s.fromReferences > 0 {
		refs = refs[:s.fromReferences]
	}
	if s.MessageID == "" && len(refs) == 0 {
		return b
	}
	own := int64(0)
	if s.MessageID != "" {
		own = HashID(s.MessageID)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(own))
	for _, id := range refs {
		b = binary.BigEndian.AppendUint64(b, uint64(HashID(id)))
	}
	return b
}

// EachThreadID gives the hashes of AppendThreadIDs that follow the first, which it returns.
func EachThreadID(b []byte, f func(ref uint64)) (own uint64) {
	if len(b) < 8 {
		return 0
	}
	own = binary.BigEndian.Uint64(b)
	for b = b[8:]; len(b) >= 8; b = b[8:] {
		f(binary.BigEndian.Uint64(b))
	}
	return own
}
