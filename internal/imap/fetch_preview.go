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

func (f *fetcher) makePreview() (string, error) {
	if f.body == nil {
		if err := f.openBody(); err != nil {
			return "", err
		}
	}
	return message.Preview(f.body, f.root())
}

// parsePreview reads what may follow PREVIEW: a list of modifiers.
func (r *fetchRequest) parsePreview(d *decoder) error {
	kind := fetchKinds["PREVIEW"]
	item := fetchItem{fetchKind: kind, label: kind.label}
	if d.spaceBefore('(') {
		if err := d.SP(); err != nil {
			return err
		}
		err := d.List(func() error {
			word, err := d.Keyword()
			if err == nil && word != "LAZY" {
				err = syntaxf("PREVIEW has no modifier %s.", word)
			}
			item.lazy = err == nil
			return err
		})
		if err != nil {
			return err
		}
		if !item.lazy {
			return syntaxf("The list of PREVIEW's modifiers is empty.")
		}
	}
	r.add(item)
	return nil
}

// spaceBefore tells whether a space and then b come next. Nothing is read.
func (d *decoder) spaceBefore(b byte) bool {
	if c, err := d.Peek(); err != nil || c != ' ' {
		return false
	}
	next, err := d.r.Peek(2)
	return err == nil && next[1] == b
}
