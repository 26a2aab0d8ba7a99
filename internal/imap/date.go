package imap

import (
	"strconv"
	"strings"
	"time"
)

// errDate is the answer to a date that RFC 3501 §9 does not know.
var errDate = &syntaxError{"The date is not valid."}

// months are RFC 3501 §9 date-month, three letters each.
const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// appendDateTime writes INTERNALDATE as RFC 3501 §9 date-time with its quotes.
// iOS 18 stopped working on any other form. The day has always two digits: both
// that and a leading space are allowed, and of the two this is what most
// servers send.
func appendDateTime(b []byte, t time.Time) []byte {
	t = datable(t)
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = append2(append(b, '"'), day)
	b = append(b, '-')
	b = append(b, months[3*month-3:3*month]...)
	b = append(b, '-')
	b = append2(append2(b, year/100), year%100)
	b = append2(append(b, ' '), hour)
	b = append2(append(b, ':'), minute)
	b = append2(append(b, ':'), second)
	return append(appendZone(append(b, ' '), t), '"')
}

// datable is t where RFC 3501 can write it, in four digits of a year and a zone
// of whole minutes, else something near.
func datable(t time.Time) time.Time {
	if _, offset := t.Zone(); offset%60 != 0 || max(offset, -offset) >= 24*60*60 {
		t = t.UTC()
	}
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Unix(0, 0).UTC()
	}
	return t
}

func append2(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

func appendZone(b []byte, t time.Time) []byte {
	_, offset := t.Zone()
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return append2(append2(append(b, sign), offset/3600), offset/60%60)
}

// parseDateTime reads RFC 3501 §9 date-time without its quotes, as APPEND has
// it: `dd-Mon-yyyy hh:mm:ss +zzzz`, the day with a leading space or two digits.
func parseDateTime(s string) (time.Time, error) {
	const form = "dd-Mon-yyyy hh:mm:ss +zzzz"
	if len(s) != len(form) || s[11] != ' ' || s[14] != ':' || s[17] != ':' || s[20] != ' ' {
		return time.Time{}, errDate
	}
	text := s[:11]
	if text[0] == ' ' {
		text = text[1:]
	}
	day, err := parseDate(text)
	hour, ok1 := digits(s[12:14], 23)
	minute, ok2 := digits(s[15:17], 59)
	second, ok3 := digits(s[18:20], 60) // a leap second becomes the next
	zone, ok4 := parseZone(s[21:])
	if err != nil || !ok1 || !ok2 || !ok3 || !ok4 {
		return time.Time{}, errDate
	}
	year, month, dom := day.Date()
	return time.Date(year, month, dom, hour, minute, second, 0, zone), nil
}

func parseZone(s string) (*time.Location, bool) {
	hours, ok1 := digits(s[1:3], 23)
	minutes, ok2 := digits(s[3:5], 59)
	offset := hours*3600 + minutes*60
	switch s[0] {
	case '+':
	case '-':
		offset = -offset
	default:
		return nil, false
	}
	return time.FixedZone("", offset), ok1 && ok2
}

// parseDate reads RFC 3501 §9 date-text, `d-Mon-yyyy` with one or two digits of
// a day, as midnight UTC.
func parseDate(s string) (time.Time, error) {
	if len(s) == len("d-Mon-yyyy") {
		s = "0" + s
	}
	if len(s) != len("dd-Mon-yyyy") || s[2] != '-' || s[6] != '-' {
		return time.Time{}, errDate
	}
	day, ok1 := digits(s[:2], 31)
	year, ok2 := digits(s[7:], 9999)
	month := monthNumber(s[3:6])
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	// time.Date turns 31 February into March; nobody means that.
	if !ok1 || !ok2 || month == 0 || t.Day() != day || t.Year() != year || year == 0 {
		return time.Time{}, errDate
	}
	return t, nil
}

// monthNumber is the month with this name in any case, or 0.
func monthNumber(name string) int {
	for m := 0; m < len(months); m += 3 {
		if strings.EqualFold(months[m:m+3], name) {
			return m/3 + 1
		}
	}
	return 0
}

// digits reads a number of decimal digits only, at most limit.
func digits(s string, limit int) (n int, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= limit
}

// dayNumber counts the calendar day of t in t's own zone, for comparisons that
// disregard time and zone (RFC 3501 §6.4.4).
func dayNumber(t time.Time) int64 {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
}
