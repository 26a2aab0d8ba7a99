package message

import (
	"encoding/binary"
	"slices"
)

// AppendBinary appends the form in which the database keeps e.
func (e *Envelope) AppendBinary(b []byte) []byte {
	return e.append(append(b, binaryVersion))
}

// DecodeEnvelope reads what AppendBinary wrote. The strings share one copy of
// b. Any other octets are ErrCorrupt.
func DecodeEnvelope(b []byte) (*Envelope, error) {
	d := newDecoder(b)
	e := d.envelope()
	if err := d.end(); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *Envelope) append(b []byte) []byte {
	for _, s := range []string{e.Date, e.Subject, e.InReplyTo, e.MessageID} {
		b = appendString(b, s)
	}
	lists := [...][]Contact{e.From, e.Sender, e.ReplyTo, e.To, e.Cc, e.Bcc}
	total := 0
	for i, list := range lists {
		if i == 0 || !e.isFrom(list) {
			total += len(list)
		}
	}
	b = binary.AppendUvarint(b, uint64(total))
	for i, list := range lists {
		if i > 0 && e.isFrom(list) {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(list))+1)
		for _, c := range list {
			b = c.append(b)
		}
	}
	return b
}

// isFrom tells that list need not be written again.
func (e *Envelope) isFrom(list []Contact) bool {
	return len(list) > 0 && slices.Equal(list, e.From)
}

func (c Contact) append(b []byte) []byte {
	b = appendString(b, c.Name)
	b = appendString(b, c.Route)
	b = appendString(b, c.Local)
	return appendString(b, c.Host)
}

func (d *decoder) envelope() *Envelope {
	e := new(Envelope)
	e.Date, e.Subject = d.string(), d.string()
	e.InReplyTo, e.MessageID = d.string(), d.string()
	all := make([]Contact, d.count(4))
	e.From = d.contacts(&all, nil)
	e.Sender = d.contacts(&all, e.From)
	e.ReplyTo = d.contacts(&all, e.From)
	e.To = d.contacts(&all, e.From)
	e.Cc = d.contacts(&all, e.From)
	e.Bcc = d.contacts(&all, e.From)
	if len(all) > 0 {
		d.fail()
	}
	return e
}

// contacts reads a list into the front of all; 0 stands for that of From.
func (d *decoder) contacts(all *[]Contact, from []Contact) []Contact {
	n := d.uvarint()
	if n == 0 {
		if from == nil {
			d.fail()
		}
		return from
	}
	n--
	if n == 0 || n > uint64(len(*all)) {
		if n > 0 {
			d.fail()
		}
		return nil
	}
	list := (*all)[:n:n]
	*all = (*all)[n:]
	for i := range list {
		list[i] = Contact{d.string(), d.string(), d.string(), d.string()}
	}
	return list
}
