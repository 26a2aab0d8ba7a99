package message

import "encoding/binary"

// AppendBinary appends the form in which the database keeps p and all parts in
// it.
func (p *Part) AppendBinary(b []byte) []byte {
	return p.append(append(b, binaryVersion), 0)
}

// DecodePart reads what AppendBinary wrote. The strings share one copy of b.
// Any other octets are ErrCorrupt, and so is a tree that breaks the promises of
// Part or of MaxDepth: who walks the result need not check.
func DecodePart(b []byte) (*Part, error) {
	d := newDecoder(b)
	p := new(Part)
	d.part(p, 0, 0)
	if err := d.end(); err != nil {
		return nil, err
	}
	return p, nil
}

// What of a part is there, so that the rest costs nothing.
const (
	hasParams = 1 << iota
	hasID
	hasDescription
	hasMD5
	hasDisposition
	hasDispParams
	hasLanguage
	hasLocation
	hasEnvelope
	hasParts
)

func (p *Part) mask() (mask uint64) {
	for i, there := range [...]bool{
		len(p.Params) > 0, p.ID != "", p.Description != "", p.MD5 != "", p.Disposition != "",
		len(p.DispParams) > 0, len(p.Language) > 0, p.Location != "", p.Envelope != nil, len(p.Parts) > 0,
	} {
		if there {
			mask |= 1 << i
		}
	}
	return mask
}

// append writes p; its offsets count from base, the body of the part around it.
func (p *Part) append(b []byte, base int64) []byte {
	mask := p.mask()
	b = appendString(b, p.Type)
	b = appendString(b, p.Subtype)
	b = appendString(b, p.Encoding)
	for _, n := range [...]int64{p.Header - base, p.Body - p.Header, p.End - p.Body, p.Lines} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	b = binary.AppendUvarint(b, mask)
	if mask&hasParams != 0 {
		b = appendParams(b, p.Params)
	}
	b = p.appendStrings(b, mask)
	if mask&hasEnvelope != 0 {
		b = p.Envelope.append(b)
	}
	if mask&hasParts != 0 {
		b = binary.AppendUvarint(b, uint64(len(p.Parts)))
	}
	for i := range p.Parts {
		b = p.Parts[i].append(b, p.Body)
	}
	return b
}

// appendStrings writes the fields that most parts lack.
func (p *Part) appendStrings(b []byte, mask uint64) []byte {
	if mask&hasID != 0 {
		b = appendString(b, p.ID)
	}
	if mask&hasDescription != 0 {
		b = appendString(b, p.Description)
	}
	if mask&hasMD5 != 0 {
		b = appendString(b, p.MD5)
	}
	if mask&hasDisposition != 0 {
		b = appendString(b, p.Disposition)
	}
	if mask&hasDispParams != 0 {
		b = appendParams(b, p.DispParams)
	}
	if mask&hasLanguage != 0 {
		b = binary.AppendUvarint(b, uint64(len(p.Language)))
		for _, tag := range p.Language {
			b = appendString(b, tag)
		}
	}
	if mask&hasLocation != 0 {
		b = appendString(b, p.Location)
	}
	return b
}

func appendParams(b []byte, params []Param) []byte {
	b = binary.AppendUvarint(b, uint64(len(params)))
	for _, p := range params {
		b = appendString(b, p.Name)
		b = appendString(b, p.Value)
	}
	return b
}

func (d *decoder) part(p *Part, base int64, depth int) {
	if depth > MaxDepth+1 { // one more for the text of an empty multipart
		d.fail()
		return
	}
	p.Type, p.Subtype, p.Encoding = d.string(), d.string(), d.string()
	p.Header = d.offset(base)
	p.Body = d.offset(p.Header)
	p.End = d.offset(p.Body)
	p.Lines = d.offset(0)
	mask := d.uvarint()
	if mask&hasParams != 0 {
		p.Params = d.params()
	}
	d.partStrings(p, mask)
	if mask&hasEnvelope != 0 {
		p.Envelope = d.envelope()
	}
	if mask&hasParts != 0 {
		const smallest = 8 // octets of a part: three strings, four numbers, the mask
		p.Parts = make([]Part, d.count(smallest))
	}
	for i := range p.Parts {
		d.part(&p.Parts[i], p.Body, depth+1)
		if d.broken {
			return
		}
	}
	if !p.wellFormed() {
		d.fail()
	}
}

func (d *decoder) partStrings(p *Part, mask uint64) {
	if mask&hasID != 0 {
		p.ID = d.string()
	}
	if mask&hasDescription != 0 {
		p.Description = d.string()
	}
	if mask&hasMD5 != 0 {
		p.MD5 = d.string()
	}
	if mask&hasDisposition != 0 {
		p.Disposition = d.string()
	}
	if mask&hasDispParams != 0 {
		p.DispParams = d.params()
	}
	if mask&hasLanguage != 0 {
		p.Language = make([]string, d.count(1))
	}
	for i := range p.Language {
		p.Language[i] = d.string()
	}
	if mask&hasLocation != 0 {
		p.Location = d.string()
	}
}

// offset reads a number not below base.
func (d *decoder) offset(base int64) int64 {
	n := base + int64(d.uvarint())
	if n < base {
		d.fail()
	}
	return n
}

func (d *decoder) params() []Param {
	params := make([]Param, d.count(2))
	for i := range params {
		params[i] = Param{d.string(), d.string()}
	}
	return params
}

// wellFormed tells whether p has the parts that its type promises.
func (p *Part) wellFormed() bool {
	switch {
	case p.Type == "multipart":
		return len(p.Parts) > 0 && p.Envelope == nil
	case isMessage(p):
		return len(p.Parts) == 1 && p.Envelope != nil
	}
	return len(p.Parts) == 0 && p.Envelope == nil
}
