package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"buzon/internal/message"
	"buzon/internal/store"
)

func TestJunkCommands(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "junk status", status: 1, err: "There is no file"},
		{args: "domain add example.org", err: "A new file"},
		{args: "junk status", err: "There is no account yet"},
		{args: "account add ana@example.org", input: "a long password\n", out: "ready"},
		{args: "junk status", out: "ana@example.org  no      0     0     0         0 B"},
		{args: "junk status --json", out: `"useful": false`},
		{args: "junk train luis@example.org", status: 1, err: "There is no account luis@example.org"},
		{args: "junk train", out: "has learned 0 messages of junk and 0 good ones", err: "It needs 20 of both"},
		{args: "junk explain ana@example.org --uid 1", status: 1, err: "There is no message 1 in INBOX."},
		{args: "junk explain ana@example.org --mailbox Work --uid 1", status: 1, err: "There is no folder Work."},
	})
}

// A start set, and what the filter makes of it.
func TestJunkTrainAndExplain(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "home.db")
	command := func(args ...string) console {
		t.Helper()
		return buzon(t, "a long password\n", append(args, "--data", file)...)
	}
	command("domain", "add", "example.org")
	command("account", "add", "ana@example.org")
	fillJunk(t, file)
	for _, s := range []struct {
		args []string
		out  string
	}{
		{[]string{"junk", "explain", "ana@example.org", "--uid", "1"}, "The filter has no opinion yet"},
		{[]string{"junk", "train", "ana@example.org"}, "has learned 25 messages of junk and 50 good ones."},
		{[]string{"junk", "status"}, "ana@example.org  yes     25    50    0"},
		{[]string{"junk", "explain", "ana@example.org", "--mailbox", "Junk", "--uid", "1"}, "Junk: the score is 0."},
		{[]string{"junk", "explain", "ana@example.org", "--mailbox", "Junk", "--uid", "1"}, `"win lottery"`},
		{[]string{"junk", "explain", "ana@example.org", "--uid", "1"}, "Not junk: the score is -0."},
		{[]string{"junk", "explain", "ana@example.org", "--uid", "1", "--json"}, `"where": "pair"`},
	} {
		if got := command(s.args...); got.status != 0 || !strings.Contains(got.out, s.out) {
			t.Errorf("buzon %v\n\tgot  %+v\n\twant %s", s.args, got, s.out)
		}
	}
}

func fillJunk(t *testing.T, file string) {
	t.Helper()
	st, err := store.Open(t.Context(), file, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	acc, err := st.Account(t.Context(), message.Address{Local: "ana", Domain: "example.org"})
	if err != nil {
		t.Fatal(err)
	}
	for _, box := range []struct {
		name, text string
		count      int
	}{
		{"Junk", "Win lottery money today, claim your prize, no questions, limited offer, act immediately", 25},
		{"INBOX", "The garden needs water while we travel, could you look after our tomatoes and the cat please", 50},
	} {
		for i := range box.count {
			body := strings.NewReader(fmt.Sprintf("From: x@example.net\r\nSubject: letter\r\nMessage-ID: <%s%d@example.net>\r\n\r\n%s\r\n", box.name, i, box.text))
			in := store.Incoming{Body: io.NewSectionReader(body, 0, body.Size()), Deliver: []store.Delivery{{Account: acc.ID, Mailbox: box.name}}}
			if err := st.Accept(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
	}
}
