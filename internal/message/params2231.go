package message

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// segment is one piece of a parameter: "name", "name*", "name*0", "name*0*" of
// RFC 2231 §3 and §4.
type segment struct {
	base    string
	number  int // -1 when it has none
	encoded bool
	value   string
}

func parseSegment(p rawParam) segment {
	s := segment{base: p.name, number: -1, value: p.value}
	s.base, s.encoded = strings.CutSuffix(s.base, "*")
	base, number, ok := strings.Cut(s.base, "*")
	if !ok {
		return s
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return segment{base: p.name, number: -1, value: p.value} // not RFC 2231: an odd name
	}
	s.base, s.number = base, int(n)
	return s
}

// rank orders the pieces of one parameter: the encoded whole is the best
// witness, then the joined pieces, then the plain fallback.
func (s segment) rank() int {
	switch {
	case s.number >= 0:
		return 1
	case s.encoded:
		return 0
	}
	return 2
}

// joinParams joins pieces into parameters, in the order in which each began.
func joinParams(list []rawParam) []Param {
	segments := make([]segment, len(list))
	for i, p := range list {
		segments[i] = parseSegment(p)
	}
	var params []Param
	for _, s := range segments {
		if len(params) < maxParams && paramIndex(params, s.base) < 0 {
			params = append(params, Param{s.base, joinOne(segments, s.base)})
		}
	}
	return params
}

func joinOne(all []segment, base string) string {
	var own []segment
	for _, s := range all {
		if s.base == base && len(own) < maxSegments {
			own = append(own, s)
		}
	}
	slices.SortStableFunc(own, func(a, b segment) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.number, b.number))
	})
	if own[0].rank() == 2 {
		return decodeParam(base, own[0].value)
	}
	return joinSegments(own)
}

// joinSegments joins pieces 0, 1, … up to the first that is missing. Charset
// and language stand before the first encoded one (RFC 2231 §4.1).
func joinSegments(own []segment) string {
	if own[0].rank() == 0 {
		own = own[:1]
	}
	var b strings.Builder
	charset := ""
	for i, s := range own {
		if i > 0 && s.number != own[i-1].number+1 {
			break
		}
		if i == 0 && s.encoded {
			charset, s.value = cutCharset(s.value)
		}
		if s.encoded {
			s.value = unpercent(s.value)
		}
		b.WriteString(s.value)
	}
	return cleanText(decodeCharset(charset, b.String()))
}

func cutCharset(s string) (charset, value string) {
	charset, rest, ok := strings.Cut(s, "'")
	if !ok {
		return "", s
	}
	_, value, ok = strings.Cut(rest, "'")
	if !ok {
		return "", s
	}
	return charset, value
}

// unpercent decodes %XX; what is not such stays.
func unpercent(s string) string { return unhex(s, '%') }

// unhex replaces mark and two hexadecimal digits by their octet.
func unhex(s string, mark byte) string {
	if strings.IndexByte(s, mark) < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == mark && i+2 < len(s) && hexDigit(s[i+1]) >= 0 && hexDigit(s[i+2]) >= 0 {
			b = append(b, byte(hexDigit(s[i+1])<<4|hexDigit(s[i+2])))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

// hexDigit is the value of c, -1 when it is no hexadecimal digit.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
