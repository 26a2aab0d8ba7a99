package imap

import "strings"

// matchList tells whether a mailbox name matches a pattern of LIST or LSUB
// (RFC 3501 §6.3.8): "*" stands for anything, "%" for anything within one
// level. INBOX matches in any case (RFC 3501 §5.1).
//
// It walks the name once and keeps the set of places in the pattern that may
// come next, so that no pattern costs more than its length times the name's,
// however its wildcards are arranged.
func matchList(pattern, name string) bool {
	p, wild := squeezeWildcards(pattern)
	if !wild {
		return len(p) == len(name) && equalListName(p, name)
	}
	if len(p)-strings.Count(p, "*")-strings.Count(p, "%") > len(name) {
		return false
	}
	var room [256]bool
	at := append(room[:0], make([]bool, len(p)+1)...)
	at[0] = true
	skipWildcards(at, p)
	inbox := inboxPrefix(name)
	for i := range len(name) {
		if !stepList(at, p, name[i], i < inbox) {
			return false
		}
	}
	return at[len(p)]
}

// stepList moves every place that may come next over the octet c. Places move
// by at most one, so going from the end needs no second list.
func stepList(at []bool, p string, c byte, fold bool) (alive bool) {
	at[len(p)] = false
	for i := len(p) - 1; i >= 0; i-- {
		if !at[i] {
			continue
		}
		switch p[i] {
		case '*':
		case '%':
			at[i] = c != '/'
		default:
			at[i] = false
			at[i+1] = at[i+1] || p[i] == c || fold && upper(p[i]) == upper(c)
		}
		alive = alive || at[i] || at[i+1]
	}
	skipWildcards(at, p)
	return alive
}

// skipWildcards lets each wildcard stand for nothing.
func skipWildcards(at []bool, p string) {
	for i := range len(p) {
		if at[i] && (p[i] == '*' || p[i] == '%') {
			at[i+1] = true
		}
	}
}

// squeezeWildcards writes each run of wildcards as the one it amounts to.
func squeezeWildcards(p string) (squeezed string, wild bool) {
	if !strings.ContainsAny(p, "*%") {
		return p, false
	}
	out := make([]byte, 0, len(p))
	for i := range len(p) {
		k := len(out) - 1
		switch {
		case k >= 0 && out[k] == '*' && (p[i] == '*' || p[i] == '%'):
		case k >= 0 && out[k] == '%' && p[i] == '%':
		case k >= 0 && out[k] == '%' && p[i] == '*':
			out[k] = '*'
		default:
			out = append(out, p[i])
		}
	}
	return string(out), true
}

// equalListName compares a pattern without wildcards with a name as long.
func equalListName(p, name string) bool {
	n := inboxPrefix(name)
	return strings.EqualFold(p[:n], name[:n]) && p[n:] == name[n:]
}

// inboxPrefix is how many octets of name are compared in any case.
func inboxPrefix(name string) int {
	if name == "INBOX" || strings.HasPrefix(name, "INBOX/") {
		return len("INBOX")
	}
	return 0
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c &^ 0x20
	}
	return c
}
