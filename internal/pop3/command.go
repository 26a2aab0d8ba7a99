package pop3

import (
	"context"
	"strconv"
	"strings"
)

// state is when a command is allowed.
type state int

const (
	authorization state = 1 << iota
	transaction
)

// command runs with what follows the keyword and one space. Its error ends the connection.
type command struct {
	when state
	run  func(s *session, ctx context.Context, arg string) error
}

func find(verb string) (command, bool) {
	switch verb {
	case "APOP":
		return command{authorization, (*session).apop}, true
	case "AUTH":
		return command{authorization, (*session).auth}, true
	case "CAPA":
		return command{authorization | transaction, (*session).capa}, true
	case "DELE":
		return command{transaction, (*session).dele}, true
	case "LANG":
		return command{authorization | transaction, (*session).language}, true
	case "LIST":
		return command{transaction, (*session).list}, true
	case "NOOP":
		return command{transaction, (*session).noop}, true
	case "PASS":
		return command{authorization, (*session).pass}, true
	case "QUIT":
		return command{authorization | transaction, (*session).quit}, true
	case "RETR":
		return command{transaction, (*session).retr}, true
	case "RSET":
		return command{transaction, (*session).rset}, true
	case "STAT":
		return command{transaction, (*session).stat}, true
	case "STLS":
		return command{authorization, (*session).stls}, true
	case "TOP":
		return command{transaction, (*session).top}, true
	case "UIDL":
		return command{transaction, (*session).uidl}, true
	case "USER":
		return command{authorization, (*session).name}, true
	case "UTF8":
		return command{authorization, (*session).utf8}, true
	}
	return command{}, false
}

// command runs one line.
func (s *session) command(ctx context.Context, line []byte) error {
	verb, arg := parse(line)
	c, known := find(verb)
	switch {
	case !known:
		return s.unknown(verb)
	case s.drop == nil && c.when&authorization == 0:
		s.fail("", sayLogInFirst)
	case s.drop != nil && c.when&transaction == 0:
		s.fail("", sayLoggedIn)
	default:
		s.nonsense = 0
		return c.run(s, ctx, arg)
	}
	return nil
}

// parse splits a line into the keyword, which may be typed in any case, and what follows. Spaces inside of that and at its
// end are kept, for passwords (RFC 1939 §7, PASS).
func parse(line []byte) (verb, arg string) {
	text := strings.TrimLeft(string(line), " \t")
	verb, arg, _ = strings.Cut(text, " ")
	return strings.ToUpper(strings.TrimSpace(verb)), arg
}

// unknown answers nonsense, of which some is a typing error and much is another protocol.
func (s *session) unknown(verb string) error {
	s.nonsense++
	switch {
	case s.nonsense >= maxNonsense:
		s.over = true
		s.fail("", sayNonsense)
	case verb == "":
		s.fail("", sayEmpty)
	case s.drop == nil:
		s.fail("", sayUnknownBefore)
	default:
		s.fail("", sayUnknown)
	}
	return nil
}

// message reads the number of a message that is there, or says what is wrong with it.
func (s *session) message(arg string) (n int, ok bool) {
	n, err := number(arg)
	switch {
	case err != nil:
		s.fail("", sayNeedNumber)
	case n == 0 || n > len(s.drop.list):
		s.fail("", sayNoMessage, n, len(s.drop.list))
	case s.drop.list[n-1].has(deleted):
		s.fail("", sayDeleted, n)
	default:
		return n, true
	}
	return 0, false
}

// number reads digits, as many as a message number can have.
func number(arg string) (int, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(arg), 10, 31)
	return int(n), err
}
