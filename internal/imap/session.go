package imap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"buzon/internal/uidset"
)

// state is a session's state (RFC 3501 §3), as a bit so that a command can name several.
type state uint8

const (
	notAuthenticated state = 1 << iota
	authenticated
	selected
	loggedOut

	anyState = notAuthenticated | authenticated | selected
	loggedIn = authenticated | selected
)

// features are what the client switched on with ENABLE (RFC 5161) or by use.
type features struct {
	UTF8      bool // UTF8=ACCEPT (RFC 6855)
	Rev2      bool // IMAP4rev2 (RFC 9051)
	CondStore bool // CONDSTORE (RFC 7162 §3.1)
	QResync   bool // QRESYNC (RFC 7162 §3.2); CondStore as well
	UIDOnly   bool // UIDONLY (RFC 9586)
}

// selection is the selected mailbox as this client knows it.
type selection struct {
	box        Box
	boxID      string // the mailbox, whatever its name
	name       string
	readOnly   bool
	view       uidset.Set // what this client knows; its sequence numbers (RFC 3501 §2.3.1.2)
	vanished   uidset.Set // removed UIDs still in view, not told yet (RFC 3501 §7.4.1)
	modSeq     int64      // every change up to here was told or stands in vanished
	held       int64      // modSeq before the first of vanished
	untold     int64      // modSeq before the first flags that the client did not want to hear of (RFC 5465); 0: none
	recentFrom uint32     // UIDs from here on are \Recent
	keywords   []string   // by number from KeywordBit on
	saved      uidset.Set // $ (RFC 5182)
	own        []int64    // modseqs, ascending, of changes that this client made and need not be told of
	uids       bool       // this client uses UID commands: tell it UIDs unasked
}

// session is one connection. Its decoder and encoder are borrowed while a
// command runs; between commands and in IDLE it holds no buffer.
type session struct {
	server *Server
	wire   *wire
	ctx    context.Context
	log    *slog.Logger

	buffers *buffers
	dec     *decoder
	enc     *encoder
	bads    int // commands before log-in that were not understood
	logins  int // that failed

	state    state
	account  Account
	client   string // what the program calls itself (RFC 2971)
	hidden   []string
	enabled  features
	command  *command      // being run
	tag      string        // its tag
	progress *progress     // of what it does, if that may take long
	notify   *notification // what to tell unasked, nil for the usual
	between  bool          // no command runs
	selection
}

// status writes a status response (RFC 3501 §7.1).
func (s *session) status(tag, kind, code, text string) {
	s.enc.Raw(tag).Byte(' ').Raw(kind).Byte(' ')
	if code != "" {
		s.enc.Byte('[').Raw(code).Raw("] ")
	}
	s.enc.Raw(text).CRLF()
}

// ok ends a command: what happened meanwhile, then the tagged OK. code is a
// response code without brackets, or empty.
func (s *session) ok(tag, code, text string) error {
	if err := s.update(); err != nil {
		return err
	}
	if code == "" && s.withholds() {
		code = s.highestModSeqCode()
	} else if s.withholds() {
		s.tellHighestModSeq()
	}
	s.status(tag, "OK", code, text)
	return s.enc.Err()
}

// no ends a command that was understood and refused. It may be the answer to
// a failing Backend, so it does not need one.
func (s *session) no(tag, code, text string) error {
	if err := s.update(); isConnectionError(err) {
		return err
	} else if err != nil {
		s.log.Error("imap update failed", "err", err)
	}
	if s.withholds() {
		s.tellHighestModSeq()
	}
	s.status(tag, "NO", code, text)
	return s.enc.Err()
}

// bad ends a command that was not understood.
func (s *session) bad(tag, text string) error {
	s.status(tag, "BAD", "", text)
	return s.enc.Err()
}

// fail turns a command's error into its tagged answer. An error it cannot
// answer, of the connection, comes back.
func (s *session) fail(tag string, err error) error {
	var syntax *syntaxError
	var no *refusal
	switch {
	case s.enc.Err() != nil:
		return s.enc.Err()
	case errors.As(err, &syntax):
		return s.bad(tag, syntax.text)
	case errors.Is(err, ErrMalformed):
		return s.bad(tag, "The log-in exchange makes no sense.")
	case errors.As(err, &no):
		return s.no(tag, no.code, no.text)
	case isConnectionError(err):
		return err
	}
	code, text := s.explain(err)
	return s.no(tag, code, text)
}

