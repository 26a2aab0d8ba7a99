package junk

import (
	"bytes"
)

// link tells the host of a URL, wherever it stands, and the words of its path.
func link(to *set, url []byte) {
	if scheme, rest, ok := bytes.Cut(url, []byte("://")); ok {
		_ = scheme
		url = rest
	}
	end := bytes.IndexAny(url, "/?#'`\\")
	authority := url
	path := url[:0]
	if end >= 0 {
		authority, path = url[:end], url[end:]
	}
	if at := bytes.LastIndexByte(authority, '@'); at >= 0 {
		to.add(inURL, []byte("(user)"))
		authority = authority[at+1:]
	}
	if colon := bytes.LastIndexByte(authority, ':'); colon >= 0 {
		to.add(inURL, []byte("(port)"))
		authority = authority[:colon]
	}
	host(to, inURL, bytes.TrimRight(authority, ".,:;!?*_-"))
	for len(path) > 0 {
		n := bytes.IndexAny(path, "/?#&=.-_+%~;:,")
		word := path
		if n < 0 {
			path = nil
		} else {
			word, path = path[:n], path[n+1:]
		}
		if len(word) >= 3 && len(word) <= 20 && !hasDigit(word) {
			to.add(inURL, bytes.ToLower(word))
		}
	}
}

func hasDigit(b []byte) bool {
	return bytes.ContainsAny(b, "0123456789")
}

// host tells a name, and the domains above it down to two labels; of a number its networks.
func host(to *set, k kind, name []byte) {
	if len(name) < 3 || len(name) > 255 || bytes.IndexByte(name, '.') < 0 {
		return
	}
	var buf [256]byte
	name = append(buf[:0], name...)
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			name[i] = c + 'a' - 'A'
		}
	}
	if isIPv4(name) {
		network(to, k, name)
		return
	}
	for labels := bytes.Count(name, []byte(".")); labels >= 1; labels-- {
		to.add(k, name)
		name = name[bytes.IndexByte(name, '.')+1:]
	}
	to.add(k, append([]byte("."), name...))
}

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
