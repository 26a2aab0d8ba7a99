package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	miekg "github.com/miekg/dns"

	"buzon/internal/dns"
	"buzon/internal/dns/dnstest"
)

func TestDNSCommand(t *testing.T) {
	t.Parallel()
	const relay = "the SPF record claims nothing about them"
	steps(t, []step{
		{args: "dns example.org", status: 1, err: "There is no file"},
		{args: "domain add example.org", out: "What to put into DNS for it tells: buzon dns example.org", err: "A new file"},
		{args: "domain add example.net", out: "example.net"},
		{args: "dns example.com", status: 1, err: "The domain example.com is not here"},
		{args: "dns 'two words'", status: 1, err: "is not a domain"},
		{args: "dns example.org --address 192.0.2.300", status: 1, err: `"192.0.2.300" is not an address of a machine`},
		// Without a name of the server one is proposed.
		{args: "dns example.org --address 192.0.2.1", out: "IN MX 10 mail.example.org.",
			err: "If that is right: buzon settings set server.name mail.example.org"},
		{args: "settings set server.name mail.example.org", out: "mail.example.org"},
		{args: "dns example.org --address 192.0.2.1 --address 2001:db8::1", out: "; Where this server is.\nmail 300 IN A    192.0.2.1\nmail 300 IN AAAA 2001:db8::1\n"},
		// One server has one name, whatever domains it serves.
		{args: "dns example.net", out: "IN MX 10 mail.example.org."},
		{args: "dns example.net", out: "; What this server does not offer.\n_imap._tcp 3600 IN SRV 0 0 0 .\n"},
		// What relays and settings change.
		{args: "dns example.net", out: `"v=spf1 mx ~all"`},
		{args: "settings set send.source-address 8.8.8.8", out: "8.8.8.8"},
		{args: "dns example.net", out: `"v=spf1 mx ip4:8.8.8.8 ~all"`},
		{args: "settings set send.way relay", out: "relay"},
		{args: "dns example.net", out: `"v=spf1 ip4:8.8.8.8 ~all"`},
		{args: "relay set smtp-relay.brevo.com --user ana", input: "secret\n", out: "smtp-relay.brevo.com", err: " "},
		{args: "dns example.net", out: "include:"},
		{args: "relay set relay.example.com --user ana", input: "secret\n", out: "relay.example.com"},
		{args: "dns example.net", out: ` ?all"`, err: relay},
	})
}

// What is printed for programs is what is printed for people, and a resolver reads it.
func TestZoneOfACommand(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "home.db")
	buzon(t, "", "domain", "add", "Muñoz.example", "--data", data)
	buzon(t, "", "settings", "set", "server.name", "mail.muñoz.example", "--data", data)
	file := buzon(t, "", "dns", "muñoz.example", "--address", "192.0.2.1", "--data", data)
	if file.status != 0 || file.err != "" || strings.Contains(file.out, "; dns_") {
		t.Fatalf("%+v", file)
	}
	var items []struct {
		Name, Type, Value, Purpose string
		TTL                        uint32
	}
	asJSON := buzon(t, "", "dns", "muñoz.example", "--address", "192.0.2.1", "--json", "--data", data)
	if err := json.Unmarshal([]byte(asJSON.out), &items); err != nil || len(items) < 15 {
		t.Fatalf("%v: %+v", err, asJSON)
	}
	zone := miekg.NewZoneParser(strings.NewReader(file.out), "", "")
	for _, item := range items {
		record, ok := zone.Next()
		if !ok {
			t.Fatalf("%v in\n%s", zone.Err(), file.out)
		}
		h := record.Header()
		value := strings.TrimPrefix(record.String(), h.String())
		if txt, ok := record.(*miekg.TXT); ok {
			value = strings.Join(txt.Txt, "")
		}
		if h.Name != item.Name+"." || miekg.TypeToString[h.Rrtype] != item.Type || h.Ttl != item.TTL || value != item.Value || item.Purpose == "" {
			t.Errorf("%v, as JSON %+v", record, item)
		}
	}
	spanish := buzonIn(t, "es", "", "dns", "muñoz.example", "--address", "192.0.2.1", "--data", data)
	if spanish.status != 0 || !strings.Contains(spanish.out, "; Adónde va el correo para el dominio.\n@ 3600 IN MX") {
		t.Errorf("%+v", spanish)
	}
}

