package clienttest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// interimap keeps two IMAP servers the same. It wants QRESYNC of both, and LIST-EXTENDED, LIST-STATUS, LITERAL+ and UIDPLUS; it
// uses BINARY and MULTIAPPEND where there are.
const interimaprc = `
database = {dir}/interimap.db

[local]
type = imap
STARTTLS = YES
host = localhost
port = {port imap}
username = luis@example.test
password = {password}
compress = {compress}
SSL_CAfile = {ca}

[remote]
type = imaps
host = localhost
port = {port imaps}
username = {user}
password = {password}
compress = {compress}
SSL_CAfile = {ca}
`

func TestInterIMAP(t *testing.T) {
	need(t, "interimap")
	for _, compress := range []string{"YES", "NO"} {
		t.Run("compress "+compress, func(t *testing.T) {
			if testing.Short() && compress == "NO" {
				t.Skip("the same without compression")
			}
			t.Parallel()
			b := newBox(t)
			p := &interimap{b: b, t: t, ana: b.look(t, ana), luis: b.look(t, luis)}
			p.rc = b.write("interimaprc", b.fill(replace(interimaprc, "{compress}", compress)))
			b.deliver(t, kinds()...)
			p.changes()
			p.changesOfBoth()
			p.folders()
			compare(t, kinds(), nil, b.take(t, luis))
			p.sync("INBOX") // what POP3 has removed
		})
	}
}

// interimap are two accounts of one box, and the program that keeps them the same.
type interimap struct {
	b         *box
	t         *testing.T
	rc        string
	ana, luis *eye
}

// sync runs the program, looks whether mailboxes are the same then, and whether it is at rest when it runs again: it warns
// when a server tells of the same thing twice.
func (p *interimap) sync(mailboxes ...string) {
	p.t.Helper()
	p.program()
	if out := p.program(); restless.MatchString(out) {
		p.t.Errorf("nothing has changed, and it does this:\n%s", out)
	}
	for _, mailbox := range mailboxes {
		here, there := p.luis.contents(mailbox), p.ana.contents(mailbox)
		slices.Sort(here) // what came from both sides arrives in different orders
		slices.Sort(there)
		if !slices.Equal(here, there) {
			p.t.Errorf("%s differs:\nhere  %q\nthere %q", mailbox, here, there)
		}
	}
}

var restless = regexp.MustCompile(`WARNING|Added|Removed|Updated|Created`)

// program runs it. It must not be told of anything that it knows.
func (p *interimap) program(args ...string) string {
	p.t.Helper()
	out := p.b.program(p.t, "", "interimap", append([]string{"--config", p.rc}, args...)...)
	if strings.Contains(out, "No match for") {
		p.t.Errorf("interimap %q: it was told of what it does not know:\n%s", args, out)
	}
	return out
}

// changes are made on one side at a time, and in the end undone.
func (p *interimap) changes() {
	p.sync("INBOX")
	all := len(kinds())
	if n := p.luis.count("INBOX", "MESSAGES"); n != all {
		p.t.Errorf("%d messages came, want %d", n, all)
	}
	p.ana.change("INBOX", `STORE 1:3 +FLAGS (\Seen)`, `STORE 2 +FLAGS (\Flagged kept)`)
	p.sync("INBOX")
	p.luis.change("INBOX", `STORE 2 -FLAGS (kept)`, `STORE 4 FLAGS (\Answered)`)
	p.sync("INBOX")

	// What it has just filed is changed on the side where it came from.
	p.b.deliver(p.t, kinds()[0])
	p.program()
	p.ana.change("INBOX", fmt.Sprintf(`STORE %d +FLAGS (\Flagged)`, all+1))
	if out := p.program(); strings.Contains(out, "Conflicting flag update") {
		p.t.Errorf("it was told of its own APPEND as another's change:\n%s", out)
	}
	p.sync("INBOX")
	p.ana.change("INBOX", fmt.Sprintf(`STORE %d +FLAGS (\Deleted)`, all+1), `EXPUNGE`)
	p.sync("INBOX")

	p.ana.change("INBOX", `COPY 1 Archive`, `MOVE 5:6 Archive`, `COPY 7 Archive`)
	p.sync("INBOX", "Archive")
	if n := p.luis.count("Archive", "MESSAGES"); n != 4 {
		p.t.Errorf("%d messages are in the other archive, want 4", n)
	}
	p.luis.change("Archive", `STORE 1 +FLAGS (\Deleted)`, `EXPUNGE`, `MOVE 1:2 INBOX`)
	p.sync("INBOX", "Archive")
	if n := p.ana.count("INBOX", "MESSAGES"); n != all {
		p.t.Errorf("%d messages are back, want %d", n, all)
	}
}

// changesOfBoth are made on both sides before the program runs, with a restart of the server, so that what vanished is
// told from what was kept.
func (p *interimap) changesOfBoth() {
	p.ana.change("INBOX", `COPY 1:4 Archive`)
	p.sync("Archive")
	p.ana.change("Archive", `STORE 1,3 +FLAGS (\Deleted)`, `EXPUNGE`, `STORE 1 +FLAGS (\Flagged)`)
	p.luis.change("Archive", `STORE 3:4 +FLAGS (\Deleted)`, `EXPUNGE`, `STORE 2 +FLAGS (\Answered)`, `COPY 2 Archive`)
	p.b.end()
	p.b.start()
	p.ana, p.luis = p.b.look(p.t, ana), p.b.look(p.t, luis)
	p.sync("INBOX", "Archive")
	if n := p.ana.count("Archive", "MESSAGES"); n != 3 {
		p.t.Errorf("%d messages are left in the archive, want 3: %q", n, p.ana.contents("Archive"))
	}
}

// folders are made, renamed and removed.
func (p *interimap) folders() {
	p.ana.do(`CREATE "Drafts/Köln & more"`)
	p.ana.do(`SUBSCRIBE "Drafts/Köln & more"`)
	p.ana.change("INBOX", `COPY 1 "Drafts/Köln & more"`)
	p.sync("Drafts/Köln & more")
	p.ana.change("Drafts/Köln & more", `STORE 1 +FLAGS (\Deleted)`, `EXPUNGE`)
	p.sync("Drafts/Köln & more") // emptied: it lists what it knew as 1:N for ever
	p.program("--rename", "Archive", "Kept")
	p.sync("Kept")
	p.program("--delete", "Kept")
	for _, e := range []*eye{p.ana, p.luis} {
		if list := e.do(`LIST "" *`); strings.Contains(list, "Kept") || strings.Contains(list, "Archive") {
			p.t.Errorf("the folder that was removed is there:\n%s", list)
		}
	}
}