// explanations are what a Backend's errors become on the wire (RFC 5530).
var explanations = []struct {
	err        error
	code, text string
}{
	{ErrCredentials, "AUTHENTICATIONFAILED", "Wrong name or password."},
	{ErrNoMailbox, "NONEXISTENT", "There is no such mailbox."},
	{ErrExists, "ALREADYEXISTS", "There is a mailbox of that name already."},
	{ErrBadName, "CANNOT", "That is not a valid mailbox name."},
	{ErrSpecialUse, "USEATTR", "That special use is unknown here, or another mailbox has it."},
	{ErrOverQuota, "OVERQUOTA", "The account is full."},
	{ErrKeywordsFull, "LIMIT", "The mailbox has as many different keywords as it can hold."},
	{ErrNoMessage, "EXPUNGEISSUED", "Some of the messages no longer exist."},
	{ErrTooLarge, "TOOBIG", "The message is too large."},
	{ErrMetadataFull, "METADATA TOOMANY", "There are as many annotations as there may be."}, // RFC 5464 §4.3
	{ErrInUse, "CANNOT", "That mailbox cannot be changed."},
}

// explain finds the response code and sentence for an error of the Backend.
// What is not known goes to the log, never onto the wire.
func (s *session) explain(err error) (code, text string) {
	for _, e := range explanations {
		if errors.Is(err, e.err) {
			return e.code, e.text
		}
	}
	s.log.Error("imap command failed", "command", s.commandName(), "err", err)
	return "UNAVAILABLE", "Something went wrong here; please try again later."
}

func (s *session) commandName() string {
	if s.command == nil {
		return ""
	}
	return s.command.name
}

// writeFlags writes "FLAGS (...)" for m. learnKeywords was called for it before.
func (s *session) writeFlags(m Message) {
	s.enc.Raw("FLAGS ").Flags(m.Flags, s.keywords, m.UID >= s.recentFrom)
}

// learnKeywords fetches the keywords' names when one of the messages has a
// newer one, and tells the client (RFC 3501 §7.2.6). It writes whole lines, so it
// is called before a response line begins: once for each page of messages.
func (s *session) learnKeywords(page []Message) error {
	var all Flags
	for i := range page {
		all |= page[i].Flags
	}
	if all>>KeywordBit>>len(s.keywords) == 0 {
		return nil
	}
	keywords, err := s.box.Keywords(s.ctx)
	if err != nil {
		return fmt.Errorf("read keywords: %w", err)
	}
	s.keywords = keywords
	s.announceFlags()
	return nil
}

// markSeen sets \Seen on uids as FETCH does (RFC 3501 §6.4.5), which tells it in the same response.
func (s *session) markSeen(uids uidset.Set) (Stored, error) {
	if s.readOnly || uids.Len() == 0 {
		return Stored{}, nil
	}
	stored, _, err := s.storeQuietly(uids, FlagsAdd, []string{`\Seen`}, -1)
	return stored, err
}

// storeQuietly changes flags without the update telling the client of it,
// except of messages that somebody else changed too: before, which the
// condition finds (these are stored.Modified), or since, which gives them another
// modseq. Messages that changed after since are refused; a negative one means no condition.
func (s *session) storeQuietly(uids uidset.Set, op FlagOp, flags []string, since int64) (stored Stored, refused uidset.Set, err error) {
	quiet := s.modSeq
	if since >= 0 {
		quiet = min(quiet, since)
	}
	if stored, err = s.box.Store(s.ctx, uids, op, flags, quiet); err != nil {
		return stored, refused, err
	}
	if stored.ModSeq != 0 {
		s.own = append(s.own, stored.ModSeq)
	}
	if stored.Modified.Len() == 0 || quiet == since {
		return stored, stored.Modified, nil
	}
	loud, err := s.box.Store(s.ctx, stored.Modified, op, flags, since)
	return stored, loud.Modified, err
}
