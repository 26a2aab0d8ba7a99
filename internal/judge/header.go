package judge

import (
	"strings"

	"buzon/internal/message"
)

// Line is the header field that tells a reader where the message went and why, a complete line. It is ours: one that
// arrives is not believed by anybody, and stands below it.
func (w Why) Line() []byte {
	return message.AppendWords(nil, "X-Buzon-Verdict", strings.Fields(w.text())...)
}

func (w Why) text() string {
	place := "inbox"
	if w.Junk {
		place = "junk"
	}
	return place + "; " + clean(w.Reason)
}

// maxReason keeps a sentence with a stranger's domain in it to a few lines.
const maxReason = 400 // octets

// clean leaves what may stand in a header.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), maxReason)]
}
