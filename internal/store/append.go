package store

import (
	"context"
	"io"
	"time"
)

// Draft is one message of an APPEND.
type Draft struct {
	Body     *io.SectionReader
	Flags    []string  // system flags "\\Seen" … and keywords
	Received time.Time // INTERNALDATE; zero is now
}

// Append stores drafts in one mailbox, all or none (RFC 3502), and returns their UIDs in order.
func (s *Store) Append(ctx context.Context, box MailboxID, drafts []Draft) ([]uint32, error) {
	return nil, errNotYet
}
