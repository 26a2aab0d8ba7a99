package dkim

import (
	"strconv"
	"strings"
	"time"
)

// NextSelector is the base of the selectors of a new pair, such as "b2026a": the
// year, and a letter that comes after those in use. While the pair before stays
// in use no name is ever given twice, so that what caches and forgotten records
// still hold is never taken for the new key.
func NextSelector(now time.Time, inUse []string) string {
	year := "b" + strconv.Itoa(now.UTC().Year())
	next := 0
	for _, selector := range inUse {
		base, _, _ := strings.Cut(selector, "-")
		if letters, ok := strings.CutPrefix(base, year); ok {
			next = max(next, ordinal(letters)+1)
		}
	}
	return year + letters(next)
}

// letters are a to z, then ba, bb and so on: a number with the digits a to z.
func letters(n int) string {
	last := string(rune('a' + n%26))
	if n < 26 {
		return last
	}
	return letters(n/26) + last
}

// ordinal is the inverse of letters, -1 for what letters never gives.
func ordinal(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' || i > 3 {
			return -1
		}
		n = n*26 + int(s[i]-'a')
	}
	if s == "" {
		return -1
	}
	return n
}
