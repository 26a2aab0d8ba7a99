package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
)

// step is one command line on a file that the steps before have changed.
type step struct {
	args   string // split at blanks, but for 'quoted words'
	input  string
	status int
	out    string // in the output
	err    string // in the error output
}

// steps runs command lines one after the other on one file. The file's folder is where %s stands.
func steps(t *testing.T, list []step) {
	t.Helper()
	folder := t.TempDir()
	for _, s := range list {
		args := words(strings.ReplaceAll(s.args, "%s", folder))
		if !strings.Contains(s.args, "--data") {
			args = append(args, "--data", filepath.Join(folder, "home.db"))
		}
		got := buzon(t, s.input, args...)
		if got.status != s.status || !strings.Contains(got.out, s.out) || !strings.Contains(got.err, s.err) {
			t.Errorf("buzon %s\n\tgot  %+v\n\twant %+v", s.args, got, s)
		}
		if s.err == "" && got.err != "" {
			t.Errorf("buzon %s\n\tsays %s", s.args, got.err)
		}
	}
}

func words(s string) []string {
	var all []string
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}

func TestDomainCommands(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		// The first domain makes the file, everything else wants it to be there.
		{args: "domain list", status: 1, err: "home.db. Say where yours is with --data FILE, or make a new one with: buzon domain add"},
		{args: "domain add example.org", out: "Mail for example.org is taken now", err: "A new file was made: "},
		{args: "domain add EXAMPLE.org", status: 1, err: "example.org is there already"},
		{args: "domain add Muñoz.example", out: "muñoz.example"},
		{args: "domain add 'two words'", status: 1, err: `"two words" is not a domain`},
		{args: "domain add ana@example.org", status: 1, err: `is not a domain`},
		{args: "domain list", out: "example.org"},
		{args: "account add ana@example.org", input: "a long password\n", out: "ana@example.org is ready"},
		{args: "domain remove example.org", status: 1, err: "example.org still has accounts or aliases"},
		{args: "domain remove muñoz.example", out: "muñoz.example is removed"},
		{args: "domain remove muñoz.example", status: 1, err: "The domain muñoz.example is not here"},
	})
}

func TestAccountCommands(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "domain add example.org", err: "A new file"},
		{args: "account list", err: "There is no account yet. Add one with"},
		{args: "account add ana@example.net", input: "a long password", status: 1,
			err: "The domain example.net is not here yet. Add it with: buzon domain add example.net"},
		{args: "account add ana", input: "a long password", status: 1, err: `"ana" is not a mail address`},
		{args: "account add ana@example.org", input: "short\n", status: 1, err: "must have 8 characters or more"},
		{args: "account add ana@example.org", input: "", status: 1, err: "No password was given"},
		{args: "account add ana@example.org --quota lots", input: "a long password", status: 1, err: `"lots" is not a size`},
		{args: "account add Ana@Example.ORG --quota 1.5GB", input: "a long password\r\nnot this\n", out: "Ana@example.org is ready."},
		{args: "account add ana@example.org", input: "a long password", status: 1, err: "ana@example.org is there already"},
		{args: "account list", out: "1.5 GB"},
		{args: "account quota ana@example.org 2GB", out: "may hold 2.0 GB now"},
		{args: "account quota ana@example.org 0", out: "may hold any amount"},
		{args: "account list", out: "no limit"},
		{args: "account quota luis@example.org 2GB", status: 1, err: "There is no account luis@example.org. See those there are with: buzon account list"},
		{args: "account name ana@example.org 'Ana Núñez'", out: "The name of"},
		{args: "account name luis@example.org Luis", status: 1, err: "There is no account luis@example.org"},
		{args: "account name ana@example.org " + strings.Repeat("x", 201), status: 1, err: "cannot be"},
		{args: "account list --json", out: `"name": "Ana Núñez"`},
		{args: "account list", out: "  yes\n"}, // the first looks after the box
		{args: "account admin ana@example.org off", status: 1, err: "alone looks after this box"},
		{args: "account admin luis@example.org on", status: 1, err: "There is no account luis@example.org"},
		{args: "account admin ana@example.org perhaps", status: 2, err: "buzon account admin ADDRESS on|off"},
		{args: "account add luis@example.org", input: "a long password", out: "ready"},
		{args: "account admin luis@example.org on", out: "luis@example.org looks after the box now"},
		{args: "account admin luis@example.org on", out: "luis@example.org looks after the box now"},
		{args: "account admin ana@example.org off", out: "does not look after the box any more"},
		{args: "account remove luis@example.org", status: 1, err: "luis@example.org alone looks after this box"},
		{args: "account remove luis@example.org --yes", out: "is removed"},
		{args: "account list --json", out: `"admin": false`},
		{args: "account password ana@example.org", input: "another password\n", out: "has a new password"},
		{args: "account password luis@example.org", input: "another password\n", status: 1, err: "There is no account"},
		{args: "account remove ana@example.org", status: 1, err: "Add --yes if you are sure"},
		{args: "account remove ana@example.org --yes", out: "Ana@example.org is removed with all its mail"},
		{args: "account remove ana@example.org --yes", status: 1, err: "There is no account"},
	})
}

