package message

import (
	"slices"
	"strings"
)

// firstMessageID is the id in a Message-ID field without its brackets, or what
// stands there instead.
func firstMessageID(s string) string {
	id, _ := cutMessageID(s)
	if id == "" {
		id = cleanID(s)
	}
	return id
}

// threadReferences lists the messages that a reply stands under, oldest first:
// those of References, then the first of In-Reply-To (RFC 5256 §3, step 1). own
// is the id of the reply itself, which may not be among them. Of too many the
// first and the newest are kept. named is how many came of References.
func threadReferences(references, inReplyTo, own string) (ids []string, named int) {
	ids = newestIDs(references)
	fromReferences := len(ids)
	if parent, _ := cutMessageID(inReplyTo); parent != "" {
		ids = append(ids, parent)
	}
	if len(ids) == 0 {
		return nil, 0
	}
	seen := make(map[string]bool, len(ids))
	seen[own] = true
	kept := ids[:0]
	for i, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		kept = append(kept, id)
		if i < fromReferences {
			named++
		}
	}
	return kept, named
}

// newestIDs reads message ids from the end, so that a long list costs no more
// than what is kept.
func newestIDs(s string) []string {
	var ids []string
	rest := s
	for len(ids) < maxReferences-2 { // room for the first and for In-Reply-To
		at := strings.LastIndexByte(rest, '<')
		if at < 0 {
			break
		}
		if id, _ := cutMessageID(rest[at:]); id != "" {
			ids = append(ids, id)
		}
		rest = rest[:at]
	}
	if first, _ := cutMessageID(rest); first != "" {
		ids = append(ids, first)
	}
	slices.Reverse(ids)
	return ids
}

// cutMessageID finds the first "<id>" in s.
func cutMessageID(s string) (id, rest string) {
	for {
		_, after, ok := strings.Cut(s, "<")
		if !ok {
			return "", ""
		}
		inside, rest, ok := strings.Cut(after, ">")
		if !ok {
			return "", ""
		}
		if id = cleanID(inside); id != "" {
			return id, rest
		}
		s = rest
	}
}

// cleanID removes the white space that broken folding left in an id. One too
// long is none.
func cleanID(s string) string {
	s = strings.TrimSpace(s)
	if strings.ContainsAny(s, whiteSpace) {
		s = strings.Join(strings.Fields(s), "")
	}
	if len(s) > maxMessageID {
		return ""
	}
	return s
}
