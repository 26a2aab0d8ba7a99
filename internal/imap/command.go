package imap

import "errors"

// command is one row of the command table.
type command struct {
	name       string
	states     state  // in which it is allowed
	capability string // that must be visible for the command to exist; empty: always
	removes    bool   // takes messages out of the selected mailbox, and tells of it
	bySequence bool   // names messages by number, so no EXPUNGE may be told during it (RFC 3501 §7.4.1)
	// run reads the arguments from the space after the name to CRLF, acts, and
	// ends with s.ok or s.no. An error it returns becomes the tagged answer (see fail);
	// what it did not read of the command is skipped.
	run func(s *session, tag string) error
}

// commands is the table of commands; "UID X" is a row of its own.
var commands = commandTable(
	command{name: "CAPABILITY", states: anyState, run: (*session).capability},
	command{name: "NOOP", states: anyState, run: (*session).noop},
	command{name: "LOGOUT", states: anyState, run: (*session).logout},
	command{name: "ID", states: anyState, capability: "ID", run: (*session).id},

	command{name: "STARTTLS", states: notAuthenticated, run: (*session).startTLS},
	command{name: "LOGIN", states: notAuthenticated, run: (*session).login},
	command{name: "AUTHENTICATE", states: notAuthenticated, run: (*session).authenticate},

	command{name: "ENABLE", states: loggedIn, capability: "ENABLE", run: (*session).enable},
	command{name: "NAMESPACE", states: loggedIn, capability: "NAMESPACE", run: (*session).namespace},
	command{name: "SELECT", states: loggedIn, run: (*session).selectMailbox},
	command{name: "EXAMINE", states: loggedIn, run: (*session).examine},
	command{name: "CREATE", states: loggedIn, run: (*session).create},
	command{name: "DELETE", states: loggedIn, run: (*session).delete},
	command{name: "RENAME", states: loggedIn, run: (*session).rename},
	command{name: "SUBSCRIBE", states: loggedIn, run: (*session).subscribe},
	command{name: "UNSUBSCRIBE", states: loggedIn, run: (*session).unsubscribe},
	command{name: "LIST", states: loggedIn, run: (*session).list},
	command{name: "LSUB", states: loggedIn, run: (*session).lsub},
	command{name: "STATUS", states: loggedIn, run: (*session).statusCommand},
	command{name: "APPEND", states: loggedIn, run: (*session).append},
	command{name: "GETQUOTA", states: loggedIn, capability: "QUOTA", run: (*session).getQuota},
	command{name: "GETQUOTAROOT", states: loggedIn, capability: "QUOTA", run: (*session).getQuotaRoot},
	command{name: "SETQUOTA", states: loggedIn, capability: "QUOTA", run: (*session).setQuota},
	command{name: "GETMETADATA", states: loggedIn, capability: "METADATA", run: (*session).getMetadata},
	command{name: "SETMETADATA", states: loggedIn, capability: "METADATA", run: (*session).setMetadata},
	command{name: "COMPRESS", states: loggedIn, capability: "COMPRESS=DEFLATE", run: (*session).compress},
	command{name: "UNAUTHENTICATE", states: loggedIn, capability: "UNAUTHENTICATE", run: (*session).unauthenticate},
	command{name: "NOTIFY", states: loggedIn, capability: "NOTIFY", run: (*session).notifyCommand},
	command{name: "IDLE", states: loggedIn, capability: "IDLE", run: (*session).idle},

	command{name: "CHECK", states: selected, run: (*session).check},
	command{name: "CLOSE", states: selected, run: (*session).close},
	command{name: "UNSELECT", states: selected, capability: "UNSELECT", run: (*session).unselect},
	command{name: "EXPUNGE", states: selected, removes: true, run: (*session).expunge},
	command{name: "UID EXPUNGE", states: selected, removes: true, capability: "UIDPLUS", run: (*session).uidExpunge},
	command{name: "SEARCH", states: selected, bySequence: true, run: numbered((*session).search, false)},
	command{name: "UID SEARCH", states: selected, run: numbered((*session).search, true)},
	command{name: "SORT", states: selected, capability: "SORT", bySequence: true, run: numbered((*session).sort, false)},
	command{name: "UID SORT", states: selected, capability: "SORT", run: numbered((*session).sort, true)},
	command{name: "THREAD", states: selected, bySequence: true, run: numbered((*session).thread, false)},
	command{name: "UID THREAD", states: selected, run: numbered((*session).thread, true)},
	command{name: "FETCH", states: selected, bySequence: true, run: numbered((*session).fetch, false)},
	command{name: "UID FETCH", states: selected, run: numbered((*session).fetch, true)},
	command{name: "STORE", states: selected, bySequence: true, run: numbered((*session).store, false)},
	command{name: "UID STORE", states: selected, run: numbered((*session).store, true)},
	command{name: "COPY", states: selected, run: numbered((*session).copy, false)},
	command{name: "UID COPY", states: selected, run: numbered((*session).copy, true)},
	command{name: "REPLACE", states: selected, removes: true, capability: "REPLACE", run: numbered((*session).replace, false)},
	command{name: "UID REPLACE", states: selected, removes: true, capability: "REPLACE", run: numbered((*session).replace, true)},
	command{name: "MOVE", states: selected, removes: true, capability: "MOVE", run: numbered((*session).move, false)},
	command{name: "UID MOVE", states: selected, removes: true, capability: "MOVE", run: numbered((*session).move, true)},
)

