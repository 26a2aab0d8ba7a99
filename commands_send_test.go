package main

import (
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
	"buzon/internal/store"
)

func TestRelayCommands(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "relay list", status: 1, err: "There is no file"},
		{args: "domain add example.org", err: "A new file"},
		{args: "relay list", err: "There is no relay. Add one with: buzon relay set"},
		// A provider by its name; the rest is known, but for the name and password.
		{args: "relay set gmail", status: 1, err: "gmail wants to know who you are. Add --user NAME"},
		{args: "relay set gmail --user ana@gmail.com", status: 1, err: "No password was given"},
		{args: "relay set GMail --user ana@gmail.com", input: "abcd efgh\n", out: "smtp.gmail.com:465 is ready to take your mail.\nIt is used where this line cannot send directly", err: "password"},
		{args: "relay set gmail --user ana@gmail.com", input: "abcd efgh\n", out: "Gmail sends only from addresses that it knows", err: "password"},
		{args: "relay list", out: "smtp.gmail.com:465  implicit    ana@gmail.com  everybody"},
		// Any other: port and encryption follow from one another.
		{args: "relay set smtp.example.net --user ana --for EXAMPLE.com", input: "secret", out: "Mail for example.com leaves through smtp.example.net:587 now"},
		{args: "relay list", out: "smtp.example.net:587  starttls    ana            example.com"},
		{args: "relay set smtp.example.net:465 --for example.com", out: "smtp.example.net:465 now"},
		{args: "relay set [2001:db8::1]:2525", out: "[2001:db8::1]:2525 is ready"},
		{args: "relay set localhost", out: "localhost:25 is ready"},
		{args: "settings set send.way relay", out: "relay"},
		{args: "relay set localhost:1025 --tls implicit", out: "localhost:1025 is ready to take your mail.\n"},
		{args: "settings set send.way direct", out: "direct"},
		{args: "relay set 127.0.0.1", out: "It is not used yet, because send.way is direct"},
		{args: "relay list", out: "localhost:25          none"},
		{args: "relay list", out: "localhost:1025        implicit"},
		// In plain text only to this machine, or for who insists.
		{args: "relay set 192.0.2.1 --tls none", status: 1, err: "everybody on the way to 192.0.2.1 can read your mail"},
		{args: "relay set 192.0.2.1 --tls none --force", out: "192.0.2.1:25 is ready"},
		{args: "relay set smtp.example.net --tls ssl", status: 2, err: "--tls must be one of: implicit, starttls, none"},
		{args: "relay set 'not a host'", status: 1, err: `"not a host" is neither a server such as`},
		{args: "relay set smtp.example.net:70000", status: 1, err: "is neither a server such as"},
		{args: "relay set smtp.example.net --oauth", status: 1, err: "Add --user"},
		{args: "relay set smtp.example.net --for 'not a domain'", status: 1, err: "is not a domain"},
		{args: "relay remove smtp.example.net", status: 1, err: "it is for one domain: name that with --for"},
		{args: "relay remove smtp.example.net:465 --for example.com", out: "no longer leaves through smtp.example.net:465"},
		{args: "relay remove gmail", out: "no longer leaves through gmail"},
		{args: "relay presets", out: "gmail"},
		{args: "relay presets --json", out: `"spf": "_spf.google.com"`},
	})
}

func TestSendSettings(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "settings set send.warn-after '2 hours'", out: "send.warn-after is now: 2h", err: "A new file"},
		{args: "settings set send.give-up-after 2h", status: 1, err: "less than send.give-up-after"},
		{args: "settings set send.give-up-after 60d", status: 1, err: "from 1h to 30d"},
		{args: "settings set send.give-up-after 5", status: 1, err: "It must be a time such as 5d"},
		{args: "settings set send.connections 0", status: 1, err: "a number from 1 to 20"},
		{args: "settings set send.per-day many", status: 1, err: "a number from 0 to 1000000"},
		{args: "settings set send.source-address home", status: 1, err: "an address of this machine"},
		{args: "settings set send.hello 'not a host'", status: 1, err: "It must be a host name"},
		{args: "settings set dns.resolver 2001:db8::53", out: "dns.resolver is now: [2001:db8::53]:53"},
		{args: "settings set dns.resolver dns.example", status: 1, err: "the address of a DNS server"},
	})
}

