package clienttest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// eye is a connection of our own plain client that looks at what a mail program has done to an account.
type eye struct {
	*wire
	t *testing.T
}

// look opens one. It does not select, so it sees every change at its next question.
func (b *box) look(t *testing.T, user string) *eye {
	t.Helper()
	w, err := dial(b.addr("imap"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	e := &eye{w, t}
	e.do(fmt.Sprintf("LOGIN %s %q", user, password))
	return e
}

// do runs a command that must succeed and gives what the server said.
func (e *eye) do(command string) string {
	e.t.Helper()
	e.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(e, "eye %s\r\n", command); err != nil {
		e.t.Fatal(err)
	}
	var all strings.Builder
	for {
		line, err := e.r.ReadString('\n')
		if err != nil {
			e.t.Fatalf("%s: %v\n%s", command, err, all.String())
		}
		all.WriteString(line)
		if strings.HasPrefix(line, "eye ") {
			if !strings.HasPrefix(line, "eye OK") {
				e.t.Fatalf("%s: %s", command, all.String())
			}
			return all.String()
		}
	}
}

var statusNumber = regexp.MustCompile(`\* STATUS .* \(\S+ (\d+)\)\r\n`)

// count is a STATUS item of a mailbox.
func (e *eye) count(mailbox, item string) int {
	e.t.Helper()
	all := e.do(fmt.Sprintf("STATUS %q (%s)", mailbox, item))
	found := statusNumber.FindStringSubmatch(all)
	if found == nil {
		e.t.Fatalf("no STATUS in:\n%s", all)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		e.t.Fatal(err)
	}
	return n
}

// await waits until a STATUS item of a mailbox is n.
func (e *eye) await(mailbox, item string, n int) {
	e.t.Helper()
	eventually(e.t, fmt.Sprintf("%s has %s %d", mailbox, item, n), func() (bool, string) {
		got := e.count(mailbox, item)
		return got == n, strconv.Itoa(got)
	})
}

// change runs commands in a mailbox, as another program of the same person does.
func (e *eye) change(mailbox string, commands ...string) {
	e.t.Helper()
	e.do(fmt.Sprintf("SELECT %q", mailbox))
	for _, command := range commands {
		e.do(command)
	}
	e.do("UNSELECT")
}

var fetchLine = regexp.MustCompile(`(?s)\* \d+ FETCH \((?:UID \d+ )?FLAGS \(([^)]*)\) BODY\[HEADER.FIELDS \([^)]*\)\] \{\d+\}\r\n(.*?)\r\n\)\r\n`)

// contents is a line for each message of a mailbox: its kind and its flags, in order of arrival.
func (e *eye) contents(mailbox string) []string {
	e.t.Helper()
	e.do(fmt.Sprintf("EXAMINE %q", mailbox))
	defer e.do("UNSELECT")
	var all []string
	for _, found := range fetchLine.FindAllStringSubmatch(e.do("UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (X-KIND)])"), -1) {
		flags := strings.Fields(strings.ReplaceAll(found[1], `\Recent`, ""))
		all = append(all, kindOf(found[2])+" ["+strings.Join(flags, " ")+"]")
	}
	return all
}
