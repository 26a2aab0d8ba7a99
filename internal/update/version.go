package update

import (
	"cmp"
	"strings"
)

// Newer tells whether version a comes after b, in the order of Debian's packages (deb-version(7)), so that images and
// packages agree: parts that are digits by size, others by letters before the rest; "~" is before anything, even the end.
func Newer(a, b string) bool { return compareVersions(a, b) > 0 }

func compareVersions(a, b string) int {
	for a != "" || b != "" {
		var wordA, wordB, numberA, numberB string
		wordA, a = split(a, false)
		wordB, b = split(b, false)
		if c := compareWords(wordA, wordB); c != 0 {
			return c
		}
		numberA, a = split(a, true)
		numberB, b = split(b, true)
		if c := compareNumbers(numberA, numberB); c != 0 {
			return c
		}
	}
	return 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// split cuts what is digits, or is none, off the begin.
func split(s string, digits bool) (part, rest string) {
	i := 0
	for i < len(s) && isDigit(s[i]) == digits {
		i++
	}
	return s[:i], s[i:]
}

// compareNumbers compares digits of any length.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

func compareWords(a, b string) int {
	for i := range max(len(a), len(b)) {
		if c := cmp.Compare(weight(a, i), weight(b, i)); c != 0 {
			return c
		}
	}
	return 0
}

// weight is the place in the order of a character: "~", the end, letters, others.
func weight(s string, i int) int {
	switch {
	case i >= len(s):
		return 0
	case s[i] == '~':
		return -1
	case s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z':
		return int(s[i])
	}
	return int(s[i]) + 256
}
