package message

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Submission is what the header of a message from one of our own people says
// of what a submission server has to look at (RFC 6409 §6.1 and §8).
type Submission struct {
	From       []Contact // without groups; at most 1,000
	FromFields int       // RFC 5322 §3.6 wants exactly one
	Sender     []Contact
	Subject    string // as it arrived, unfolded
	MessageID  string // without brackets, empty when missing

	HasDate, HasMessageID bool
	HasRecipient          bool    // To or Cc: somebody whom all may see
	UTF8                  bool    // the header has octets beyond ASCII (RFC 6532)
	Body                  int64   // where the header ends, its empty line included
	Strip                 []Range // what does not leave the house
}

// ReadSubmission reads the header of r, of size octets, once. Only errors of r
// are returned.
func ReadSubmission(r io.ReaderAt, size int64) (Submission, error) {
	var s Submission
	body, err := Fields(r, size, func(name string, raw []byte, at Range) bool {
		s.UTF8 = s.UTF8 || !isASCIIOctets(raw)
		s.field(strings.ToLower(name), raw, at)
		return true
	})
	s.Body = body
	return s, err
}

func isASCIIOctets(raw []byte) bool {
	return bytes.IndexFunc(raw, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// field notes one field. Empty ones that we would add count as missing, and go.
func (s *Submission) field(name string, raw []byte, at Range) {
	switch name {
	case "from":
		s.FromFields++
		s.From = append(s.From, people(FieldValue(raw), maxContacts-len(s.From))...)
	case "sender":
		s.Sender = append(s.Sender, people(FieldValue(raw), maxContacts-len(s.Sender))...)
	case "to", "cc":
		s.HasRecipient = s.HasRecipient || FieldValue(raw) != ""
	case "subject":
		s.Subject = firstOf(s.Subject, FieldValue(raw))
	case "date":
		s.keepFirst(&s.HasDate, FieldValue(raw) != "", at)
	case "message-id":
		id := firstMessageID(FieldValue(raw))
		says := strings.Trim(id, "<>") != ""
		if s.keepFirst(&s.HasMessageID, says, at); says {
			s.MessageID = firstOf(s.MessageID, id)
		}
	// RFC 5322 §3.6.3: nobody learns of a blind copy. RFC 5321 §4.4: Return-Path
	// is added by the last server, not by the first.
	case "bcc", "resent-bcc", "return-path":
		s.Strip = append(s.Strip, at)
	}
}

// keepFirst notes that a field is there, and strips one that says nothing.
func (s *Submission) keepFirst(has *bool, says bool, at Range) {
	if !says {
		s.Strip = append(s.Strip, at)
	}
	*has = *has || says
}

// people are the addresses of a list, without the marks of groups.
func people(value string, room int) []Contact {
	return slices.DeleteFunc(parseContacts(value, max(room, 0)), func(c Contact) bool { return c.Host == "" })
}

// Authors are the addresses of From and Sender, as they compare with an
// account's; ok is false when there is none, or one that is not an address: then
// it cannot be told who the message says it is from.
func (s *Submission) Authors() (authors []Address, ok bool) {
	for _, c := range slices.Concat(s.From, s.Sender) {
		a, err := c.Address()
		if err != nil {
			return nil, false
		}
		authors = append(authors, a)
	}
	return authors, len(s.From) > 0
}

// Address is the contact as an envelope would have it. The error wraps
// ErrAddress: it has no local part or no host, or is the mark of a group.
func (c Contact) Address() (Address, error) {
	switch {
	case c.Host == MissingHost:
		return Address{}, fmt.Errorf("%w: %w", ErrAddress, errNoDomain)
	case c.Local == MissingLocal:
		return Address{}, fmt.Errorf("%w: %w", ErrAddress, errLocal)
	}
	return ParseAddress(Address{Local: c.Local, Domain: c.Host}.String())
}

// Additions are the lines to put before the message for what it lacks (RFC
// 6409 §8): Date, Message-ID with id, From with from where it has none, and To
// where nobody is named, which some receivers take for junk. They are nil when
// it lacks nothing. utf8 tells that the message may have UTF-8 in its header.
func (s *Submission) Additions(now time.Time, id string, from Address, utf8 bool) []byte {
	var b []byte
	if s.FromFields == 0 && !from.IsZero() {
		b = AppendMailbox(b, "From", "", from, utf8)
	}
	if !s.HasRecipient { // RFC 5322 §3.4: a group may be empty
		b = AppendWords(b, "To", "undisclosed-recipients:;")
	}
	if !s.HasDate { // RFC 6409 §8.2
		b = AppendWords(b, "Date", FormatDate(now))
	}
	if !s.HasMessageID { // RFC 6409 §8.3
		b = AppendWords(b, "Message-ID", "<"+id+">")
	}
	return b
}
