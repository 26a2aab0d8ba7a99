package message

// Structure is what a message's header and MIME tree say, parsed once when the
// message is stored and cached with it. All offsets are octets from the first
// octet given to Parse.
type Structure struct {
	Envelope   Envelope
	Root       Part
	MessageID  string   // without the angle brackets, empty when missing
	References []string // message ids of References and In-Reply-To, oldest first, none twice, at most 100

	fromReferences int // how many of References the field of that name gave
}

// Envelope holds the fields of IMAP's ENVELOPE (RFC 3501 §7.4.2) with the octets
// of the header as they arrived, unfolded, encoded words not decoded; NUL and a
// bare CR may be among them. Sender and ReplyTo are From when the message has
// none; the three may share memory. At most 1,000 contacts are kept.
type Envelope struct {
	Date, Subject, InReplyTo, MessageID string

	From, Sender, ReplyTo, To, Cc, Bcc []Contact
}

// Contact is one address of a header field, in IMAP's four parts. A group
// starts with Host "" and Local its name, and ends with all fields empty
// (RFC 3501 §7.4.2). Local is unquoted.
type Contact struct{ Name, Route, Local, Host string }

// Param is one parameter of Content-Type or Content-Disposition, RFC 2231
// continuations joined and charset-decoded, encoded words decoded. Name is
// lower case, Value UTF-8 as it was written (a boundary: its octets).
type Param struct{ Name, Value string }

// Part is one node of the MIME tree (RFC 2045, 2046). A multipart has at least
// one of Parts: when the message has none, or no usable boundary, that is a
// text/plain that spans its whole body. A message/rfc822 or message/global has
// exactly one, the root of the message inside, and its Envelope; when it is
// encoded or nests too deep to be looked into, it is application/octet-stream
// here. All others have no Parts and no Envelope.
type Part struct {
	Type, Subtype   string // lower case
	Params          []Param
	ID, Description string // as they arrived, unfolded
	Encoding        string // lower case: "7bit" when the header is missing
	MD5             string
	Disposition     string // lower case, empty when missing
	DispParams      []Param
	Language        []string
	Location        string
	Header          int64 // where the part's header starts
	Body            int64 // where its body starts, behind the blank line
	End             int64 // one past its last octet
	Lines           int64 // lines of the body, one without an end included
	Envelope        *Envelope
	Parts           []Part
}
