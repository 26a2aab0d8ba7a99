package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"buzon/internal/store"
)

func TestRuleCommands(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "block list", status: 1, err: "There is no file"},
		{args: "domain add example.org", err: "A new file"},
		{args: "account add ana@example.org", input: "a long password\n", out: "ready"},
		{args: "block list", err: "Nobody is kept out. To do that: buzon block add WHO"},
		{args: "block add Shop@Example.NET", out: "Mail from shop@example.net is refused now."},
		{args: "block add example.net --account ana@example.org", out: "Mail from example.net to ana@example.org is refused now."},
		{args: "block add @muñoz.example", out: "Mail from muñoz.example is refused"},
		{args: "block add mail.example.net --host", out: "mail.example.net"},
		{args: "block add 192.0.2.7/24", out: "Mail from 192.0.2.0/24 is refused now."},
		{args: "block list", out: "shop@example.net  sender          everybody"},
		{args: "block list", out: "example.net       domain          ana@example.org"},
		{args: "block list", out: "mail.example.net  server name     everybody"},
		{args: "block list", out: "192.0.2.0/24      server address  everybody"},
		// What is allowed is no longer blocked, where it is the very same.
		{args: "allow add shop@example.net", out: "Mail from shop@example.net is taken now"},
		{args: "allow list", out: "shop@example.net  sender"},
		{args: "block remove shop@example.net", status: 1, err: "shop@example.net is not kept out by such a rule"},
		{args: "allow remove shop@example.net", out: "shop@example.net is judged like everybody else now"},
		{args: "allow remove shop@example.net", status: 1, err: "is not let in by such a rule"},
		{args: "block remove example.net", status: 1, err: "is not kept out by such a rule"},
		{args: "block remove example.net --account ana@example.org", out: "example.net is kept out no longer"},
		// What can be none, or would be half the world.
		{args: "block add 'two words'", status: 1, err: `"two words" is neither a mail address`},
		{args: "block add 0.0.0.0/0", status: 1, err: "may not be wider than /8"},
		{args: "allow add 2000::/3", status: 1, err: "with IPv6 than /16"},
		{args: "block add example.net --account nobody@example.org", status: 1, err: "There is no account nobody@example.org"},
		{args: "allow list --json", out: "[]"},
		{args: "block list --json", out: `{"who":"mail.example.net","kind":"host","account":"","since":`},
	})
}

func TestRefusedCommands(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "home.db")
	buzon(t, "", "domain", "add", "example.org", "--data", data)
	s := openFileOf(t, data)
	if got := buzon(t, "", "refused", "list", "--data", data); got.err != "Nothing was refused in the last 30 days.\n" {
		t.Errorf("%+v", got)
	}
	now := time.Now()
	err := s.AddRefusals(t.Context(), []store.Refusal{
		{At: now.Add(-time.Hour), Times: 1, Client: "192.0.2.7", Helo: "x\x1b[2J", Reason: "early", Reply: "554 5.5.1 no"},
		{At: now, Times: 3, Client: "2001:db8::7", Host: "mx.example.net", Helo: "mx", Sender: "eva@example.net", Recipient: "ana@example.org",
			Reason: "listed", Reply: "550 5.7.1 no"},
	})
	if err != nil {
		t.Fatal(err)
	}
	list := buzon(t, "", "refused", "list", "--data", data)
	for _, want := range []string{"eva@example.net  ana@example.org  mx.example.net [2001:db8::7]  its server is on a block list", "192.0.2.7", "its server talked before its turn"} {
		if !strings.Contains(list.out, want) {
			t.Errorf("no %q in\n%s", want, list.out)
		}
	}
	var items []struct {
		ID    int
		Times int
		From  string
	}
	if err := json.Unmarshal([]byte(buzon(t, "", "refused", "list", "--json", "--data", data).out), &items); err != nil || len(items) != 2 || items[0].Times != 3 {
		t.Fatalf("%+v, %v", items, err)
	}
	for _, tt := range []struct{ args, out, err string }{
		{"refused allow 2", "Mail from eva@example.net is taken now", ""},
		{"refused allow 2 --server", "Mail from 2001:db8::7 is taken now", ""},
		{"refused allow 1", "Mail from 192.0.2.7 is taken now", ""},
		{"refused allow 99", "", "There is no refusal 99. See them with: buzon refused list"},
	} {
		if got := buzon(t, "", append(words(tt.args), "--data", data)...); !strings.Contains(got.out, tt.out) || !strings.Contains(got.err, tt.err) {
			t.Errorf("%s: %+v", tt.args, got)
		}
	}
}

func TestGuardCommands(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "home.db")
	buzon(t, "", "domain", "add", "example.org", "--data", data)
	s := openFileOf(t, data)
	now := time.Now()
	err := s.KeepGuarded(t.Context(), []store.Guarded{
		{Account: "ana@example.org", Failures: 9, Last: now, Until: now.Add(time.Hour)},
		{Address: "2001:db8::/64", Failures: 7, Last: now, Until: now.Add(time.Hour)},
		{Address: "192.0.2.7", Failures: 7, Last: now, Until: now.Add(-time.Minute)}, // over
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, out, err string }{
		{"guard list", "ana@example.org  -              9", ""},
		{"guard list", "-                2001:db8::/64  7", ""},
		{"guard release Ana@example.org", "Ana@example.org need not wait any more; a running server notices within two seconds.\n", ""},
		{"guard release 2001:db8::5", "need not wait any more", ""},
		{"guard release 2001:db8:0:1::/64", "2001:db8:0:1:: need not wait any more", "is not in the list of those who wait"},
		{"guard list", "", "Nobody has to wait."},
		{"guard list --json", "[]", ""},
	} {
		if got := buzon(t, "", append(words(tt.args), "--data", data)...); !strings.Contains(got.out, tt.out) || !strings.Contains(got.err, tt.err) || tt.err == "" && got.err != "" {
			t.Errorf("%s: %+v", tt.args, got)
		}
	}
	if asked, err := s.TakeReleases(t.Context()); err != nil || len(asked) != 3 {
		t.Errorf("%q, %v", asked, err)
	}
}

func TestReceiveSettings(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "settings set receive.block-lists 'ZEN.spamhaus.org.:3 bl.example.net'", out: "receive.block-lists is now: zen.spamhaus.org:3,bl.example.net:1", err: "A new file"},
		{args: "settings set receive.block-lists 'zen.spamhaus.org:many'", status: 1, err: "It must be lists such as"},
		{args: "settings set receive.block-lists 'local'", status: 1, err: "It must be lists such as"},
		{args: "settings set receive.block-lists 'a.example,a.example'", status: 1, err: "It must be lists such as"},
		{args: "settings set receive.block-lists ''", out: "receive.block-lists is now: -"},
		{args: "settings set receive.block-points many", status: 1, err: "a number"},
		{args: "settings set receive.greylist yes", out: "receive.greylist is now: yes"},
		{args: "settings set receive.slow-strangers no", out: "receive.slow-strangers is now: no"},
	})
}
