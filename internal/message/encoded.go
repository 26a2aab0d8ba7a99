package message

import "strings"

// DecodeHeader turns the value of a header field into UTF-8 for people: encoded
// words of RFC 2047 in any charset are decoded, raw octets that are not UTF-8
// are taken for windows-1252, folds are removed. What cannot be decoded stays as
// it is written. The result has no control characters but tabs.
func DecodeHeader(s string) string {
	if isPlainText(s) {
		return s
	}
	s = toUTF8(s)
	var b strings.Builder
	b.Grow(len(s))
	for s != "" {
		text, n := decodeRun(s)
		if n == 0 {
			n = nextEncoded(s)
			text = s[:n]
		}
		b.WriteString(cleanText(text))
		s = s[n:]
	}
	return b.String()
}

// isPlainText tells that there is nothing to decode.
func isPlainText(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c < ' ' && c != '\t' || c >= 0x7f || c == '=' && i+1 < len(s) && s[i+1] == '?' {
			return false
		}
	}
	return true
}

// cleanText removes folds and replaces control characters, which a decoded word
// may carry, by spaces.
func cleanText(s string) string {
	if strings.IndexFunc(s, isControl) < 0 {
		return s
	}
	s = withoutFolds.Replace(s)
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, s)
}

var withoutFolds = strings.NewReplacer("\r\n", "", "\n", "")

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// nextEncoded is the offset of the next possible encoded word after the start
// of s, or its length.
func nextEncoded(s string) int {
	if n := strings.Index(s[1:], "=?"); n >= 0 {
		return n + 1
	}
	return len(s)
}

// decodeRun decodes the encoded words that s starts with, n octets. RFC 2047
// §6.2: white space between two is not part of the text. Text that some writer
// cut within a character is put together again, against RFC 2047 §5: neighbours
// of one charset are decoded as one.
func decodeRun(s string) (text string, n int) {
	var b strings.Builder
	var octets []byte
	charset := ""
	for {
		rest := strings.TrimLeft(s[n:], whiteSpace)
		if n == 0 {
			rest = s
		}
		w, size := parseEncodedWord(rest)
		if size == 0 || w.charset != charset {
			b.WriteString(decodeCharset(charset, string(octets)))
			octets, charset = octets[:0], w.charset
		}
		if size == 0 {
			return b.String(), n
		}
		octets = append(octets, w.text...)
		n = len(s) - len(rest) + size
	}
}

// encodedWordLen is the length of the encoded word that s starts with, 0 when
// it starts with none.
func encodedWordLen(s string) int {
	_, _, text := splitEncodedWord(s)
	if text < 0 {
		return 0
	}
	end := endOfWord(s[text:])
	if end < 0 || strings.ContainsAny(s[text:text+end], whiteSpace) {
		return 0
	}
	return text + end + 2
}

// splitEncodedWord reads "=?charset?encoding?"; text is the offset behind, -1
// when s does not start so.
func splitEncodedWord(s string) (charset string, encoding byte, text int) {
	if !strings.HasPrefix(s, "=?") {
		return "", 0, -1
	}
	head := s[2:min(len(s), 2+maxCharset)]
	charset, rest, ok := strings.Cut(head, "?")
	if !ok || len(rest) < 2 || rest[1] != '?' || charset == "" || strings.ContainsAny(charset, whiteSpace) {
		return "", 0, -1
	}
	encoding = rest[0] &^ 0x20 // upper case
	if encoding != 'B' && encoding != 'Q' {
		return "", 0, -1
	}
	charset, _, _ = strings.Cut(charset, "*") // RFC 2231 §5: a language
	return charset, encoding, 2 + len(head) - len(rest) + 2
}

// endOfWord is where the text of an encoded word ends, -1 when it does not.
func endOfWord(s string) int {
	return strings.Index(s[:min(len(s), maxEncodedWord)], "?=")
}

// encodedWord is "=?charset?encoding?text?=" with its text decoded to octets of
// the charset.
type encodedWord struct{ charset, text string }

// parseEncodedWord decodes the encoded word that s starts with; n is 0 when it
// starts with none. Spaces in the text are forgiven.
func parseEncodedWord(s string) (w encodedWord, n int) {
	charset, encoding, at := splitEncodedWord(s)
	if at < 0 {
		return w, 0
	}
	end := endOfWord(s[at:])
	if end < 0 {
		return w, 0
	}
	text := s[at : at+end]
	if encoding == 'B' {
		text = decodeB(text)
	} else {
		text = unhex(strings.ReplaceAll(text, "_", " "), '=') // RFC 2047 §4.2 (2)
	}
	return encodedWord{strings.ToLower(charset), text}, at + end + 2
}

// decodeB decodes base64 and passes over what is none.
func decodeB(s string) string {
	var d base64State
	out := d.decode(make([]byte, 0, len(s)), []byte(s))
	return string(d.flush(out))
}
