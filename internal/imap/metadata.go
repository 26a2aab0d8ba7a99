package imap

import (
	"strings"
)

const (
	// maxEntryName is the longest name of an annotation; the RFC has none.
	maxEntryName = 255 // octets

	// maxEntries is how many entries one command may name.
	maxEntries = 100

	// maxMetadataLine is how many octets of values are read for one METADATA line.
	maxMetadataLine = 64 << 10
)

// depth is how far below an entry GETMETADATA looks (RFC 5464 §4.2.2).
type depth int

const (
	depthZero depth = iota
	depthOne
	depthInfinity
)

// metadataRequest is what GETMETADATA, or LIST RETURN (METADATA), asks for.
type metadataRequest struct {
	maxSize int64 // octets of a value; negative: no limit
	depth   depth
	entries []string // as written

	longest int64 // octets of the longest value left out
}

// getMetadata is GETMETADATA (RFC 5464 §4.2).
func (s *session) getMetadata(tag string) error {
	mailbox, req, err := s.getMetadataArguments()
	if err != nil {
		return err
	}
	if err := s.writeMetadata(mailbox, req); err != nil {
		return err
	}
	code := ""
	if req.longest > 0 { // RFC 5464 §4.2.1
		code = "METADATA LONGENTRIES " + string(appendNumber64(nil, req.longest))
	}
	return s.ok(tag, code, "Done.")
}

// getMetadataArguments reads options, mailbox and entries. RFC 5464 §5 puts
// the options before the mailbox, its example after; both are taken.
func (s *session) getMetadataArguments() (mailbox string, req *metadataRequest, err error) {
	req = &metadataRequest{maxSize: -1}
	if err = s.dec.SP(); err != nil {
		return "", nil, err
	}
	if c, err := s.dec.Peek(); err == nil && c == '(' {
		if err := s.dec.List(func() error { return s.metadataOption(req) }); err != nil {
			return "", nil, err
		}
		if err := s.dec.SP(); err != nil {
			return "", nil, err
		}
	}
	if mailbox, err = s.dec.Mailbox(); err != nil {
		return "", nil, err
	}
	if err = s.dec.SP(); err != nil {
		return "", nil, err
	}
	if err = s.metadataEntries(req); err != nil {
		return "", nil, err
	}
	if !s.dec.AtEnd() && len(req.entries) == 0 { // those were options
		if err = s.dec.SP(); err != nil {
			return "", nil, err
		}
		if err = s.metadataEntries(req); err != nil {
			return "", nil, err
		}
	}
	if len(req.entries) == 0 {
		return "", nil, syntaxf("GETMETADATA needs an entry.")
	}
	return mailbox, req, s.dec.CRLF()
}

// metadataEntries reads one entry, or a list of entries or options.
func (s *session) metadataEntries(req *metadataRequest) error {
	c, err := s.dec.Peek()
	switch {
	case err != nil:
		return err
	case c != '(':
		return s.metadataEntry(req)
	}
	return s.dec.List(func() error {
		if c, err := s.dec.Peek(); err == nil && (c|0x20 == 'm' || c|0x20 == 'd') {
			return s.metadataOption(req)
		}
		return s.metadataEntry(req)
	})
}

// listMetadata reads the entries of LIST RETURN (METADATA (...)) (RFC 9590 §3).
func (s *session) listMetadata(req *metadataRequest) error {
	return s.dec.List(func() error { return s.metadataEntry(req) })
}

func (s *session) metadataEntry(req *metadataRequest) error {
	entry, err := s.entryName()
	if err != nil {
		return err
	}
	if len(req.entries) == maxEntries {
		return refuse("LIMIT", "These are too many entries for one command.")
	}
	req.entries = append(req.entries, entry)
	return nil
}

