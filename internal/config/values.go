package config

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxText is the longest text setting: a path or a host name.
const maxText = 1024 // octets

func parseText(text string) (string, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxText {
		return "", fmt.Errorf("it is longer than %d octets", maxText)
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "", errors.New("it contains control characters")
	}
	return text, nil
}

func parseChoice(text string, choices []string) (string, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if !slices.Contains(choices, text) {
		return "", fmt.Errorf("it must be one of %s", strings.Join(choices, ", "))
	}
	return text, nil
}

func parseSwitch(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "yes", "on", "true", "1", "sí", "si":
		return true, nil
	case "no", "off", "false", "0":
		return false, nil
	}
	return false, errors.New("it must be yes or no")
}

func printSwitch(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}

// parseWords reads words between commas and spaces: upper case, sorted, each once.
func parseWords(text string) ([]string, error) {
	text, err := parseText(text)
	if err != nil {
		return nil, err
	}
	words := strings.FieldsFunc(strings.ToUpper(text), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	slices.Sort(words)
	if len(words) == 0 {
		return nil, nil
	}
	return slices.Compact(words), nil
}

func printList(words []string) string { return strings.Join(words, ",") }

// maxDays keeps times that are counted from it within what SQL and people handle.
const maxDays = 36500 // days

// ParseDays reads a number of days: "30", "30d", "30 days", "30 días".
func ParseDays(text string) (int, error) {
	number, unit := splitUnit(text)
	switch unit {
	case "", "d", "day", "days", "día", "días", "dia", "dias":
	default:
		return 0, fmt.Errorf("%q is no unit of days", unit)
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > maxDays {
		return 0, fmt.Errorf("it must be a number of days from 0 to %d", maxDays)
	}
	return n, nil
}

// FormatDays is the inverse of ParseDays.
func FormatDays(n int) string { return strconv.Itoa(n) }

// sizeUnits are powers of 1024, the largest first: a "50 MB limit" of mail has always meant those.
func sizeUnits() []sizeUnit {
	return []sizeUnit{{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}}
}

type sizeUnit struct {
	name   string
	octets int64
}

// ParseSize reads octets with a unit or without: "50MB", "1.5 G", "52428800".
func ParseSize(text string) (int64, error) {
	number, unit := splitUnit(text)
	scale, err := sizeScale(unit)
	if err != nil {
		return 0, err
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil && n >= 0 && n <= math.MaxInt64/scale {
		return n * scale, nil
	}
	f, err := strconv.ParseFloat(strings.Replace(number, ",", ".", 1), 64)
	if err != nil || !(f >= 0 && f*float64(scale) < 1<<62) {
		return 0, errors.New("it must be a size such as 50MB or 2GB")
	}
	return int64(f * float64(scale)), nil
}

func sizeScale(unit string) (int64, error) {
	unit = strings.TrimSuffix(strings.TrimSuffix(unit, "b"), "i")
	for _, u := range sizeUnits() {
		if unit == strings.ToLower(u.name[:1]) {
			return u.octets, nil
		}
	}
	switch unit {
	case "", "octets", "bytes", "byte", "octet":
		return 1, nil
	}
	return 0, fmt.Errorf("%q is no unit of size; use KB, MB, GB or TB", unit)
}

// FormatSize is the inverse of ParseSize: the largest unit that loses nothing.
func FormatSize(n int64) string {
	for _, u := range sizeUnits() {
		if n != 0 && n%u.octets == 0 {
			return strconv.FormatInt(n/u.octets, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// splitUnit parts "50 MB" into "50" and "mb".
func splitUnit(text string) (number, unit string) {
	text = strings.TrimSpace(text)
	i := strings.IndexFunc(text, unicode.IsLetter)
	if i < 0 {
		return text, ""
	}
	return strings.TrimSpace(text[:i]), strings.ToLower(strings.TrimSpace(text[i:]))
}
