package message

import (
	"bytes"
	"errors"
	"io"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxPreviewToken is how long one tag or text may be; pictures in attributes are longer.
const maxPreviewToken = 128 << 10 // octets

// html reads a HTML text.
func (w *previewWriter) html(r io.Reader) error {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxPreviewToken)
	skip := hiddenElement{}
	for !w.own.full() {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); err != io.EOF && !errors.Is(err, html.ErrBufferExceeded) {
				return err
			}
			return nil
		case html.TextToken:
			if skip.depth == 0 {
				w.own.add(z.Text())
			} else if skip.quote {
				w.quote.add(z.Text())
			}
		case html.StartTagToken:
			if w.startTag(z, &skip) {
				return nil
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			skip.end(atom.Lookup(name))
			w.spaceAround(atom.Lookup(name))
		case html.SelfClosingTagToken:
			name, _ := z.TagName()
			w.spaceAround(atom.Lookup(name))
		}
	}
	return nil
}

// startTag tells whether what follows is an older message or a signature.
func (w *previewWriter) startTag(z *html.Tokenizer, skip *hiddenElement) (ends bool) {
	name, attributes := z.TagName()
	a := atom.Lookup(name)
	skip.start(a)
	w.spaceAround(a)
	for attributes {
		var key, value []byte
		key, value, attributes = z.TagAttr()
		if (string(key) == "class" || string(key) == "id") && isQuoteClass(value) && w.own.n > 0 {
			return true
		}
	}
	return false
}

// isQuoteClass knows how mailers mark what they quote, and signatures.
func isQuoteClass(class []byte) bool {
	for _, mark := range []string{"gmail_quote", "gmail_signature", "moz-cite-prefix", "moz-signature", "yahoo_quoted", "divRplyFwdMsg", "appendonsend"} {
		if bytes.Contains(class, []byte(mark)) {
			return true
		}
	}
	return false
}

// spaceAround parts words at the tags that do so on the screen.
func (w *previewWriter) spaceAround(a atom.Atom) {
	switch a {
	case atom.A, atom.Abbr, atom.B, atom.Big, atom.Code, atom.Em, atom.Font, atom.I, atom.Mark, atom.Q, atom.S, atom.Small,
		atom.Span, atom.Strike, atom.Strong, atom.Sub, atom.Sup, atom.Tt, atom.U, atom.Wbr:
		return
	}
	w.own.space, w.quote.space = true, true
}

// hiddenElement is the outermost element being left out.
type hiddenElement struct {
	name  atom.Atom
	depth int  // of elements of that name
	quote bool // it is a quote
}

func (h *hiddenElement) start(a atom.Atom) {
	if h.depth > 0 {
		if a == h.name {
			h.depth++
		}
		return
	}
	switch a {
	case atom.Head, atom.Title, atom.Style, atom.Script, atom.Select, atom.Textarea, atom.Object, atom.Noscript, atom.Blockquote:
		*h = hiddenElement{name: a, depth: 1, quote: a == atom.Blockquote}
	}
}

func (h *hiddenElement) end(a atom.Atom) {
	if h.depth > 0 && a == h.name {
		h.depth--
	}
}
