package message

import "bytes"

// delimiter tells whether line is a boundary delimiter of an open multipart and
// if so ends what it ends and starts what it starts.
func (p *parser) delimiter(line []byte) bool {
	if len(line) < 3 || line[0] != '-' || line[1] != '-' {
		return false
	}
	rest := bytes.TrimRight(line[2:], " \t\r\n")
	for i := len(p.stack) - 1; i >= 0; i-- {
		boundary := p.stack[i].boundary
		if boundary == "" || len(rest) < len(boundary) || string(rest[:len(boundary)]) != boundary {
			continue
		}
		// RFC 2046 §5.1.1 lets anything follow a boundary. Multiparts whose
		// boundary begins with that of an outer one are in use, so only
		// white space may.
		switch string(rest[len(boundary):]) {
		case "":
			return p.nextChild(i, line)
		case "--":
			p.closeMultipart(i, line)
			return true
		}
	}
	return false
}

// nextChild starts a part in the multipart at index i. It refuses beyond
// MaxParts.
func (p *parser) nextChild(i int, line []byte) bool {
	if p.parts >= MaxParts {
		return false
	}
	p.closeAbove(i, line)
	digest := p.stack[i].digest
	p.afterDelimiter()
	p.push(p.in.pos, digest)
	return true
}

func (p *parser) closeMultipart(i int, line []byte) {
	p.closeAbove(i, line)
	p.stack[i].boundary = ""
	p.afterDelimiter()
}

// afterDelimiter counts the delimiter's own line, which is in the bodies of the
// outer parts.
func (p *parser) afterDelimiter() {
	p.count++
	p.tail, p.empty = 0, false
}

// closeAbove ends all parts inside that at index i before line, which was just
// read. RFC 2046 §5.1.1: the line end before a delimiter belongs to it.
func (p *parser) closeAbove(i int, line []byte) {
	end := p.in.pos - int64(len(line)) - int64(p.tail)
	last := p.count
	if p.empty {
		last--
	}
	for len(p.stack)-1 > i {
		p.pop(end, last)
	}
}
