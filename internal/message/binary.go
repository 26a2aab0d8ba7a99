package message

import (
	"encoding/binary"
	"errors"
)

// ErrCorrupt is what DecodeEnvelope and DecodePart return for octets that no
// AppendBinary made.
var ErrCorrupt = errors.New("corrupt message structure")

// binaryVersion is the first octet of the binary forms. A change of format, or
// of what Parse finds, takes the next number; the stored message is the truth
// from which the form can always be made again.
const binaryVersion = 1

// dictionary holds the strings that nearly all mail repeats; the binary forms
// name them by their index. It may only grow at its end.
var dictionary = [...]string{
	"text", "plain", "html", "calendar", "multipart", "alternative", "mixed",
	"related", "report", "signed", "digest", "message", "rfc822", "global",
	"delivery-status", "application", "octet-stream", "pdf", "image", "png",
	"jpeg", "gif", "7bit", "8bit", "binary", "base64", "quoted-printable",
	"charset", "utf-8", "UTF-8", "us-ascii", "iso-8859-1", "ISO-8859-1",
	"windows-1252", "boundary", "name", "filename", "format", "flowed",
	"delsp", "type", "attachment", "inline", MissingHost, MissingLocal,
}

var dictionaryIndex = func() map[string]int {
	index := make(map[string]int, len(dictionary))
	for i, s := range dictionary {
		index[s] = i
	}
	return index
}()

// longestEntry spares the lookup of strings that cannot be in the dictionary.
const longestEntry = 16 // octets

// appendString writes an even number, twice the length, and the octets; or an
// odd one, twice the index in the dictionary plus one.
func appendString(b []byte, s string) []byte {
	if s != "" && len(s) <= longestEntry {
		if i, ok := dictionaryIndex[s]; ok {
			return binary.AppendUvarint(b, uint64(i)<<1|1)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(s))<<1)
	return append(b, s...)
}

// decoder reads a binary form. After the first fault all it reads is zero.
// Strings it returns share the memory of s.
type decoder struct {
	s      string
	broken bool
}

func newDecoder(b []byte) *decoder {
	if len(b) == 0 || b[0] != binaryVersion {
		return &decoder{broken: true}
	}
	return &decoder{s: string(b[1:])}
}

// end is the verdict: nothing broken and nothing left.
func (d *decoder) end() error {
	if d.broken || d.s != "" {
		return ErrCorrupt
	}
	return nil
}

func (d *decoder) fail() {
	d.broken = true
	d.s = ""
}

func (d *decoder) uvarint() uint64 {
	var v uint64
	for i := 0; i < len(d.s) && i < binary.MaxVarintLen64; i++ {
		c := d.s[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.s = d.s[i+1:]
			return v
		}
	}
	d.fail()
	return 0
}

// count reads how many items follow, each of at least size octets.
func (d *decoder) count(size int) int {
	n := d.uvarint()
	if n > uint64(len(d.s)/size) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) string() string {
	v := d.uvarint()
	n := v >> 1
	if v&1 != 0 {
		if n >= uint64(len(dictionary)) {
			d.fail()
			return ""
		}
		return dictionary[n]
	}
	if n > uint64(len(d.s)) {
		d.fail()
		return ""
	}
	s := d.s[:n]
	d.s = d.s[n:]
	return s
}
