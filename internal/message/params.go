package message

import "strings"

// parseValue reads "token; name=value; …" of RFC 2045 §5.1 and RFC 2183 §2. The
// token is lower case, empty when the text does not start with one. Tolerated:
// missing and double semicolons, spaces in bare values, open quotes.
func parseValue(s string) (token string, params []Param) {
	sc := scanner{s: s}
	sc.space()
	token = strings.ToLower(sc.until(whiteSpace + `;("`))
	var list []rawParam
	joins := false
	for len(list) < maxParams+maxSegments {
		p, ok := sc.param()
		if !ok {
			break
		}
		if p.value == "" && p.name == "" {
			continue
		}
		joins = joins || strings.IndexByte(p.name, '*') >= 0
		list = append(list, p)
	}
	if joins {
		return token, joinParams(list)
	}
	return token, plainList(list)
}

// rawParam is a parameter as written, its name in lower case.
type rawParam struct{ name, value string }

// param reads the next parameter. It returns false when there is none; one
// without a name or a value is empty.
func (sc *scanner) param() (p rawParam, ok bool) {
	for {
		sc.space()
		if sc.peek() != ';' {
			break
		}
		sc.i++
	}
	if sc.done() {
		return p, false
	}
	name := sc.until(whiteSpace + `;=("`)
	sc.space()
	if sc.peek() != '=' {
		sc.junk()
		return p, true
	}
	sc.i++
	sc.space()
	value := sc.value()
	if name == "" {
		return p, true
	}
	return rawParam{strings.ToLower(name), value}, true
}

// junk passes over what cannot start a parameter.
func (sc *scanner) junk() {
	if sc.peek() == '"' {
		sc.quoted()
	}
}

func (sc *scanner) value() string {
	if sc.peek() == '"' {
		return sc.quoted()
	}
	v := strings.TrimRight(sc.until(";"), whiteSpace)
	// A comment behind the value (RFC 2045 §5.1), but not "copy (2).pdf".
	if at := strings.Index(v, " ("); at >= 0 && strings.HasSuffix(v, ")") {
		v = strings.TrimRight(v[:at], whiteSpace)
	}
	return v
}

// plainList decodes parameters that need no joining; of two with one name the
// first counts.
func plainList(list []rawParam) []Param {
	if len(list) == 0 {
		return nil
	}
	params := make([]Param, 0, min(len(list), maxParams))
	for _, p := range list {
		if len(params) < maxParams && paramIndex(params, p.name) < 0 {
			params = append(params, Param{p.name, decodeParam(p.name, p.value)})
		}
	}
	return params
}

// decodeParam decodes encoded words, which RFC 2047 §5 forbids in a parameter
// and much software writes. A boundary is compared as octets.
func decodeParam(name, value string) string {
	if name == "boundary" {
		return value
	}
	return DecodeHeader(value)
}

func paramIndex(params []Param, name string) int {
	for i := range params {
		if params[i].Name == name {
			return i
		}
	}
	return -1
}

// paramValue is the value of the parameter, empty when there is none.
func paramValue(params []Param, name string) string {
	if i := paramIndex(params, name); i >= 0 {
		return params[i].Value
	}
	return ""
}

// plainParams are those of RFC 2045 §5.2's default type.
func plainParams() []Param { return []Param{{"charset", "us-ascii"}} }
