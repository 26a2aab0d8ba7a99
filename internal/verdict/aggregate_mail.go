package verdict

import (
	"crypto/sha256"
	"fmt"
	"time"

	"buzon/internal/message"
)

// Mail is the report as a whole message to one address (RFC 7489 §7.2.1.1), with
// CRLF. from and to are addresses without angle brackets, now is its Date. The
// caller signs it, for receivers ask it to pass DMARC itself, and queues it.
func (a *Aggregate) Mail(from, to string, now time.Time) ([]byte, error) {
	packed, err := a.Gzip()
	if err != nil {
		return nil, err
	}
	return message.MachineReport{
		From: from, To: to, Subject: a.Subject(), MessageID: digest(to) + "." + a.id, // one for each receiver
		Type: "multipart/mixed",
		Text: []string{
			"This is a report (RFC 7489) on mail in the name of " + a.domain,
			"that came to " + a.submitter,
			fmt.Sprintf("on %s (UTC).", a.day.Format(time.DateOnly)),
			"The attached file is for programs. Questions: " + a.contact,
		},
		FileType: "application/gzip", FileName: a.Filename(), File: packed,
	}.Append(nil, now), nil
}

// digest is a short name for a text, always the same.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%x", sum[:10])
}
