package smtpclient

import (
	"slices"
	"strconv"
	"strings"
)

// Extensions are what the peer offered in its last EHLO reply. All are off where it knows only HELO.
type Extensions struct {
	Size       int64 // largest message in octets (RFC 1870); 0: no limit told
	SizeParam  bool  // SIZE= is understood
	Pipelining bool
	Chunking   bool
	EightBit   bool // 8BITMIME
	Binary     bool // BINARYMIME, which needs Chunking
	UTF8       bool // SMTPUTF8
	DSN        bool
	RequireTLS bool
	StartTLS   bool
	Enhanced   bool     // ENHANCEDSTATUSCODES
	Auth       []string // mechanisms, upper case
}

// add takes one line of an EHLO reply (RFC 5321 §4.1.1.1 ehlo-line).
func (e *Extensions) add(line string) {
	keyword, params, _ := strings.Cut(line, " ")
	keyword = strings.ToUpper(keyword)
	// Servers from before RFC 2554 wrote "AUTH=LOGIN"; some still do.
	if old, ok := strings.CutPrefix(keyword, "AUTH="); ok {
		keyword, params = "AUTH", old+" "+params
	}
	switch keyword {
	case "SIZE":
		e.setSize(params)
	case "AUTH":
		e.addAuth(params)
	default:
		if on := e.flag(keyword); on != nil {
			*on = true
		}
	}
}

func (e *Extensions) flag(keyword string) *bool {
	switch keyword {
	case "PIPELINING":
		return &e.Pipelining
	case "CHUNKING":
		return &e.Chunking
	case "8BITMIME":
		return &e.EightBit
	case "BINARYMIME":
		return &e.Binary
	case "SMTPUTF8":
		return &e.UTF8
	case "DSN":
		return &e.DSN
	case "REQUIRETLS":
		return &e.RequireTLS
	case "STARTTLS":
		return &e.StartTLS
	case "ENHANCEDSTATUSCODES":
		return &e.Enhanced
	}
	return nil
}

// setSize reads the limit. RFC 1870 §4: missing or 0 means that none is told.
func (e *Extensions) setSize(params string) {
	e.SizeParam = true
	word, _, _ := strings.Cut(strings.TrimSpace(params), " ")
	if n, err := strconv.ParseInt(word, 10, 64); err == nil && n > 0 {
		e.Size = n
	}
}

func (e *Extensions) addAuth(params string) {
	for word := range strings.FieldsSeq(strings.ToUpper(params)) {
		if !slices.Contains(e.Auth, word) {
			e.Auth = append(e.Auth, word)
		}
	}
}
