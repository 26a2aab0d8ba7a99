package imap

import "buzon/internal/message"

// fetchKind is one row of the table of data items. An item of an extension is
// a row and its write function.
type fetchKind struct {
	label   string  // how the answer names it, without the section
	fields  Fields  // needed of the listing
	body    bool    // reads the body
	seen    bool    // sets \Seen (RFC 3501 §6.4.5)
	section section // of items that mean a section without naming it

	binary bool // decodes a part (RFC 3516)

	capability string                                                   // that must be visible for the item to exist; empty: always
	parse      func(r *fetchRequest, d *decoder, kind *fetchKind) error // reads what follows the word; nil: nothing does
	write      func(f *fetcher, item *fetchItem) error
}

// fetchKinds are the data items by the word that asks for them, with "[" when a
// section follows.
var fetchKinds = map[string]*fetchKind{
	"UID":           {label: "UID", write: (*fetcher).writeUID},
	"FLAGS":         {label: "FLAGS", write: (*fetcher).writeFlags},
	"MODSEQ":        {label: "MODSEQ", capability: "CONDSTORE", write: (*fetcher).writeModSeq},
	"INTERNALDATE":  {label: "INTERNALDATE", fields: WithMeta, write: (*fetcher).writeDate},
	"RFC822.SIZE":   {label: "RFC822.SIZE", fields: WithMeta, write: (*fetcher).writeSize},
	"ENVELOPE":      {label: "ENVELOPE", fields: WithEnvelope, write: (*fetcher).writeEnvelope},
	"BODYSTRUCTURE": {label: "BODYSTRUCTURE", fields: WithStructure, write: (*fetcher).writeStructure},
	"BODY":          {label: "BODY", fields: WithStructure, write: (*fetcher).writeStructure},
	"BODY[":         {label: "BODY", body: true, seen: true, write: (*fetcher).writeSection},
	"BODY.PEEK[":    {label: "BODY", body: true, write: (*fetcher).writeSection},
	"BINARY[":       {label: "BINARY", body: true, seen: true, binary: true, capability: "BINARY", write: (*fetcher).writeBinary},
	"BINARY.PEEK[":  {label: "BINARY", body: true, binary: true, capability: "BINARY", write: (*fetcher).writeBinary},
	"BINARY.SIZE[":  {label: "BINARY.SIZE", body: true, binary: true, capability: "BINARY", write: (*fetcher).writeBinarySize},
	"EMAILID":       {label: "EMAILID", fields: WithMeta, capability: "OBJECTID", write: (*fetcher).writeEmailID},
	"THREADID":      {label: "THREADID", fields: WithMeta, capability: "OBJECTID", write: (*fetcher).writeThreadID},
	"SAVEDATE":      {label: "SAVEDATE", fields: WithMeta, capability: "SAVEDATE", write: (*fetcher).writeSaveDate},
	"PREVIEW":       {label: "PREVIEW", fields: WithMeta | WithPreview, capability: "PREVIEW", parse: parsePreview, write: (*fetcher).writePreview},
	"RFC822":        {label: "RFC822", body: true, seen: true, write: (*fetcher).writeSection},
	"RFC822.HEADER": {label: "RFC822.HEADER", body: true, section: section{kind: sectionHeader}, write: (*fetcher).writeSection},
	"RFC822.TEXT":   {label: "RFC822.TEXT", body: true, seen: true, section: section{kind: sectionText}, write: (*fetcher).writeSection},
}

func (f *fetcher) writeUID(*fetchItem) error {
	f.s.enc.Raw("UID ").Number(f.m.UID)
	return nil
}

func (f *fetcher) writeFlags(*fetchItem) error {
	f.s.writeFlags(*f.m)
	return nil
}

func (f *fetcher) writeDate(*fetchItem) error {
	f.text = appendDateTime(f.text[:0], f.m.Received)
	f.s.enc.Raw("INTERNALDATE ").Bytes(f.text)
	return nil
}

func (f *fetcher) writeSize(*fetchItem) error {
	f.s.enc.Raw("RFC822.SIZE ").Number64(f.m.Size)
	return nil
}

func (f *fetcher) writeEnvelope(*fetchItem) error {
	e, err := message.DecodeEnvelope(f.m.Envelope)
	if err != nil {
		f.damaged(err)
		e = &message.Envelope{}
	}
	r := f.renderer()
	r.envelope(e)
	f.s.enc.Raw("ENVELOPE ")
	f.rendered(r)
	return nil
}

// writeStructure writes BODYSTRUCTURE, and BODY without extension data.
func (f *fetcher) writeStructure(item *fetchItem) error {
	r := f.renderer()
	r.structure(f.root(), item.label == "BODYSTRUCTURE")
	f.s.enc.Raw(item.label).Byte(' ')
	f.rendered(r)
	return nil
}

func (f *fetcher) renderer() *renderer {
	return &renderer{b: f.text[:0], utf8: f.s.enc.utf8}
}

func (f *fetcher) rendered(r *renderer) {
	f.s.enc.Bytes(r.b)
	f.text = r.b
}

// root is the message's structure, decoded once for all items.
func (f *fetcher) root() *message.Part {
	if f.part != nil {
		return f.part
	}
	p, err := message.DecodePart(f.m.Structure)
	if err != nil {
		f.damaged(err)
		p = &message.Part{Type: "application", Subtype: "octet-stream", Encoding: "8bit"}
	}
	f.part = p
	return p
}

// damaged notes a cache that cannot be read. The client still gets an answer:
// one message must not keep it from listing the others.
func (f *fetcher) damaged(err error) {
	f.s.log.Error("cached fields of a message are damaged", "mailbox", f.s.name, "uid", f.m.UID, "err", err)
}
