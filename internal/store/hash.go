package store

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"

	"github.com/xdg-go/stringprep"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// argonParams are the costs of one argon2id hash (RFC 9106). They are kept with
// each hash, so that they can change.
type argonParams struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
}

// currentArgon is the smallest of the choices that OWASP holds equal: memory is
// what a board of 64 MB lacks.
func currentArgon() argonParams { return argonParams{memory: 7 << 10, time: 5, threads: 1} }

const (
	saltSize = 16 // octets, RFC 9106 §3.1
	hashSize = 32 // octets

	// maxPassword keeps a log-in from costing more than its hash.
	maxPassword = 1024 // octets

	// maxArgonMemory refuses a hash from elsewhere that would take the board's memory.
	maxArgonMemory = 64 << 10 // KiB
)

// hasher runs argon2id, few at once: each takes its memory for as long as it runs.
type hasher struct{ slots chan struct{} }

func newHasher(atOnce int) hasher { return hasher{make(chan struct{}, max(1, atOnce))} }

// hash makes the PHC string of a password.
func (h hasher) hash(ctx context.Context, password string) (string, error) {
	p, salt := currentArgon(), make([]byte, saltSize)
	rand.Read(salt)
	sum, err := h.run(ctx, p, password, salt)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, p.memory, p.time, p.threads, b64(salt), b64(sum)), nil
}

// check tells whether password made the PHC string. An empty phc does the same
// work and is never right.
func (h hasher) check(ctx context.Context, phc, password string) (bool, error) {
	p, salt, want, err := parsePHC(phc)
	if phc == "" {
		p, salt, want, err = currentArgon(), make([]byte, saltSize), nil, nil
	}
	if err != nil {
		return false, err
	}
	got, err := h.run(ctx, p, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func (h hasher) run(ctx context.Context, p argonParams, password string, salt []byte) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password), salt, p.time, p.memory, p.threads, hashSize), nil
}

// parsePHC reads $argon2id$v=19$m=7168,t=5,p=1$salt$hash.
func parsePHC(s string) (p argonParams, salt, sum []byte, err error) {
	fields := strings.Split(s, "$")
	if len(fields) != 6 || fields[1] != "argon2id" || fields[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, fmt.Errorf("store: password hash of an unknown kind")
	}
	if _, err = fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil {
		return p, nil, nil, fmt.Errorf("store: password hash: %w", err)
	}
	if p.memory > maxArgonMemory || p.time == 0 || p.threads == 0 {
		return p, nil, nil, fmt.Errorf("store: password hash: costs out of range: %s", fields[3])
	}
	if salt, err = base64.RawStdEncoding.DecodeString(fields[4]); err != nil {
		return p, nil, nil, fmt.Errorf("store: password hash: %w", err)
	}
	if sum, err = base64.RawStdEncoding.DecodeString(fields[5]); err != nil || len(sum) != hashSize {
		return p, nil, nil, fmt.Errorf("store: password hash is damaged")
	}
	return p, salt, sum, nil
}

// normalPassword is the form in which passwords are hashed and compared: that of SASLprep (RFC 4013), which SCRAM clients
// apply themselves. So one typed on a Mac (decomposed ñ) is that typed on a phone (composed). What SASLprep refuses is NFKC
// all the same: nobody must be locked out by a letter that is too new for it.
func normalPassword(password string) string {
	prepared, err := stringprep.SASLprep.Prepare(password)
	if err != nil || prepared == "" {
		return norm.NFKC.String(password)
	}
	return prepared
}

// checkNewPassword refuses what nobody could log in with. How good a password is the page decides.
func checkNewPassword(password string) error {
	switch {
	case password == "":
		return fmt.Errorf("%w: it is empty", ErrBadPassword)
	case len(password) > maxPassword:
		return fmt.Errorf("%w: it is longer than %d octets", ErrBadPassword, maxPassword)
	case strings.ContainsFunc(password, unicode.IsControl): // RFC 4013 §2.3
		return fmt.Errorf("%w: it contains control characters", ErrBadPassword)
	}
	return nil
}
