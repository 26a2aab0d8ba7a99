package update

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Key is a public key of minisign.
type Key struct {
	id  [8]byte
	key ed25519.PublicKey
}

// What stands before the octets in minisign's files.
const (
	untrusted = "untrusted comment: "
	trusted   = "trusted comment: "
	keyMark   = "Ed" // a key, and the signature of a message as a whole, which we do not take
	hashMark  = "ED" // the signature of a message's BLAKE2b-512
)

// ParseKey reads a public key: the text of a .pub file of minisign, or its last line alone.
func ParseKey(text string) (Key, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(lines[len(lines)-1]))
	if err != nil {
		return Key{}, fmt.Errorf("update: public key: %w", err)
	}
	if len(raw) != 2+8+ed25519.PublicKeySize || string(raw[:2]) != keyMark {
		return Key{}, errors.New("update: public key: not one of minisign")
	}
	k := Key{key: bytes.Clone(raw[10:])}
	copy(k.id[:], raw[2:])
	return k, nil
}

// IsZero tells that there is no key: nothing can be verified with it.
func (k Key) IsZero() bool { return k.key == nil }

// String is the last line of the key's .pub file, which ParseKey reads.
func (k Key) String() string {
	if k.IsZero() {
		return ""
	}
	return base64.StdEncoding.EncodeToString(append(append([]byte(keyMark), k.id[:]...), k.key...))
}
