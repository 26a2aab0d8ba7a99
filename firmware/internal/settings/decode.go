package settings

import (
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf16"
)

// decode gives the text of a file, with lines that end in LF.
func decode(b []byte) string {
	if len(b) > Largest {
		b = b[:Largest]
	}
	var text string
	switch {
	case len(b) >= 2 && b[0] == 0xFF && b[1] == 0xFE:
		text = wide(b[2:], binary.LittleEndian)
	case len(b) >= 2 && b[0] == 0xFE && b[1] == 0xFF:
		text = wide(b[2:], binary.BigEndian)
	default:
		text = strings.TrimPrefix(string(b), "\uFEFF")
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.ReplaceAll(text, "\r", "\n")
}

func wide(b []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// shown is a piece of a file as it may be written on a console: short, and with nothing that moves the cursor.
func shown(s string) string {
	const most = 40
	clean := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?")))
	if len(clean) > most {
		clean = append(clean[:most], '…')
	}
	return string(clean)
}
