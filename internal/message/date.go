package message

import (
	"strconv"
	"strings"
	"time"
)

// ParseDate reads the date of a header field: RFC 5322 §3.3 with the obsolete
// forms of §4.3, and what else is seen: no weekday, no zone (then UTC), full
// month names, dashes, asctime and RFC 3339. It is false when the text names no
// day that exists or no year from 1900 to 9999.
func ParseDate(s string) (time.Time, bool) {
	s = strings.TrimSpace(s[:min(len(s), maxDate)])
	if t, ok := commonDate(s); ok {
		return t, true
	}
	return parseAnyDate(s)
}

func parseAnyDate(s string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, validYear(t.Year())
	}
	var d dateParts
	for _, token := range dateTokens(s) {
		d.token(token)
	}
	return d.time()
}

// dateTokens drops comments, and the white space that RFC 5322 §4.3 allows
// around the colons of a time.
func dateTokens(s string) []string {
	var b strings.Builder
	sc := scanner{s: s}
	for !sc.done() {
		b.WriteString(sc.until("(,;"))
		b.WriteByte(' ')
		switch sc.peek() {
		case '(':
			sc.comment()
		case ',', ';':
			sc.i++
		}
	}
	s = strings.Join(strings.Fields(b.String()), " ")
	s = tightColons.Replace(s)
	return strings.Fields(s)
}

var tightColons = strings.NewReplacer(" : ", ":", " :", ":", ": ", ":")

// dateParts is what the tokens of a date said so far.
type dateParts struct {
	day, year            int
	month                time.Month
	hour, minute, second int
	hasTime, hasZone     bool
	offset               int // seconds east of UTC
	bad                  bool
}

func (d *dateParts) token(s string) {
	switch c := s[0]; {
	case c == '+' || c == '-':
		d.zone(s)
	case '0' <= c && c <= '9':
		d.number(s)
	default:
		d.word(s)
	}
}

// number is a time, a day, a year, or a date with dashes.
func (d *dateParts) number(s string) {
	if strings.Contains(s, ":") {
		d.clock(s)
		return
	}
	if strings.ContainsAny(s, "-/") {
		for piece := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '-' || r == '/' }) {
			d.token(piece)
		}
		return
	}
	n, err := strconv.Atoi(strings.TrimRight(s, "."))
	switch {
	case err != nil:
		d.bad = true
	case d.day == 0 && len(s) <= 2:
		d.day = n
	case d.year == 0:
		d.year = fullYear(n, len(s))
	}
}

// fullYear completes years of two and three digits: RFC 5322 §4.3.
func fullYear(n, digits int) int {
	switch {
	case digits <= 2 && n < 50:
		return 2000 + n
	case digits <= 3:
		return 1900 + n
	}
	return n
}

// clock is hh:mm or hh:mm:ss, a fraction of a second ignored, perhaps with the
// zone behind it.
func (d *dateParts) clock(s string) {
	if at := strings.IndexAny(s, "+-"); at > 0 {
		d.zone(s[at:])
		s = s[:at]
	}
	s, _, _ = strings.Cut(s, ".")
	pieces := strings.SplitN(s, ":", 4)
	if len(pieces) > 3 || d.hasTime {
		d.bad = d.bad || len(pieces) > 3
		return
	}
	for i, piece := range pieces {
		n, err := strconv.Atoi(piece)
		if err != nil || n < 0 {
			d.bad = true
			return
		}
		*[]*int{&d.hour, &d.minute, &d.second}[i] = n
	}
	d.hasTime = true
}

// zone is "+hhmm", also with a colon. One that no clock on earth can have
// counts as -0000, unknown (RFC 5322 §4.3).
func (d *dateParts) zone(s string) {
	digits := strings.Replace(s[1:], ":", "", 1)
	n, err := strconv.Atoi(digits)
	if err != nil || d.hasZone || !d.hasTime && len(digits) != 4 {
		return
	}
	d.hasZone = true
	if len(digits) <= 2 {
		n *= 100
	}
	if n < 0 || n > 1500 || n%100 > 59 {
		return
	}
	d.offset = (n/100*60 + n%100) * 60
	if s[0] == '-' {
		d.offset = -d.offset
	}
}

// word is a month, a weekday, a named zone, AM or PM. Others say nothing.
func (d *dateParts) word(s string) {
	if name, _, ok := strings.Cut(s, "-"); ok && d.month == 0 {
		d.word(name) // "Nov-2026"
		if year := s[len(name)+1:]; year != "" {
			d.token(year)
		}
		return
	}
	upper := strings.ToUpper(strings.TrimRight(s, "."))
	switch {
	case d.month == 0 && len(upper) >= 3 && monthNamed(upper[:3]) > 0:
		d.month = monthNamed(upper[:3])
	case upper == "PM" && d.hasTime && d.hour < 12:
		d.hour += 12
	case upper == "AM" && d.hasTime && d.hour == 12:
		d.hour = 0
	case d.hasTime && !d.hasZone:
		d.namedZone(upper)
	}
}

func monthNamed(upper string) time.Month {
	const names = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"
	at := strings.Index(names, upper)
	if at < 0 || at%3 != 0 {
		return 0
	}
	return time.Month(at/3 + 1)
}

// namedZone knows the zones of RFC 5322 §4.3 and the prefix of "GMT+2".
func (d *dateParts) namedZone(upper string) {
	if at := strings.IndexAny(upper, "+-"); at > 0 {
		d.zone(upper[at:])
		return
	}
	const names = "EDT EST CDT CST MDT MST PDT PST"
	hours := [...]int{-4, -5, -5, -6, -6, -7, -7, -8}
	if at := strings.Index(names, upper); len(upper) == 3 && at >= 0 && at%4 == 0 {
		d.offset = hours[at/4] * 3600
	}
	d.hasZone = true // all others are unknown: UTC
}

func validYear(n int) bool { return 1900 <= n && n <= 9999 }

func (d *dateParts) time() (time.Time, bool) {
	if d.bad || d.month == 0 || !validYear(d.year) || d.hour > 23 || d.minute > 59 || d.second > 60 {
		return time.Time{}, false
	}
	second := min(d.second, 59) // RFC 5322 §3.3 allows a leap second
	zone := time.UTC
	if d.offset != 0 {
		zone = time.FixedZone("", d.offset)
	}
	t := time.Date(d.year, d.month, d.day, d.hour, d.minute, second, 0, zone)
	if t.Day() != d.day { // February 30
		return time.Time{}, false
	}
	return t, true
}
