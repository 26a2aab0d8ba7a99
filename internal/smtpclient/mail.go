package smtpclient

import (
	"io"

	"buzon/internal/message"
)

// Mail is one message with its envelope.
type Mail struct {
	From message.Address // zero is the null reverse-path "<>"
	To   []Recipient
	Body *io.SectionReader

	// Root is the structure of Body, with offsets from Body's start. It is needed only where the body must be converted;
	// nil means that Body is parsed then.
	Root *message.Part

	BodyType   string // as declared: "7BIT", "8BITMIME", "BINARYMIME" or "" (not said)
	UTF8       bool   // declared with SMTPUTF8 (RFC 6531)
	RequireTLS bool   // RFC 8689
	EnvID      string // RFC 3461 §4.4, decoded; "" is none
	Return     string // RFC 3461 §4.3: "FULL", "HDRS" or ""

	// Resign makes new DKIM-Signature lines, each with its CRLF, for a body that had to be converted. They replace the
	// ones that Body starts with. Nil leaves the old ones, which no longer fit.
	Resign func(body *io.SectionReader) ([]byte, error)
}

// Recipient is one recipient and what RFC 3461 lets the sender say about it.
type Recipient struct {
	Address  message.Address
	Notify   string // the value of NOTIFY as on the wire: "NEVER", "SUCCESS,FAILURE"; "" says nothing (§4.1)
	Original string // ORCPT as type;address, decoded: it is encoded here, as this connection wants it (§4.2); "" is none
}
