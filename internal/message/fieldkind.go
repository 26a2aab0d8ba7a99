package message

import "bytes"

// fieldKind names the header fields that the structure is made of. Those of
// messages come before fieldContentType, those of all parts from there on.
type fieldKind uint8

const (
	fieldOther fieldKind = iota
	fieldDate
	fieldSubject
	fieldFrom
	fieldSender
	fieldReplyTo
	fieldTo
	fieldCc
	fieldBcc
	fieldInReplyTo
	fieldMessageID
	fieldReferences
	fieldContentType
	fieldContentEncoding
	fieldContentID
	fieldContentDescription
	fieldContentMD5
	fieldContentDisposition
	fieldContentLanguage
	fieldContentLocation
)

// addsUp tells whether several fields of one name count together. RFC 5322
// §3.6 allows one To, Cc and Bcc; some writers make one for each recipient.
func (k fieldKind) addsUp() bool {
	return k == fieldTo || k == fieldCc || k == fieldBcc
}

func kindOf(name []byte) fieldKind {
	const longest = len("content-transfer-encoding")
	if len(name) > longest {
		return fieldOther
	}
	var buf [longest]byte
	lower := buf[:copy(buf[:], name)]
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	if kind, ok := bytes.CutPrefix(lower, []byte("content-")); ok {
		return contentKind(kind)
	}
	return messageKind(lower)
}

func messageKind(lower []byte) fieldKind {
	switch string(lower) {
	case "date":
		return fieldDate
	case "subject":
		return fieldSubject
	case "from":
		return fieldFrom
	case "sender":
		return fieldSender
	case "reply-to":
		return fieldReplyTo
	case "to":
		return fieldTo
	case "cc":
		return fieldCc
	case "bcc":
		return fieldBcc
	case "in-reply-to":
		return fieldInReplyTo
	case "message-id":
		return fieldMessageID
	case "references":
		return fieldReferences
	}
	return fieldOther
}

func contentKind(lower []byte) fieldKind {
	switch string(lower) {
	case "type":
		return fieldContentType
	case "transfer-encoding":
		return fieldContentEncoding
	case "id":
		return fieldContentID
	case "description":
		return fieldContentDescription
	case "md5":
		return fieldContentMD5
	case "disposition":
		return fieldContentDisposition
	case "language":
		return fieldContentLanguage
	case "location":
		return fieldContentLocation
	}
	return fieldOther
}