// No list shows a relay's password.
func TestRelayPasswordIsKept(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "home.db")
	buzon(t, "", "domain", "add", "example.org", "--data", data)
	buzon(t, "tortilla", "relay", "set", "smtp.example.net", "--user", "ana", "--data", data)
	for _, args := range []string{"relay list", "relay list --json"} {
		if got := buzon(t, "", append(words(args), "--data", data)...); !strings.Contains(got.out, "smtp.example.net") || strings.Contains(got.out, "tortilla") {
			t.Errorf("%s: %+v", args, got)
		}
	}
	s := openFileOf(t, data)
	if relays, err := s.Relays(t.Context()); err != nil || len(relays) != 1 || relays[0].Password != "tortilla" {
		t.Errorf("%+v, %v", relays, err)
	}
}

func openFileOf(t *testing.T, data string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), data, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestForwardCommands(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "domain add example.org", err: "A new file"},
		{args: "account add ana@example.org", input: "a long password\n", out: "ready"},
		{args: "forward list", err: "No account's mail is sent on"},
		{args: "forward set ana@example.org ana@example.net luis@example.net --keep", out: "stays here and also goes to ana@example.net, luis@example.net now"},
		{args: "forward list", out: "ana@example.org  ana@example.net, luis@example.net  yes"},
		{args: "forward set ana@example.org ana@example.net", out: "goes to ana@example.net now, and no longer stays here"},
		{args: "forward list", out: "ana@example.org  ana@example.net  no"},
		{args: "forward set ana@example.org Ana@example.org", status: 1, err: "other than its own"},
		{args: "forward set ana@example.org nobody", status: 1, err: `"nobody" is not a mail address`},
		{args: "forward set luis@example.org a@example.net", status: 1, err: "There is no account luis@example.org"},
		{args: "forward remove ana@example.org", out: "Mail for ana@example.org stays here"},
		{args: "forward remove ana@example.org", status: 1, err: "Mail for ana@example.org is not sent on"},
	})
}

func TestVacationCommands(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "domain add example.org", err: "A new file"},
		{args: "account add ana@example.org", input: "a long password\n", out: "ready"},
		{args: "vacation show ana@example.org", err: "ana@example.org has no answer. Set one with"},
		{args: "vacation show ana@example.org --json", out: "null\n"},
		{args: "vacation set ana@example.org --text 'Back in May.' --subject Away --from 2027-04-01 --until 2027-04-30", out: "is answered now"},
		{args: "vacation show ana@example.org", out: "First day: 2027-04-01\nLast day: 2027-04-30\nSubject: Away\n\nBack in May.\n"},
		{args: "vacation set ana@example.org", input: "Hello,\n\nback in May.\n", out: "is answered now"},
		{args: "vacation show ana@example.org", out: "First day: -\nLast day: -\nSubject: -\n\nHello,\n\nback in May.\n"},
		{args: "vacation show ana@example.org --json", out: `"until": null`},
		{args: "vacation set ana@example.org --text x --from 1.4.2027", status: 1, err: `"1.4.2027" is not a day. Write it as 2027-04-30`},
		{args: "vacation set ana@example.org --text x --from 2027-04-02 --until 2027-04-01", status: 1, err: "a last day that is not before the first"},
		{args: "vacation set ana@example.org --text x --from 2027-04-01 --until 2027-04-01", out: "is answered now"},
		{args: "vacation set ana@example.org", status: 1, err: "It needs a text"},
		{args: "vacation set ana@example.org", input: strings.Repeat("x", 70000), status: 1, err: "The text is too long"},
		{args: "vacation set luis@example.org --text x", status: 1, err: "There is no account"},
		{args: "vacation off ana@example.org", out: "is no longer answered"},
		{args: "vacation off ana@example.org", status: 1, err: "ana@example.org has no answer"},
	})
}

// queued makes a file with a message of ana's to three recipients, one of whom
// the first attempt has put off, and one message of the box itself.
func queued(t *testing.T) (data string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "home.db")
	for _, args := range []string{"domain add example.org", "account add ana@example.org"} {
		if got := buzon(t, "a long password", append(words(args), "--data", data)...); got.status != 0 {
			t.Fatalf("%s: %+v", args, got)
		}
	}
	s := openFileOf(t, data)
	ana, err := s.Account(t.Context(), message.Address{Local: "ana", Domain: "example.org"})
	if err != nil {
		t.Fatal(err)
	}
	enqueue(t, s, store.Outgoing{Account: ana.ID, From: ana.Address, To: recipients("kim@far.example", "eva@far.example", "pia@near.example")})
	enqueue(t, s, store.Outgoing{To: recipients("tls@far.example")})
	putOff(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return data
}

