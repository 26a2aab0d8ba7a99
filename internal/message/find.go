package message

// Find looks a part up by its IMAP number (RFC 3501 §6.4.5). Part 1 of a
// message that is not a multipart is the message itself; the parts of a
// message/rfc822 are numbered as those of the message inside. An empty path is
// the part itself.
func (p *Part) Find(path []int) (*Part, bool) {
	whole := true // p is a whole message, not yet one of its parts
	for _, n := range path {
		if !whole && isMessage(p) && len(p.Parts) == 1 {
			p, whole = &p.Parts[0], true
		}
		switch {
		case p.Type == "multipart":
			if n < 1 || n > len(p.Parts) {
				return nil, false
			}
			p, whole = &p.Parts[n-1], false
		case whole && n == 1:
			whole = false
		default:
			return nil, false
		}
	}
	return p, true
}
