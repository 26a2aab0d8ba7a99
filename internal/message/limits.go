package message

// What one message may make us remember or look at. Beyond a limit the rest is
// left unexamined, never refused: the mail is already here and a person wants
// to read what can be read.
const (
	// MaxHeader is how much of one header is examined. Real ones with long
	// trace and ARC chains stay below 64 KiB.
	MaxHeader = 256 << 10 // octets

	// maxPartHeaders is how much of the headers of all inner parts together is
	// examined, so that the structure of a hostile message stays small.
	maxPartHeaders = 512 << 10 // octets

	// MaxDepth is how deep parts may nest. Forwarded forwards reach about 10;
	// everything that walks a Part may recurse so deep.
	MaxDepth = 64 // levels

	// MaxParts is how many parts one message may have. A long digest has 200.
	MaxParts = 1000 // parts

	// maxContacts is how many addresses one envelope keeps; every client shows
	// fewer. All envelopes of inner messages share as many again.
	maxContacts = 1000 // contacts

	// maxParams is how many parameters one field keeps, and maxSegments how
	// many pieces of RFC 2231 §3 one parameter is joined from.
	maxParams   = 32  // parameters
	maxSegments = 256 // pieces

	// maxLanguages is how many tags of Content-Language are kept.
	maxLanguages = 16 // tags

	// maxBoundary is the longest boundary looked for. RFC 2046 §5.1.1 says 70;
	// it must stay below lineBuffer to be seen whole.
	maxBoundary = 1000 // octets

	// maxReferences is how many message ids are kept for threading: the first,
	// which names the thread, and the newest.
	maxReferences = 100 // message ids

	// maxMessageID is the longest message id kept; a line holds no longer one
	// (RFC 5322 §2.1.1).
	maxMessageID = 998 // octets

	// maxSubject is how much of a subject BaseSubject looks at: its prefixes
	// are removed in rounds, which costs the square of the length.
	maxSubject = 1000 // octets

	// maxEncodedWord is the longest encoded word. RFC 2047 §2 says 75, but some
	// write a whole subject as one.
	maxEncodedWord = 4096 // octets

	// maxCharset is the longest name of a charset with its language in an encoded
	// word. The longest one registered has 45.
	maxCharset = 64 // octets

	// maxDate is the longest date examined. With comments real ones have 50.
	maxDate = 256 // octets

	// lineBuffer is how much of a message Parse and Header hold at once.
	lineBuffer = 16 << 10 // octets

	// decodeBuffer is how much encoded text a body reader holds at once.
	decodeBuffer = 4 << 10 // octets

	// maxHeld is how much of a long quoted-printable line waits for what comes
	// next. No line of RFC 2045 §6.7 (5) is longer.
	maxHeld = 76 // octets

	// maxLine is where our own fields fold: RFC 5322 §2.1.1.
	maxLine = 78 // octets

	// maxLocal and maxDomain are RFC 5321 §4.5.3.1, maxLabel RFC 1035 §2.3.4.
	maxLocal  = 64  // octets
	maxDomain = 255 // octets
	maxLabel  = 63  // octets
)
