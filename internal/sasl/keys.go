package sasl

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/xdg-go/stringprep"
)

// SaltSize is the size of an account's salt. Fake salts have it too, so every account must.
const SaltSize = 16 // octets

// MinIterations is the least that DeriveKeys takes (RFC 7677 §4); clients refuse less.
const MinIterations = 4096

// Keys is what is kept of one password (RFC 5802 §3). It proves a client and proves us to the client, but is not enough
// to log in with.
type Keys struct{ Stored, Server [sha256.Size]byte }

// Credentials is what SCRAM needs of one account. All its passwords share salt and iteration count, because the client
// is told these before we know which password it holds.
type Credentials struct {
	Salt       []byte // SaltSize octets
	Iterations int
	Keys       []Keys // one a password; none means that no proof is right
}

// DeriveKeys makes the keys of a password (RFC 5802 §3). It fails for fewer iterations than MinIterations and for an
// empty salt.
func DeriveKeys(password string, salt []byte, iterations int) (Keys, error) {
	if iterations < MinIterations || len(salt) == 0 {
		return Keys{}, errors.New("scram keys: too few iterations or no salt")
	}
	salted, err := pbkdf2.Key(sha256.New, Prepare(password), salt, iterations, sha256.Size)
	if err != nil {
		return Keys{}, fmt.Errorf("scram keys: %w", err)
	}
	clientKey := mac(salted, "Client Key")
	return Keys{Stored: sha256.Sum256(clientKey[:]), Server: mac(salted, "Server Key")}, nil
}

// Prepare normalizes a password by SASLprep (RFC 4013), so that it matches however a keyboard composed it. What SASLprep
// refuses (control characters, whatever came after Unicode 3.2 such as emoji) is taken as it is: clients that refuse it
// fail anyway, the others send it raw.
func Prepare(password string) string {
	prepared, err := stringprep.SASLprep.Prepare(password)
	if err != nil || prepared == "" {
		return password
	}
	return prepared
}

// match tells which of the keys the proof was made with, or -1. It looks at all of them whatever it finds, so the time
// does not tell which.
func match(keys []Keys, proof [sha256.Size]byte, authMessage string) int {
	matched := -1
	for i, k := range keys {
		// RFC 5802 §3: ClientKey := ClientProof XOR ClientSignature; H(ClientKey) must be StoredKey.
		clientKey := mac(k.Stored[:], authMessage)
		subtle.XORBytes(clientKey[:], clientKey[:], proof[:])
		stored := sha256.Sum256(clientKey[:])
		matched = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(stored[:], k.Stored[:]), i, matched)
	}
	return matched
}

func mac(key []byte, text string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	h.Sum(sum[:0])
	return sum
}
