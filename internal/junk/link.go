package junk

import (
	"bytes"
	"strings"
)

const (
	minPathWord = 3  // octets
	maxPathWord = 20 // octets; longer ones are numbers of somebody
)

// link tells the host of a URL, wherever it stands, and the words of its path.
func link(to *set, url []byte) {
	if _, rest, ok := bytes.Cut(url, []byte("://")); ok {
		url = rest
	}
	authority, path := url, []byte(nil)
	if end := bytes.IndexAny(url, "/?#'`\\"); end >= 0 {
		authority, path = url[:end], url[end:]
	}
	if at := bytes.LastIndexByte(authority, '@'); at >= 0 { // http://bank.example@192.0.2.1/
		to.add(inURL, []byte("(user)"))
		authority = authority[at+1:]
	}
	if colon := bytes.LastIndexByte(authority, ':'); colon >= 0 {
		to.add(inURL, []byte("(port)"))
		authority = authority[:colon]
	}
	host(to, inURL, bytes.TrimRight(authority, ".,:;!?*_-"))
	for word := range bytes.FieldsFuncSeq(path, isPathBreak) {
		if len(word) >= minPathWord && len(word) <= maxPathWord && !bytes.ContainsAny(word, "0123456789") {
			to.add(inURL, bytes.ToLower(word))
		}
	}
}

func isPathBreak(r rune) bool { return strings.ContainsRune("/?#&=.-_+%~;:,", r) }

const maxHost = 255 // octets: RFC 1035 §2.3.4

// host tells a name, and the domains above it; of a number its networks.
func host(to *set, k kind, name []byte) {
	if len(name) < 3 || len(name) > maxHost || bytes.IndexByte(name, '.') < 0 {
		return
	}
	var buf [maxHost]byte
	name = lower(append(buf[:0], name...))
	if isIPv4(name) {
		network(to, k, name)
		return
	}
	dot := bytes.LastIndexByte(name, '.')
	if top := name[dot+1:]; len(top) < 2 || isWord[top[0]] < 'a' { // a version, or the end of a sentence
		return
	}
	to.add(k, name[dot:])
	for n := 0; n < maxLabels; n++ {
		to.add(k, name)
		_, above, ok := bytes.Cut(name, []byte("."))
		if name = above; !ok || bytes.IndexByte(name, '.') < 0 {
			return
		}
	}
}

// maxLabels is how many domains above a name are told.
const maxLabels = 6

func isIPv4(name []byte) bool {
	for _, c := range name {
		if c != '.' && (c < '0' || c > '9') {
			return false
		}
	}
	return bytes.Count(name, []byte(".")) == 3
}

// network tells an IPv4 address as its /24 and /16, as neighbours are of one owner.
func network(to *set, k kind, ip []byte) {
	to.add(k, []byte("(ip)"))
	ip = ip[:bytes.LastIndexByte(ip, '.')]
	to.add(k, ip)
	to.add(k, ip[:bytes.LastIndexByte(ip, '.')])
}
