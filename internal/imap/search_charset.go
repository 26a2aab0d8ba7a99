package imap

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// errBadCharset names the charsets that every client can fall back to (RFC 3501
// §6.4.4); there are many more.
var errBadCharset = &refusal{"BADCHARSET (UTF-8 US-ASCII)", "That charset is not known here, or the text is not valid in it."}

// findSearchCharset looks a charset up by any of its names. nil is UTF-8.
func findSearchCharset(name string) (e encoding.Encoding, unknown bool) {
	if strings.EqualFold(name, "UTF-8") || strings.EqualFold(name, "US-ASCII") {
		return nil, false
	}
	// The web's names first: senders and clients mean windows-1252 by iso-8859-1.
	// The web also replaces all text of some charsets; those count as unknown there.
	if e, err := htmlindex.Get(name); err == nil && e != encoding.Replacement {
		return e, false
	}
	e, err := ianaindex.IANA.Encoding(name)
	if err != nil || e == nil || e == encoding.Replacement {
		return nil, true
	}
	return e, false
}

// decodeSearch makes UTF-8 of a search string.
func decodeSearch(e encoding.Encoding, s string) (string, error) {
	if e != nil {
		out, err := e.NewDecoder().String(s)
		if err != nil {
			return "", errBadCharset
		}
		s = out
	}
	if !utf8.ValidString(s) {
		return "", errBadCharset
	}
	return s, nil
}