// Keys are rotated against a name server that has, or has not, what we print.
func TestDKIMCommands(t *testing.T) {
	t.Parallel()
	world := dns.NewMap("")
	server := dnstest.Start(t, world)
	folder := t.TempDir()
	data := filepath.Join(folder, "home.db")
	run := func(args, out, err string, status int) console {
		t.Helper()
		got := buzon(t, "", append(words(args), "--data", data)...)
		if got.status != status || !strings.Contains(got.out, out) || !strings.Contains(got.err, err) || err == "" && got.err != "" {
			t.Errorf("buzon %s: %+v", args, got)
		}
		return got
	}
	run("domain add example.org", "example.org", "A new file", 0)
	run("settings set dns.resolver "+server.Addr, "127.0.0.1", "", 0)
	run("dkim list example.com", "", "The domain example.com is not here", 1)
	run("dkim rotate example.com", "", "The domain example.com is not here", 1)
	if got := run("dkim list example.org", "signs the mail", "", 0); strings.Count(got.out, "signs the mail") != 2 {
		t.Error(got.out)
	}

	// The first time they are made, and asked for again while DNS has not both.
	begun := run("dkim rotate example.org", "$ORIGIN example.org.\n\n; The keys that will sign next", "New keys are made.", 0)
	run("dkim list example.org", "next: add it to DNS, then it will sign", "", 0)
	run("dkim rotate example.org", "_domainkey 3600 IN TXT", "DNS does not have these new keys yet: ", 1)
	if all := run("dns example.org --address 192.0.2.1", "The keys that will sign next", "server.name", 0); !containsRecords(all.out, begun.out) {
		t.Errorf("not in the zone:\n%s\n%s", begun.out, all.out)
	}
	world.Add(publishable(begun.out)[0])
	if got := run("dkim rotate example.org", "IN TXT", "DNS does not have", 1); strings.Count(got.out, "IN TXT") != 1 {
		t.Errorf("%+v", got)
	}
	world.Add(publishable(begun.out)[1])
	run("dkim rotate example.org", "Mail of example.org is signed with the new keys now. Leave the old ones in DNS for 7 days.", "", 0)
	run("dkim list example.org", "signs no more; leave it in DNS for a week", "", 0)
	run("dns example.org --address 192.0.2.1", "Keys that signed until lately.", "server.name", 0)

	// Stolen keys do not wait.
	run("dkim rotate example.org --now", "is signed with the new keys now", "", 0)
	var keys []struct{ Selector, Algorithm, State, Since, Name, Record string }
	if err := json.Unmarshal([]byte(run("dkim list example.org --json", "", "", 0).out), &keys); err != nil || len(keys) != 6 {
		t.Fatalf("%v: %+v", err, keys)
	}
	if k := keys[0]; k.State != "active" || k.Algorithm != "ed25519" || !strings.HasSuffix(k.Name, "._domainkey.example.org") ||
		!strings.HasPrefix(k.Name, k.Selector+".") || !strings.HasPrefix(k.Record, "v=DKIM1; k=ed25519; p=") {
		t.Errorf("%+v", k)
	}
}

// publishable are the TXT records of a zone file of example.org, with whole names.
func publishable(zone string) []string {
	var records []string
	for line := range strings.Lines(zone) {
		if name, rest, ok := strings.Cut(line, " "); ok && strings.Contains(rest, "IN TXT") {
			records = append(records, name+".example.org. "+rest)
		}
	}
	return records
}

// containsRecords tells whether every record of some is in all.
func containsRecords(all, some string) bool {
	have := strings.Join(publishable(all), "")
	for _, record := range publishable(some) {
		if !strings.Contains(strings.Join(strings.Fields(have), " "), strings.Join(strings.Fields(record), " ")) {
			return false
		}
	}
	return len(publishable(some)) > 0
}
