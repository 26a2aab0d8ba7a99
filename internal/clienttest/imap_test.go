package clienttest

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// imap runs one command as ana and gives all that the server said, by the plainest client there is.
func (b *box) imap(t *testing.T, command string) string {
	t.Helper()
	w, err := dial(b.addr("imap"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	fmt.Fprintf(w, "a LOGIN %s %q\r\nb %s\r\nc LOGOUT\r\n", ana, password, command)
	all, err := io.ReadAll(w.r)
	if err != nil || !strings.Contains(string(all), "\r\nb OK") {
		t.Fatalf("%s: %v\n%s", command, err, all)
	}
	return string(all)
}

var statusItem = regexp.MustCompile(`\* STATUS "?INBOX"? \(\w+ (\d+)\)`)

// count is a STATUS item of INBOX.
func (b *box) count(t *testing.T, item string) int {
	t.Helper()
	all := b.imap(t, "STATUS INBOX ("+item+")")
	found := statusItem.FindStringSubmatch(all)
	if found == nil {
		t.Fatalf("no STATUS in:\n%s", all)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