// metadataOption reads MAXSIZE or DEPTH with its value.
func (s *session) metadataOption(req *metadataRequest) error {
	name, err := s.dec.Keyword()
	if err != nil {
		return err
	}
	if err := s.dec.SP(); err != nil {
		return err
	}
	switch name {
	case "MAXSIZE":
		req.maxSize, err = s.dec.Number64()
		return err
	case "DEPTH":
		value, err := s.dec.Keyword()
		d, ok := map[string]depth{"0": depthZero, "1": depthOne, "INFINITY": depthInfinity}[value]
		if err == nil && !ok {
			err = syntaxf("DEPTH is 0, 1 or infinity.")
		}
		req.depth = d
		return err
	}
	return syntaxf("GETMETADATA does not know %s.", name)
}

// entryName reads the name of an entry (RFC 5464 §3.2).
func (s *session) entryName() (string, error) {
	name, err := s.dec.AString()
	if err != nil {
		return "", err
	}
	if !validEntry(name) {
		return "", syntaxf("That is not the name of an annotation: /private/... or /shared/... are.")
	}
	return name, nil
}

// validEntry tells whether a name follows RFC 5464 §3.2.
func validEntry(name string) bool {
	lower := strings.ToLower(name) + "/"
	switch {
	case len(name) > maxEntryName:
		return false
	case !strings.HasPrefix(lower, "/private/") && !strings.HasPrefix(lower, "/shared/"):
		return false
	case strings.Contains(lower, "//"): // RFC 5464 §3.2: neither within nor at the end
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return r <= 0x19 || r >= 0x7f || r == '*' || r == '%' })
}

// writeMetadata writes what req asks of a mailbox as METADATA lines (RFC 5464
// §4.4). An entry asked for by its name is told even when it is not there, as NIL.
func (s *session) writeMetadata(mailbox string, req *metadataRequest) error {
	all, err := s.account.Annotations(s.ctx, mailbox)
	if err != nil {
		return err
	}
	var line []Annotation
	size := int64(0)
	for _, a := range req.choose(all) {
		if size > 0 && size+a.Size > maxMetadataLine {
			s.writeMetadataLine(mailbox, line)
			line, size = line[:0], 0
		}
		if a.Size >= 0 {
			if a.Value, err = s.account.Annotation(s.ctx, mailbox, strings.ToLower(a.Entry)); err != nil {
				return err
			}
			size += a.Size
		}
		line = append(line, a)
	}
	s.writeMetadataLine(mailbox, line)
	return s.enc.Err()
}

// choose gives the entries to tell, each once, without values; Size -1 marks those that are not there.
func (req *metadataRequest) choose(all []Annotation) []Annotation {
	var chosen []Annotation
	told := make(map[string]bool)
	for _, asked := range req.entries {
		lower := strings.ToLower(asked)
		there := false
		for _, a := range all {
			there = there || a.Entry == lower
			if told[a.Entry] || !req.covers(lower, a.Entry) {
				continue
			}
			told[a.Entry] = true
			if req.maxSize >= 0 && a.Size > req.maxSize {
				req.longest = max(req.longest, a.Size)
				continue
			}
			if a.Entry == lower {
				a.Entry = asked
			}
			chosen = append(chosen, a)
		}
		if !there && req.depth == depthZero && !told[lower] {
			told[lower] = true
			chosen = append(chosen, Annotation{Entry: asked, Size: -1})
		}
	}
	return chosen
}

// covers tells whether entry is asked, or below it within the depth.
func (req *metadataRequest) covers(asked, entry string) bool {
	if asked == entry {
		return true
	}
	rest, below := strings.CutPrefix(entry, asked+"/")
	return below && (req.depth == depthInfinity || req.depth == depthOne && !strings.Contains(rest, "/"))
}

func (s *session) writeMetadataLine(mailbox string, line []Annotation) {
	if len(line) == 0 {
		return
	}
	s.enc.Raw("* METADATA ").MailboxName(mailbox).Raw(" (")
	for i, a := range line {
		if i > 0 {
			s.enc.Byte(' ')
		}
		s.enc.AString(a.Entry).Byte(' ')
		if a.Value == nil {
			s.enc.Raw("NIL")
		} else {
			s.enc.Binary(string(a.Value))
		}
	}
	s.enc.Raw(")\r\n")
}