func recipients(addresses ...string) (list []store.Recipient) {
	for _, text := range addresses {
		local, domain, _ := strings.Cut(text, "@")
		list = append(list, store.Recipient{Address: message.Address{Local: local, Domain: domain}})
	}
	return list
}

func enqueue(t *testing.T, s *store.Store, out store.Outgoing) {
	t.Helper()
	text := "Subject: =?utf-8?q?Ma=C3=B1ana=1B[31m?=\r\n\r\nx\r\n" // with what would colour the terminal
	body := io.NewSectionReader(strings.NewReader(text), 0, int64(len(text)))
	if err := s.Accept(t.Context(), store.Incoming{Body: body, Send: []store.Outgoing{out}, LogID: "a1"}); err != nil {
		t.Fatal(err)
	}
}

// putOff lets the server of near.example ask for patience.
func putOff(t *testing.T, s *store.Store) {
	t.Helper()
	onlyNear := func(domain string) bool { return domain != "near.example" }
	hour := func(int) time.Duration { return time.Hour }
	batch, ok, err := s.Claim(t.Context(), time.Now(), onlyNear, 10, hour)
	if err != nil || !ok {
		t.Fatalf("nothing to claim: %v", err)
	}
	later := message.Reply{Code: 451, Enhanced: [3]int{4, 7, 1}, Text: "Greylisted\x1b[31m"}
	outcome := store.Outcome{Job: batch.Queued[0].Jobs[0].ID, Fate: store.Deferred, Reply: later, Host: "mx.near.example", TLS: "TLS 1.3"}
	if err := s.Settle(t.Context(), []store.Outcome{outcome}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestQueueCommands(t *testing.T) {
	t.Parallel()
	at := " --data " + queued(t)
	steps(t, []step{
		{args: "queue list" + at, out: "1.1     ana@example.org  kim@far.example   0      "},
		{args: "queue list" + at, out: "  451 4.7.1 Greylisted [31m\n"},
		{args: "queue list" + at, out: "2.1     this server      tls@far.example   0"},
		{args: "queue show 1" + at, out: "Message 1\nFrom: ana@example.org\nSubject: Mañana [31m\n"},
		{args: "queue show 1.3" + at, out: "mx.near.example said: 451 4.7.1 Greylisted [31m"},
		{args: "queue show 1 --json" + at, out: `"id": "1.3"`},
		{args: "queue show 7" + at, status: 1, err: "There is nothing with the number 7"},
		{args: "queue show x" + at, status: 1, err: "There is nothing with the number x"},
		// One way of naming at a time, and one at least.
		{args: "queue hold" + at, status: 2, err: "Say what you mean in one way"},
		{args: "queue hold 1 --all" + at, status: 2, err: "Say what you mean in one way"},
		{args: "queue hold 1.x" + at, status: 1, err: "There is nothing with the number 1.x"},
		{args: "queue hold 0" + at, status: 1, err: "There is nothing with the number 0"},
		{args: "queue hold --domain 'a b'" + at, status: 1, err: "is not a domain"},
		{args: "queue hold 9" + at, status: 1, err: "There is nothing like that in the queue"},
		{args: "queue hold 1.1 2" + at, out: "held now: 2\n"},
		{args: "queue list" + at, out: "0      held"},
		{args: "queue show 2" + at, out: "Tries so far: 0. It is held."},
		{args: "queue list --json" + at, out: `"next":null`},
		{args: "queue retry --all" + at, out: "tried now: 2\n"},
		{args: "queue release --domain FAR.example" + at, out: "released: 2\n"},
		{args: "queue release --all" + at, out: "released: 0\n"},
		{args: "queue drop 1.1" + at, status: 1, err: "--yes"},
		{args: "queue drop 1.1 --yes" + at, out: "removed from the queue: 1\n"},
		{args: "queue drop --all --yes" + at, out: "removed from the queue: 3\n"},
		{args: "queue list" + at, err: "Nothing waits to be sent"},
		{args: "queue list --json" + at, out: "[]\n"},
		// What became of all that, the newest first.
		{args: "history" + at, out: "From ana@example.org to eva@far.example: removed from the queue by hand.\n"},
		{args: "history" + at, out: "From ana@example.org to pia@near.example: not yet delivered; it is tried again.\n    mx.near.example said: 451 4.7.1 Greylisted [31m\n"},
		{args: "history" + at, out: "From this server to tls@far.example"},
		{args: "history --json" + at, out: `"fate":"dropped"`},
		{args: "history luis@example.org" + at, status: 1, err: "There is no account"},
	})
	if got := buzon(t, "", words("history ana@example.org"+at)...); strings.Contains(got.out, "tls@far.example") || !strings.Contains(got.out, "kim@far.example") {
		t.Errorf("ana's: %+v", got)
	}
}

func TestNoHistory(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "history", status: 1, err: "There is no file"},
		{args: "domain add example.org", err: "A new file"},
		{args: "history", err: "Nothing was sent in the last 30 days."},
		{args: "history --json", out: "[]\n"},
	})
}

