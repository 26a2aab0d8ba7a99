package message

import "bytes"

// EachField calls f for each field of a header until f returns false. raw is the
// field with its folds and its line end. Lines that belong to no field are
// skipped. Unlike Header it allocates nothing: this runs once for every
// message when a phone lists a mailbox.
func EachField(header []byte, f func(name, raw []byte) bool) {
	for len(header) > 0 {
		end := nextField(header)
		raw := header[:end]
		header = header[end:]
		if raw[0] == '\n' || bytes.HasPrefix(raw, []byte("\r\n")) { // the end of the header
			return
		}
		if name := nameOf(raw); name != nil && !f(name, raw) {
			return
		}
	}
}

// nextField is where the first field ends: at a line end that no white space follows.
func nextField(header []byte) int {
	end := 0
	for {
		n := bytes.IndexByte(header[end:], '\n')
		if n < 0 {
			return len(header)
		}
		end += n + 1
		if end == len(header) || header[end] != ' ' && header[end] != '\t' {
			return end
		}
	}
}

// nameOf is the name of a field, nil when the line has none (RFC 5322 §3.6.8;
// §4.5 lets white space follow it).
func nameOf(raw []byte) []byte {
	colon := bytes.IndexByte(raw, ':')
	if colon < 0 {
		return nil
	}
	name := bytes.TrimRight(raw[:colon], " \t")
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return nil
		}
	}
	if len(name) == 0 {
		return nil
	}
	return name
}
