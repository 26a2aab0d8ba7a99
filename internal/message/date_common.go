package message

import (
	"strings"
	"time"
)

// commonDate reads the one form that nearly all mail has, "Sat, 21 Nov 2026
// 10:00:00 +0100" with or without weekday and seconds and a comment behind,
// without allocating: SORT reads the dates of whole mailboxes. Of anything else
// it says nothing.
func commonDate(s string) (time.Time, bool) {
	if len(s) > 5 && s[3:5] == ", " {
		if at := strings.Index("MonTueWedThuFriSatSun", s[:3]); at < 0 || at%3 != 0 {
			return time.Time{}, false
		}
		s = s[5:]
	}
	var d dateParts
	ok := d.commonDay(&s) && take(&s, ' ') && d.commonClock(&s) && take(&s, ' ') && d.commonZone(&s)
	if !ok || s != "" && !isPlainComment(s) {
		return time.Time{}, false
	}
	return d.time()
}

// isPlainComment tells " (UTC)" and the like.
func isPlainComment(s string) bool {
	return len(s) > 2 && s[:2] == " (" && strings.IndexAny(s[2:], `()\`) == len(s)-3
}

// commonDay reads "21 Nov 2026".
func (d *dateParts) commonDay(s *string) bool {
	n := 2
	if len(*s) > 1 && (*s)[1] == ' ' {
		n = 1
	}
	if !takeDigits(s, n, &d.day) || !take(s, ' ') || len(*s) < 4 {
		return false
	}
	var name [3]byte
	for i := range name {
		name[i] = (*s)[i] &^ 0x20
	}
	d.month = monthNamed(string(name[:]))
	*s = (*s)[3:]
	return d.month > 0 && take(s, ' ') && takeDigits(s, 4, &d.year)
}

// commonClock reads "10:00:00" or "10:00".
func (d *dateParts) commonClock(s *string) bool {
	if !takeDigits(s, 2, &d.hour) || !take(s, ':') || !takeDigits(s, 2, &d.minute) {
		return false
	}
	return !take(s, ':') || takeDigits(s, 2, &d.second)
}

// commonZone reads "+0100".
func (d *dateParts) commonZone(s *string) bool {
	sign := 1
	switch {
	case take(s, '-'):
		sign = -1
	case !take(s, '+'):
		return false
	}
	n := 0
	if !takeDigits(s, 4, &n) {
		return false
	}
	if n <= 1500 && n%100 <= 59 { // see zone
		d.offset = sign * (n/100*60 + n%100) * 60
	}
	return true
}

func take(s *string, c byte) bool {
	if *s == "" || (*s)[0] != c {
		return false
	}
	*s = (*s)[1:]
	return true
}

func takeDigits(s *string, n int, v *int) bool {
	if len(*s) < n {
		return false
	}
	*v = 0
	for i := range n {
		c := (*s)[i]
		if c < '0' || c > '9' {
			return false
		}
		*v = *v*10 + int(c-'0')
	}
	*s = (*s)[n:]
	return true
}
