package smtpclient

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"buzon/internal/message"
)

const (
	// The longest line of a reply. RFC 5321 §4.5.3.1.5 says 512; servers that explain themselves write longer ones.
	maxReplyLine = 4 << 10 // octets, line end included

	// No honest reply has so many; EHLO ones have up to 30.
	maxReplyLines = 100 // lines

	// What is kept of the words: more is seen only from peers that talk too much, and it goes into the queue and bounces.
	maxReplyText = 2000 // octets
)

// replyParser gathers the lines of one reply (RFC 5321 §4.2.1). Where lines disagree about the code, the last one rules.
type replyParser struct {
	reply message.Reply
	text  strings.Builder
	lines int
	each  func(text string) // sees every line's text, for EHLO; may be nil
}

// line takes the next line, its end included. done tells that it was the last one.
func (p *replyParser) line(line []byte) (done bool, err error) {
	line = bytes.TrimRight(line, "\r\n") // a bare LF ends it too: nothing can be smuggled to us by that
	if p.lines++; p.lines > maxReplyLines {
		return false, fmt.Errorf("%w: over %d lines", ErrReply, maxReplyLines)
	}
	code, ok := replyCode(line)
	if !ok {
		return false, fmt.Errorf("%w: %.80q", ErrReply, line)
	}
	done = len(line) == 3 || line[3] != '-'
	p.reply.Code = code
	text := cleanText(line[min(4, len(line)):])
	if p.each != nil {
		p.each(text)
	}
	p.add(text)
	if done {
		p.finish()
	}
	return done, nil
}

// replyCode reads the three digits of RFC 5321 §4.2 Reply-code and what may follow them. 1yz is not used in SMTP (§4.2.1).
func replyCode(line []byte) (int, bool) {
	if len(line) < 3 || len(line) > 3 && line[3] != ' ' && line[3] != '-' && line[3] != '\t' {
		return 0, false
	}
	code := 0
	for _, c := range line[:3] {
		if c < '0' || c > '9' {
			return 0, false
		}
		code = code*10 + int(c-'0')
	}
	return code, 200 <= code && code < 600
}

// add keeps a line's words without its enhanced code, which servers repeat in each (RFC 2034 §4).
func (p *replyParser) add(text string) {
	if enhanced, rest, ok := cutEnhanced(text); ok {
		p.reply.Enhanced, text = enhanced, rest
	}
	text = strings.TrimSpace(text)
	room := maxReplyText - p.text.Len() - 1
	if text == "" || room <= 0 {
		return
	}
	if p.text.Len() > 0 {
		p.text.WriteByte(' ')
	}
	p.text.WriteString(cutText(text, room))
}

// finish fills in what the peer left out. RFC 2034 §4: the class of the enhanced code is the code's first digit; a code
// of another class is not believed.
func (p *replyParser) finish() {
	p.reply.Text = p.text.String()
	if class := p.reply.Code / 100; p.reply.Enhanced[0] != class {
		p.reply.Enhanced = [3]int{class, 0, 0}
	}
}

// cutEnhanced splits "5.1.1 No such user" (RFC 3463 §2).
func cutEnhanced(text string) (code [3]int, rest string, ok bool) {
	word, rest, _ := strings.Cut(text, " ")
	parts := strings.Split(word, ".")
	if len(parts) != 3 {
		return code, text, false
	}
	for i, part := range parts {
		if part == "" || len(part) > 3 {
			return code, text, false
		}
		for _, c := range []byte(part) {
			if c < '0' || c > '9' {
				return code, text, false
			}
			code[i] = code[i]*10 + int(c-'0')
		}
	}
	return code, rest, code[0] == 2 || code[0] == 4 || code[0] == 5
}

// cleanText makes words of the peer safe to log, to show and to quote in mail: UTF-8 without controls.
func cleanText(text []byte) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(text), "?"))
}

// cutText shortens text to at most n octets, between two characters.
func cutText(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