func TestAppPasswordCommands(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "domain add example.org", err: "A new file"},
		{args: "account add ana@example.org", input: "a long password\n", out: "ready"},
		{args: "app-password list ana@example.org", err: "no app passwords"},
		{args: "app-password add ana@example.org phone", out: "-", err: `Type this password into "phone"`},
		{args: "app-password add ana@example.org phone", status: 1, err: "phone is there already"},
		{args: "app-password add luis@example.org phone", status: 1, err: "There is no account luis@example.org"},
		{args: "app-password list ana@example.org", out: "never"},
		{args: "app-password remove ana@example.org tablet", status: 1, err: `ana@example.org has no app password "tablet"`},
		{args: "app-password remove ana@example.org phone", out: "can no longer log in"},
	})
}

func TestAliasCommands(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "domain add example.org", err: "A new file"},
		{args: "account add ana@example.org", input: "a long password\n", out: "ready"},
		{args: "alias list", err: "There is no alias yet"},
		{args: "alias add info@example.org ana@example.org luis@example.net", out: "also goes to ana@example.org, luis@example.net"},
		{args: "alias add info@example.net ana@example.org", status: 1, err: "The domain example.net is not here yet"},
		{args: "alias add ana@example.org luis@example.net", status: 1, err: "ana@example.org is there already"},
		{args: "alias add info@example.org nobody", status: 1, err: `"nobody" is not a mail address`},
		{args: "alias add @example.org ana@example.org", out: "Mail for @example.org"},
		{args: "alias list", out: "info@example.org  ana@example.org, luis@example.net"},
		{args: "alias list", out: "@example.org      ana@example.org"},
		{args: "alias remove @example.org", out: "@example.org is removed"},
		{args: "alias remove @example.org", status: 1, err: "There is no alias @example.org"},
	})
}

func TestMailboxCommands(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "domain add example.org", err: "A new file"},
		{args: "account add ana@example.org", input: "a long password\n", out: "ready"},
		{args: "mailbox list ana@example.org", out: "INBOX"},
		{args: "mailbox list ana@example.org --json", out: `"special_use": "\\Drafts"`},
		{args: "mailbox list luis@example.org", status: 1, err: "There is no account luis@example.org"},
	})
}

func TestSearchIndexCommands(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "search-index status", status: 1, err: "There is no file"},
		{args: "domain add example.org", err: "A new file"},
		{args: "search-index status", out: "The search index knows 0 messages and takes 0 B.\nStill to do: 0."},
		{args: "search-index status --json", out: `"waiting": 0`},
		{args: "search-index rebuild", out: "The search index was emptied."},
		{args: "search-index rebuild --json", out: `"on": true`},
		{args: "settings set search.index no", out: "search.index is now: no"},
		{args: "search-index status", out: "The search index is switched off."},
		{args: "search-index status --json", out: `"on": false`},
		{args: "search-index rebuild", status: 1, err: "The search index is switched off."},
	})
}

func TestSettingsCommands(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "settings get server.name", status: 1, err: "There is no file"},
		{args: "settings set server.nam x", status: 1, err: `There is no setting "server.nam". Did you mean server.name?`},
		{args: "settings set whatever x", status: 1, err: `There is no setting "whatever". See all with`},
		{args: "settings set server.name mail.example.org", out: "server.name is now: mail.example.org", err: "A new file was made"},
		{args: "settings get server.name", out: "mail.example.org\n"},
		{args: "settings unset server.name", out: "server.name is now: -"},
		{args: "settings unset server.nam", status: 1, err: "Did you mean"},
		{args: "settings list", out: "Days after its arrival until mail"},
		// Every kind of setting says what it may be.
		{args: "settings set server.name 'not a host'", status: 1, err: "It must be a host name such as mail.example.org"},
		{args: "settings set language fr", status: 1, err: `language cannot be "fr". It must be one of: en, es`},
		{args: "settings set pop3.mark-seen perhaps", status: 1, err: "It must be yes or no."},
		{args: "settings set pop3.keep-days some", status: 1, err: "It must be a number of days"},
		{args: "settings set account.quota much", status: 1, err: "It must be a size such as"},
		{args: "settings set limits.message-size 2GB", status: 1, err: "from 64KB to 50MB"},
		{args: "settings set tls.cert-file %s/none.pem", status: 1, err: "none.pem that can be read"},
		{args: "settings set tls.key-file %s/home.db", status: 1, err: "Set tls.cert-file first"},
	})
}