func TestSendingCommands(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "home.db")
	at := " --data " + data
	steps(t, []step{
		{args: "domain add example.org" + at, err: "A new file"},
		{args: "account add ana@example.org" + at, input: "a long password\n", out: "ready"},
		{args: "sending list" + at, err: "All accounts may send"},
	})
	s := openFileOf(t, data)
	ana, err := s.Account(t.Context(), message.Address{Local: "ana", Domain: "example.org"})
	if err == nil {
		err = s.PauseSending(t.Context(), ana.ID, store.PauseBurst)
	}
	if err != nil {
		t.Fatal(err)
	}
	steps(t, []step{
		{args: "sending list" + at, out: "its password may be stolen"},
		{args: "sending list --json" + at, out: `"reason": "burst"`},
		{args: "sending resume luis@example.org" + at, status: 1, err: "There is no account"},
		{args: "sending resume ana@example.org" + at, out: "ana@example.org may send"},
		{args: "sending list" + at, err: "All accounts may send"},
	})
}

// Every list about sending is JSON with --json, an array also where there is nothing.
func TestSendListsAsJSON(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "home.db")
	buzon(t, "", "domain", "add", "example.org", "--data", data)
	for _, args := range []string{"relay list", "forward list", "queue list", "history", "sending list"} {
		if got := buzon(t, "", append(words(args), "--json", "--data", data)...); got.out != "[]\n" || got.status != 0 || got.err != "" {
			t.Errorf("%s of nothing: %+v", args, got)
		}
	}
	full := queued(t)
	for _, args := range []string{"account add luis@example.org", "relay set localhost", "forward set ana@example.org ana@far.example"} {
		if got := buzon(t, "a long password", append(words(args), "--data", full)...); got.status != 0 {
			t.Fatalf("%s: %+v", args, got)
		}
	}
	for args, field := range map[string]string{"relay list": "host", "relay presets": "provider", "forward list": "targets", "queue list": "attempts", "history": "fate"} {
		got := buzon(t, "", append(words(args), "--json", "--data", full)...)
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

func TestSendCommandsInSpanish(t *testing.T) {
	t.Parallel()
	at := " --data " + queued(t)
	for _, c := range []struct{ args, input, out, err string }{
		{args: "relay list", err: "No hay ningún relay"},
		{args: "relay set gmail --user ana@gmail.com", input: "clave", out: "está listo para llevar su correo"},
		{args: "relay list", out: "CIFRADO"},
		{args: "queue list", out: "este servidor"},
		{args: "queue show 1", out: "Intentos hasta ahora: 1."},
		{args: "queue hold 1", out: "retenidos ahora: 3"},
		{args: "history", out: "aún no entregado"},
		{args: "vacation set ana@example.org --text Fuera", out: "se contesta ya"},
		{args: "settings set send.warn-after 4", err: "Debe ser un tiempo como 4h"},
		{args: "settings list", out: "send.per-day"},
	} {
		got := buzonIn(t, "es", c.input, words(c.args+at)...)
		if !strings.Contains(got.out, c.out) || !strings.Contains(got.err, c.err) {
			t.Errorf("%s: %+v", c.args, got)
		}
	}
}
