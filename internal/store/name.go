package store

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	inbox = "INBOX"

	// maxLevel is how long one level of a mailbox name may be: what a folder's
	// name may be in the file systems of clients that mirror us.
	maxLevel = 255 // octets

	// maxLevels bounds the work that one name can cause.
	maxLevels = 20
)

// mailboxName is the one form under which a name is kept: NFC, INBOX in upper
// case wherever it is the first level (RFC 3501 §5.1). ErrBadName when no
// mailbox may be called so.
func mailboxName(name string) (string, error) {
	if name == "" || !utf8.ValidString(name) || len(name) > maxLevels*(maxLevel+1) {
		return "", ErrBadName
	}
	name = norm.NFC.String(name)
	levels := strings.Split(name, "/")
	if len(levels) > maxLevels {
		return "", fmt.Errorf("%w: more than %d levels", ErrBadName, maxLevels)
	}
	for _, level := range levels {
		if err := checkLevel(level); err != nil {
			return "", err
		}
	}
	if strings.EqualFold(levels[0], inbox) {
		levels[0] = inbox
	}
	return strings.Join(levels, "/"), nil
}

func checkLevel(level string) error {
	if level == "" {
		return fmt.Errorf("%w: an empty level", ErrBadName)
	}
	if len(level) > maxLevel {
		return fmt.Errorf("%w: a level of more than %d octets", ErrBadName, maxLevel)
	}
	// RFC 5198 §2, as RFC 9051 §5.1 asks; also the line and paragraph separators.
	if strings.ContainsFunc(level, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }) {
		return fmt.Errorf("%w: a control character", ErrBadName)
	}
	return nil
}

// parentName is the name one level up, "" at the top.
func parentName(name string) string {
	i := strings.LastIndexByte(name, '/')
	return name[:max(i, 0)]
}

// below bounds the names under name: they are above lo and below hi, as '0' comes after '/'.
func below(name string) (lo, hi string) { return name + "/", name + "0" }
