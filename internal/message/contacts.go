package message

import "strings"

// MissingHost is the Host, and MissingLocal the Local, of a contact that has
// none. They may not be empty: that would say group (RFC 3501 §7.4.2). The
// values are those of other servers; clients know them.
const (
	MissingHost  = "MISSING_DOMAIN"
	MissingLocal = "MISSING_MAILBOX"
)

// ParseContacts reads the address list of a header field (RFC 5322 §3.4 with
// the obsolete forms of §4.4) in IMAP's four parts. A comment serves as name
// when there is no other. Octets and encoded words stay as they are. Whatever
// is not an address is passed over; at most 1,000 contacts are returned.
func ParseContacts(s string) []Contact { return parseContacts(s, maxContacts) }

func parseContacts(s string, room int) []Contact {
	p := contactParser{sc: scanner{s: s}}
	for len(p.list) < room && p.one() {
	}
	// Room for the end of the group is always there.
	if p.group {
		p.list = append(p.list, Contact{})
	}
	return p.list
}

type contactParser struct {
	sc    scanner
	list  []Contact
	group bool // between ':' and ';'
	angle bool // between '<' and '>'
}

// one reads up to and including the next separator. It returns false at the
// end of the list.
func (p *contactParser) one() bool {
	words := p.words()
	switch p.sc.peek() {
	case '<':
		p.angleAddr(words)
	case '@':
		p.addrSpec(words)
	case ':':
		p.startGroup(words)
		return true
	default:
		p.nameless(words)
	}
	return p.separator()
}

// separator finds the end of this contact and of the group if there.
func (p *contactParser) separator() bool {
	p.sc.until(",;")
	if p.sc.done() {
		return false
	}
	if p.sc.peek() == ';' && p.group {
		p.group = false
		p.list = append(p.list, Contact{})
	}
	p.sc.i++
	return true
}

// startGroup begins "name: members;". In a group there is no other (RFC 5322
// §3.4): the colon is junk then.
func (p *contactParser) startGroup(w words) {
	p.sc.i++
	if p.group {
		return
	}
	name := w.phrase()
	if name == "" {
		return
	}
	p.group = true
	p.list = append(p.list, Contact{Local: name})
}

// nameless is a word without any @: a local user of some host.
func (p *contactParser) nameless(w words) {
	if local := w.phrase(); local != "" {
		p.list = append(p.list, Contact{Name: w.comment, Local: local, Host: MissingHost})
	}
}

// addrSpec is local@domain, perhaps with the name in a comment behind. Some
// write the address once more as the name of an angle address.
func (p *contactParser) addrSpec(w words) {
	from := p.sc.i
	p.sc.i++
	host, comment := p.domain()
	if p.sc.peek() == '<' {
		p.angleAddr(words{plain: w.phrase() + strings.TrimRight(p.sc.s[from:p.sc.i], whiteSpace)})
		return
	}
	name, local := w.split()
	name = firstOf(name, firstOf(comment, w.comment))
	p.add(Contact{Name: name, Local: local, Host: host})
}

// angleAddr is "name <route:local@domain>".
func (p *contactParser) angleAddr(w words) {
	p.sc.i++
	p.angle = true
	route := p.route()
	local := p.words()
	p.angle = false
	c := Contact{Name: w.phrase(), Route: route, Local: local.joined()}
	if p.sc.peek() == '@' {
		p.sc.i++
		c.Host, _ = p.domain()
	}
	p.sc.until(">,;")
	if p.sc.peek() == '>' {
		p.sc.i++
	}
	if c.Name == "" {
		c.Name = firstOf(p.sc.space(), w.comment)
	}
	p.add(c)
}

func (p *contactParser) add(c Contact) {
	if c.Local == "" && c.Host == "" && c.Name == "" {
		return
	}
	c.Local = firstOf(c.Local, MissingLocal)
	c.Host = firstOf(c.Host, MissingHost)
	p.list = append(p.list, c)
}

// route reads "@a,@b:" (RFC 5322 §4.4 obs-route).
func (p *contactParser) route() string {
	p.sc.space()
	if p.sc.peek() != '@' {
		return ""
	}
	from := p.sc.i
	p.sc.until(":>")
	route := strings.TrimSpace(p.sc.s[from:p.sc.i])
	if p.sc.peek() == ':' {
		p.sc.i++
	}
	return route
}

// domain reads what follows @, without comments and white space around dots.
func (p *contactParser) domain() (host, comment string) {
	comment = p.sc.space()
	var b strings.Builder
	for {
		piece := p.domainPiece()
		if c := p.sc.space(); c != "" {
			comment = c
		}
		next := p.sc.peek()
		if next != '.' && !strings.HasSuffix(piece, ".") || piece == "" {
			if b.Len() == 0 {
				return piece, comment
			}
			b.WriteString(piece)
			return b.String(), comment
		}
		b.WriteString(piece)
	}
}

func (p *contactParser) domainPiece() string {
	from := p.sc.i
	if p.sc.peek() != '[' {
		return p.sc.until(whiteSpace + `()<>@,;:"[]`)
	}
	p.sc.until("]>,;")
	if p.sc.peek() == ']' {
		p.sc.i++
	}
	return p.sc.s[from:p.sc.i]
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
