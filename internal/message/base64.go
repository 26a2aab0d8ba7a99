package message

// base64State decodes base64 (RFC 2045 §6.8) that comes in pieces. Octets
// outside of the alphabet are passed over, as the RFC says; padding ends a
// quantum but not the text, since bodies glued together of several are seen.
type base64State struct {
	bits  uint32
	count int // characters in bits
}

// decode appends the octets of src to dst.
func (d *base64State) decode(dst, src []byte) []byte {
	for _, c := range src {
		v := base64Values[c]
		if v >= 64 {
			if c == '=' {
				dst = d.flush(dst)
			}
			continue
		}
		d.bits = d.bits<<6 | uint32(v)
		if d.count++; d.count == 4 {
			dst = append(dst, byte(d.bits>>16), byte(d.bits>>8), byte(d.bits))
			d.bits, d.count = 0, 0
		}
	}
	return dst
}

// flush appends the octets of an incomplete quantum.
func (d *base64State) flush(dst []byte) []byte {
	switch d.count {
	case 2:
		dst = append(dst, byte(d.bits>>4))
	case 3:
		dst = append(dst, byte(d.bits>>10), byte(d.bits>>2))
	}
	d.bits, d.count = 0, 0
	return dst
}

// base64Values is the value of each character, 64 for those of no alphabet. The
// URL alphabet (RFC 4648 §5) is accepted as well.
var base64Values = func() (values [256]byte) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range values {
		values[i] = 64
	}
	for i := range len(alphabet) {
		values[alphabet[i]] = byte(i)
	}
	values['-'], values['_'] = 62, 63
	return values
}()
