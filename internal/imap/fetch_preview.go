package imap

import (
	"errors"

	"buzon/internal/message"
)

// writePreview writes PREVIEW (RFC 8970 §3). It was made at delivery; for a
// message stored before there were previews it is made now, unless the client
// is in a hurry.
func (f *fetcher) writePreview(item *fetchItem) error {
	f.s.enc.Raw("PREVIEW ")
	switch {
	case f.m.Preview != nil:
		f.s.enc.String(string(f.m.Preview))
		return nil
	case item.lazy: // RFC 8970 §4.1
		f.s.enc.Raw("NIL")
		return nil
	}
	text, err := f.makePreview()
	if err != nil && !errors.Is(err, ErrNoMessage) { // RFC 8970 §3.2: not NIL, whatever happens
		f.s.log.Error("preview cannot be made", "mailbox", f.s.name, "uid", f.m.UID, "err", err)
	}
	f.s.enc.String(text)
	return nil
}

// makePreview reads the message. Its structure is not listed with the preview,
// as hardly ever anybody needs it.
func (f *fetcher) makePreview() (string, error) {
	if f.body == nil {
		if err := f.openBody(); err != nil {
			return "", err
		}
	}
	structure, err := message.Parse(f.body, f.body.Size())
	if err != nil {
		return "", err
	}
	return message.Preview(f.body, &structure.Root)
}

// parsePreview reads the modifier that may follow PREVIEW (RFC 8970 §6).
func parsePreview(r *fetchRequest, d *decoder, kind *fetchKind) error {
	item := fetchItem{fetchKind: kind, label: kind.label}
	if d.next(" (LAZY") {
		if err := d.SP(); err != nil {
			return err
		}
		item.lazy = true
		err := d.List(func() error {
			word, err := d.Keyword()
			if err == nil && word != "LAZY" {
				err = syntaxf("PREVIEW has no modifier %s.", word)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	r.add(item)
	return nil
}

// next tells whether text comes next, in any case. Nothing is read, and no
// octet is waited for that may not come.
func (d *decoder) next(text string) bool {
	if _, err := d.Peek(); err != nil {
		return false
	}
	for n := range len(text) {
		b, err := d.r.Peek(n + 1)
		if err != nil || upper(b[n]) != text[n] {
			return false
		}
	}
	return true
}
