package message

import "strings"

// BaseSubject is the subject without its marks of replies and forwards (RFC
// 5256 §2.1), decoded, by which SORT and THREAD compare; they do it without
// regard to case. reply tells whether a mark was removed. s is the value of the
// field as it arrived.
func BaseSubject(s string) (base string, reply bool) {
	s = strings.Join(strings.Fields(DecodeHeader(s)), " ") // (1)
	s = strings.ToValidUTF8(s[:min(len(s), maxSubject)], "")
	for {
		var trailed, led bool
		s, trailed = trimTrailers(s) // (2)
		s, led = trimLeaders(s)
		reply = reply || trailed || led
		inner, ok := cutPrefixFold(s, "[fwd:") // (6)
		if !ok || !strings.HasSuffix(inner, "]") {
			return s, reply
		}
		s, reply = strings.TrimSpace(strings.TrimSuffix(inner, "]")), true
	}
}

// trimTrailers removes "(fwd)" from the end.
func trimTrailers(s string) (base string, marked bool) {
	for {
		s = strings.TrimRight(s, " ")
		at := len(s) - len("(fwd)")
		if at < 0 || !strings.EqualFold(s[at:], "(fwd)") {
			return s, marked
		}
		s, marked = s[:at], true
	}
}

// trimLeaders removes "Re:", "Fwd:", "[list] Re[2]:" and the like from the
// start: steps (3) to (5).
func trimLeaders(s string) (base string, marked bool) {
	for {
		s = strings.TrimLeft(s, " ")
		rest, ok := cutMark(s)
		if ok {
			s, marked = rest, true
			continue
		}
		rest, ok = cutBlob(s)
		if !ok || rest == "" { // (4): a subject that is one blob is its own base
			return s, marked
		}
		s = rest
	}
}

// cutMark removes subj-leader: any blobs, "re", "fw" or "fwd", perhaps a blob,
// and a colon.
func cutMark(s string) (rest string, ok bool) {
	for ok = true; ok; {
		s, ok = cutBlob(s)
	}
	for _, word := range []string{"re", "fwd", "fw"} {
		if rest, ok = cutPrefixFold(s, word); ok {
			break
		}
	}
	if !ok {
		return "", false
	}
	rest, _ = cutBlob(strings.TrimLeft(rest, " "))
	return strings.CutPrefix(rest, ":")
}

// cutBlob removes subj-blob: "[…]" without brackets in it, and white space.
func cutBlob(s string) (rest string, ok bool) {
	if !strings.HasPrefix(s, "[") {
		return s, false
	}
	end := strings.IndexAny(s[1:], "[]")
	if end < 0 || s[1+end] != ']' {
		return s, false
	}
	return strings.TrimLeft(s[end+2:], " "), true
}

func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