func TestBackup(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "backup %s/copy.db", status: 1, err: "There is no file"},
		{args: "domain add example.org", err: "A new file"},
		{args: "backup %s/copy.db", out: "The copy is "},
		{args: "backup %s/copy.db", status: 1, err: "copy.db is there already"},
		{args: "backup %s/none/copy.db", status: 1, err: "There is no folder"},
		{args: "domain remove example.org", out: "removed"},
		{args: "domain list --data %s/copy.db", out: "example.org"},
	})
}

// A file that is not ours is refused with a sentence, and left as it was.
func TestStrangeFile(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "letter.txt")
	letter := strings.Repeat("Dear Ana, ", 1000)
	if err := os.WriteFile(data, []byte(letter), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"domain", "add", "example.org"}, {"serve", "--ports", "high"}} {
		if got := buzon(t, "", append(args, "--data", data)...); got.status != 1 || !strings.Contains(got.err, "is not a file of Buzon") {
			t.Errorf("%q: %+v", args, got)
		}
	}
	if got, err := os.ReadFile(data); err != nil || string(got) != letter {
		t.Errorf("it was changed: %v", err)
	}
	missing := filepath.Join(t.TempDir(), "none", "home.db")
	if got := buzon(t, "", "domain", "add", "example.org", "--data", missing); got.status != 1 || !strings.Contains(got.err, "There is no folder") {
		t.Errorf("%+v", got)
	}
}

// Every list is JSON with --json, an array also where there is nothing.
func TestListsAsJSON(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "home.db")
	lists := map[string]string{ // and a field of their items
		"domain list":                       "domain",
		"account list":                      "admin",
		"alias list":                        "targets",
		"app-password list ana@example.org": "last_used",
		"mailbox list ana@example.org":      "unseen",
		"settings list":                     "description",
	}
	buzon(t, "", "settings", "set", "language", "es", "--data", data)
	for _, args := range []string{"domain list", "account list", "alias list"} {
		if got := buzon(t, "", append(words(args), "--json", "--data", data)...); got.out != "[]\n" || got.status != 0 || got.err != "" {
			t.Errorf("%s of nothing: %+v", args, got)
		}
	}
	for _, args := range []string{"domain add example.org", "account add ana@example.org",
		"alias add a@example.org b@example.net", "app-password add ana@example.org phone"} {
		if got := buzon(t, "a long password", append(words(args), "--data", data)...); got.status != 0 {
			t.Fatalf("%s: %+v", args, got)
		}
	}
	for args, field := range lists {
		got := buzon(t, "", append(words(args), "--json", "--data", data)...)
		var items []map[string]any
		if err := json.Unmarshal([]byte(got.out), &items); err != nil || len(items) == 0 {
			t.Errorf("%s: %v in %+v", args, err, got)
			continue
		}
		if _, ok := items[0][field]; !ok {
			t.Errorf("%s: no %q in %v", args, field, items[0])
		}
	}
}

func TestCommandsInSpanish(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "casa.db")
	for _, c := range []struct{ args, input, out, err string }{
		{args: "domain list", err: "No existe el archivo"},
		{args: "domain add example.org", out: "Ya se acepta correo para example.org", err: "Se ha hecho un archivo nuevo"},
		{args: "account add ana@example.net", err: "El dominio example.net aún no está aquí. Añádalo con: buzon domain add example.net"},
		{args: "account add ana@example.org", input: "corta", err: "La contraseña es demasiado corta"},
		{args: "account add ana@example.org", input: "una clave larga", out: "ana@example.org está lista."},
		{args: "account list", out: "DIRECCIÓN"},
		{args: "account list", out: "sin límite"},
		{args: "settings list", out: "Idioma de lo que Buzon escribe"},
		{args: "settings set pop3.mark-seen quizá", err: "Debe ser yes (sí) o no."},
	} {
		got := buzonIn(t, "es", c.input, append(words(c.args), "--data", data)...)
		if !strings.Contains(got.out, c.out) || !strings.Contains(got.err, c.err) {
			t.Errorf("%s: %+v", c.args, got)
		}
	}
}

// Commands work while a server runs on the same file, and the server notices.
func TestRunningServerNotices(t *testing.T) {
	t.Parallel()
	a := startTest(t)
	for _, args := range []string{"domain add example.org", "account add ana@example.org",
		"settings set server.name mail.example.org", "backup " + a.data + ".copy"} {
		if got := buzon(t, "a long password", append(words(args), "--data", a.data)...); got.status != 0 {
			t.Fatalf("%s: %+v", args, got)
		}
	}
	ana := message.Address{Local: "ana", Domain: "example.org"}
	if _, err := a.store.Authenticate(t.Context(), ana.String(), "a long password"); err != nil {
		t.Error(err)
	}
	changed := time.Now()
	for a.store.Settings().ServerName != "mail.example.org" {
		if time.Since(changed) > 10*time.Second { // two are promised; the machine may be busy
			t.Fatal("the setting does not arrive")
		}
		time.Sleep(20 * time.Millisecond)
	}
}
