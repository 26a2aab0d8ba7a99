package outbound

import (
	"crypto/sha256"
	"fmt"
	"time"

	"buzon/internal/message"
)

// Mail is the report as a whole message to one mailto: address (RFC 8460 §5.3), with CRLF. from and to are addresses
// without angle brackets, and now is its Date. The caller signs it (DKIM is a must for the receiver) and queues it.
func (r *TLSReport) Mail(from, to string, now time.Time) ([]byte, error) {
	packed, err := r.Gzip()
	if err != nil {
		return nil, err
	}
	return message.MachineReport{
		From: from, To: to, Subject: r.Subject(), MessageID: digest(to) + "." + r.ID, // one for each receiver
		Fields: []string{
			"TLS-Report-Domain: " + r.domain,
			"TLS-Report-Submitter: " + r.Organization,
			"TLS-Required: No", // RFC 8689 §5: TLS may be what is broken
		},
		Type: "multipart/report; report-type=\"tlsrpt\"",
		Text: []string{
			"This is a report (RFC 8460) on how mail from " + r.Organization,
			"reached the mail servers of " + r.domain,
			fmt.Sprintf("with encryption on %s (UTC).", r.day.Format(time.DateOnly)),
			"The attached file is for programs. Questions: " + r.Contact,
		},
		FileType: "application/tlsrpt+gzip", FileName: r.Filename(), File: packed,
	}.Append(nil, now), nil
}

// digest is a short name for a text, always the same.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%x", sum[:10])
}
