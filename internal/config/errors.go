package config

import (
	"errors"
	"fmt"
)

// ErrSetting is what every error about a setting wraps.
var ErrSetting = errors.New("not a valid setting")

// UnknownKeyError says that there is no setting of that name.
type UnknownKeyError struct {
	Name    string
	Nearest string // a name that may have been meant, or ""
}

// Error implements error.
func (e *UnknownKeyError) Error() string {
	if e.Nearest == "" {
		return fmt.Sprintf("there is no setting %q", e.Name)
	}
	return fmt.Sprintf("there is no setting %q; did you mean %q?", e.Name, e.Nearest)
}

// Unwrap lets errors.Is find ErrSetting.
func (e *UnknownKeyError) Unwrap() error { return ErrSetting }

// ValueError says why a value does not fit its setting.
type ValueError struct {
	Key    Key
	Value  string
	Reason error
}

// Error implements error.
func (e *ValueError) Error() string {
	return fmt.Sprintf("%s cannot be %q: %v", e.Key.Name, e.Value, e.Reason)
}

// Unwrap lets errors.Is find ErrSetting and the reason.
func (e *ValueError) Unwrap() []error { return []error{ErrSetting, e.Reason} }

// nearest is the name that takes the fewest edits, if they are few.
func nearest(name string, keys []Key) string {
	best, fewest := "", max(3, len(name)/2)
	for _, k := range keys {
		if d := distance(name, k.Name); d < fewest {
			best, fewest = k.Name, d
		}
	}
	return best
}

// distance is how many octets to insert, remove or replace (Levenshtein).
func distance(a, b string) int {
	if len(a) > maxText {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
