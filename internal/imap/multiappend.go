package imap

// What one MULTIAPPEND (RFC 3502) may hold until it is filed as one: each
// message is spooled, a small one in memory and a large one in a file of its own.
const (
	maxAppend      = 1000     // messages
	smallAppend    = 16 << 10 // octets: about where the spool makes a file
	maxAppendSmall = 2 << 20  // octets of the small ones together: what is in memory
	maxAppendLarge = 64       // large ones: files open
	maxAppendSize  = 4        // of the largest messages allowed, in disk space of all
)

// appendBudget is what is left of it.
type appendBudget struct {
	messages, large int
	small, size     int64
}

func (s *session) newAppendBudget() appendBudget {
	return appendBudget{
		messages: maxAppend, large: maxAppendLarge,
		small: maxAppendSmall, size: maxAppendSize * s.account.AppendLimit(),
	}
}

// take counts a message of so many octets; it is asked before the message is
// invited. One message alone always has room.
func (b *appendBudget) take(size int64) error {
	b.messages--
	b.size -= size
	if size > smallAppend {
		b.large--
	} else {
		b.small -= size
	}
	if b.messages < 0 || b.large < 0 || b.small < 0 || b.size < 0 {
		return refuse("LIMIT", "These are too many messages for one APPEND; please send fewer at once.")
	}
	return nil
}

// appendMessages reads the messages, more than one with MULTIAPPEND.
// What it returns is to be released, with an error too.
func (s *session) appendMessages() (drafts []Draft, err error) {
	budget := s.newAppendBudget()
	for {
		if err := s.dec.SP(); err != nil {
			return drafts, err
		}
		if len(drafts) > 0 && s.dec.AtEnd() { // a trailing space
			return drafts, s.dec.CRLF()
		}
		s.dec.line = s.dec.limits.line // each message has the line of a command
		d, err := s.appendMessage(&budget)
		if err != nil {
			return drafts, err
		}
		drafts = append(drafts, d)
		if s.dec.AtEnd() || !s.has("MULTIAPPEND") {
			return drafts, s.dec.CRLF()
		}
	}
}