func commandTable(rows ...command) map[string]*command {
	t := make(map[string]*command, len(rows))
	for i := range rows {
		t[rows[i].name] = &rows[i]
	}
	return t
}

// numbered makes a row's run of a command that exists with and without UID.
func numbered(run func(s *session, tag string, uid bool) error, uid bool) func(*session, string) error {
	return func(s *session, tag string) error { return run(s, tag, uid) }
}

// runCommand reads one command, runs it and writes its answer. The error it
// returns ends the connection.
func (s *session) runCommand() error {
	s.dec.reset()
	s.command = nil
	tag, err := s.readTag()
	s.tag = tag
	if err == nil && tag != "" {
		err = s.dispatch(tag)
	}
	if isConnectionError(err) {
		return err
	}
	if skipped := s.dec.skip(); skipped != nil {
		return errors.Join(s.lastWords(tag, err), skipped)
	}
	if err == nil {
		return nil
	}
	if err := s.answer(tag, err); err != nil {
		return err
	}
	return s.countBad(err)
}

// answer writes the tagged answer to a command that ended with err. Without a
// tag it is untagged, and there is nothing else to call it.
func (s *session) answer(tag string, err error) error {
	if tag == "" {
		tag = "*"
	}
	return s.fail(tag, err)
}

// lastWords answers a command whose rest cannot be skipped, before the connection ends.
func (s *session) lastWords(tag string, err error) error {
	if err == nil {
		return nil
	}
	return s.answer(tag, err)
}

// countBad ends a session that only talks nonsense before log-in.
func (s *session) countBad(err error) error {
	var syntax *syntaxError
	if s.state != notAuthenticated || !errors.As(err, &syntax) {
		return nil
	}
	if s.bads++; s.bads >= maxBad {
		return &fatalError{"Too many commands that make no sense."}
	}
	return nil
}

// readTag reads the tag. An empty line has none and is no error: some clients
// send one after a literal.
func (s *session) readTag() (string, error) {
	if s.dec.AtEnd() {
		return "", s.dec.CRLF()
	}
	tag, err := s.dec.run(func(b byte) bool { return isAString(b) && b != '+' }, "a tag")
	if err != nil {
		return "", err
	}
	return tag, s.dec.SP()
}

// dispatch looks the command up and runs it.
func (s *session) dispatch(tag string) error {
	name, err := s.dec.Keyword()
	if err != nil {
		return err
	}
	if name == "UID" {
		if err := s.dec.SP(); err != nil {
			return err
		}
		sub, err := s.dec.Keyword()
		if err != nil {
			return err
		}
		name += " " + sub
		s.uids = true
	}
	c, ok := commands[name]
	if !ok || c.capability != "" && !s.has(c.capability) {
		return syntaxf("There is no command %s.", name)
	}
	if err := s.checkState(c); err != nil {
		return err // before anything of its arguments is read
	}
	if err := s.checkUIDOnly(c); err != nil {
		return err
	}
	s.command = c
	return c.run(s, tag)
}

// checkState refuses a command that the session's state does not allow (RFC 3501 §3).
func (s *session) checkState(c *command) error {
	switch {
	case s.state&c.states != 0:
		return nil
	case s.state == notAuthenticated:
		return syntaxf("Please log in first.")
	case c.states == notAuthenticated:
		return syntaxf("You are logged in already.")
	}
	return syntaxf("No mailbox is selected.")
}
