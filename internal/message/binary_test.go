package message

import (
	"reflect"
	"testing"
)

func sampleEnvelope() *Envelope {
	ann := []Contact{{"Ann", "", "ann", "example.org"}}
	return &Envelope{
		Date: "Sat", Subject: "x", MessageID: "<a@b>", From: ann, Sender: ann,
		ReplyTo: []Contact{{"", "@x", "r", "example.org"}}, Cc: []Contact{{Local: "group"}, {}, {Local: "b", Host: MissingHost}},
	}
}

func samplePart() *Part {
	text := Part{Type: "text", Subtype: "plain", Params: plainParams(), Encoding: "7bit", Header: 20, Body: 30, End: 40, Lines: 2}
	all := Part{
		Type: "x-a", Subtype: "x-b", Params: []Param{{"", ""}, {"name", "ø"}}, ID: "<i>", Description: "d", Encoding: "base64", MD5: "m",
		Disposition: "inline", DispParams: []Param{{"filename", "f"}}, Language: []string{"de", "en"}, Location: "l",
		Header: 41, Body: 50, End: 1 << 40, Lines: 1 << 30,
	}
	inner := Part{Type: "message", Subtype: "rfc822", Encoding: "8bit", Header: 12, Body: 20, End: 40, Envelope: sampleEnvelope(), Parts: []Part{text}}
	return &Part{Type: "multipart", Subtype: "mixed", Encoding: "7bit", Body: 10, End: 1 << 41, Parts: []Part{inner, all}}
}

func TestBinary(t *testing.T) {
	for _, want := range []*Envelope{{}, sampleEnvelope(), {Sender: []Contact{{Local: "a", Host: "b"}}}} {
		b := want.AppendBinary([]byte("x"))
		if got, err := DecodeEnvelope(b[1:]); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
	for _, want := range []*Part{{}, {Type: "text", Subtype: "plain"}, samplePart()} {
		b := want.AppendBinary([]byte("x"))
		if got, err := DecodePart(b[1:]); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
}

// Whatever the disk returns, it is read or refused.
func TestBinaryCorrupt(t *testing.T) {
	e, p := sampleEnvelope().AppendBinary(nil), samplePart().AppendBinary(nil)
	for n := range e {
		if _, err := DecodeEnvelope(e[:n]); err == nil {
			t.Errorf("%d octets of an envelope pass", n)
		}
	}
	for n := range p {
		if _, err := DecodePart(p[:n]); err == nil {
			t.Errorf("%d octets of a part pass", n)
		}
	}
	if _, err := DecodeEnvelope(append(e, 0)); err == nil {
		t.Error("an envelope with more behind passes")
	}
	for name, broken := range map[string]*Part{
		"multipart without parts":  {Type: "multipart"},
		"message without envelope": {Type: "message", Subtype: "rfc822", Parts: []Part{{}}},
		"message without content":  {Type: "message", Subtype: "rfc822", Envelope: &Envelope{}},
		"text with parts":          {Type: "text", Parts: []Part{{}}},
		"body before header":       {Header: 5},
		"end before body":          {Body: 5, End: 4},
		"too deep":                 deepPart(MaxDepth + 2),
	} {
		if _, err := DecodePart(broken.AppendBinary(nil)); err == nil {
			t.Errorf("%s passes", name)
		}
	}
	if _, err := DecodePart(deepPart(MaxDepth + 1).AppendBinary(nil)); err != nil {
		t.Error("the deepest:", err)
	}
}

func deepPart(depth int) *Part {
	p := Part{Type: "text"}
	for range depth {
		p = Part{Type: "multipart", Parts: []Part{p}}
	}
	return &p
}

func FuzzDecodeEnvelope(f *testing.F) {
	f.Add(sampleEnvelope().AppendBinary(nil))
	f.Add((&Envelope{}).AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := DecodeEnvelope(b)
		if err != nil {
			return
		}
		again, err := DecodeEnvelope(e.AppendBinary(nil))
		if err != nil || !reflect.DeepEqual(e, again) {
			t.Errorf("%+v, %v; want %+v", again, err, e)
		}
	})
}

func FuzzDecodePart(f *testing.F) {
	f.Add(samplePart().AppendBinary(nil))
	f.Add((&Part{Type: "text"}).AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodePart(b)
		if err != nil {
			return
		}
		again := p.AppendBinary(nil)
		q, err := DecodePart(again)
		if err != nil || string(q.AppendBinary(nil)) != string(again) {
			t.Errorf("%+v, %v; want %+v", q, err, p)
		}
	})
}
