package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"buzon/internal/acme"
	"buzon/internal/store"
	"buzon/internal/trust"
)

func TestCertCommands(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "cert status", status: 1, err: "There is no file"},
		{args: "settings set cert.way auto", out: "auto", err: "A new file"},
		{args: "cert status", out: "before there is a domain", err: "There is none yet"},
		{args: "cert renew", status: 1, err: "There is no domain"},
		{args: "domain add example.org", out: "example.org"},
		{args: "cert status", out: "no authority gives one", err: "There is none yet"},
		{args: "cert renew", status: 1, err: "no authority gives one"},
		{args: "domain add buzon-mail.net", out: "buzon-mail.net"},
		{args: "cert status", out: "The server has not tried", err: "There is none yet"},
		{args: "cert renew", out: "tells: buzon cert status"},
		{args: "cert self-signed", err: "buzon serve"},
		{args: "cert self-signed --new", out: "mail.buzon-mail.net"},
		{args: "cert status", out: "one that Buzon made itself"},
		{args: "status", out: "buzon cert status"},
		{args: "settings set cert.way off", out: "off"},
		{args: "cert status", out: "cert.way is off"},
		{args: "cert renew", status: 1, err: "cert.way is off"},
		// A token is asked for, and shown to nobody.
		{args: "settings set dns.token", input: "geheim\n", out: "***"},
		{args: "settings list", out: "***"},
		{args: "settings get dns.token", out: "geheim"},
		{args: "settings set cert.email", status: 2, err: "buzon settings set cert.email VALUE"},
		{args: "settings set cert.email ana", status: 1, err: "ana@example.org"},
		{args: "settings set cert.directory http://x", status: 1, err: "https://"},
		{args: "settings set dns.server 0.0.0.0:0", status: 1, err: "ns.example.org"},
	})
}

// What a failed attempt left is told in sentences and as data.
func TestCertStatusTells(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "home.db")
	buzon(t, "", "domain", "add", "example.org", "--data", data)
	st, err := store.Open(t.Context(), data, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	left, err := json.Marshal(acme.State{
		Attempt: at, Next: at.Add(time.Hour),
		Names: []acme.NameState{
			{Name: "mail.example.org", Problem: &acme.Problem{Code: acme.Unreachable, Detail: "connection refused", Way: acme.HTTP, At: at}},
			{Name: "mta-sts.example.org", Problem: &acme.Problem{Code: acme.NotInDNS, At: at}},
			{Name: "autoconfig.example.org", Problem: &acme.Problem{Code: acme.NotInDNS, At: at}},
		},
		Todo: []acme.Todo{{Name: "_acme-challenge.mail.example.org", Text: "abc"}},
	})
	if err == nil {
		err = trust.Cache(st).Put(t.Context(), "state", left)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	words := buzon(t, "", "cert", "status", "--data", data)
	for _, want := range []string{
		"Left out: mail.example.org. The certificate authority did not get through", "Open ports 80 and 443", "connection refused",
		"Left out: autoconfig.example.org, mta-sts.example.org. DNS does not know", `_acme-challenge.mail.example.org TXT "abc"`,
	} {
		if !strings.Contains(words.out, want) {
			t.Errorf("no %q in\n%s", want, words.out)
		}
	}
	var state struct {
		Names []struct {
			Name    string
			Problem *struct{ Code, Text, Detail, Way string }
		}
		Next *time.Time `json:"next_attempt"`
	}
	asJSON := buzon(t, "", "cert", "status", "--json", "--data", data)
	if err := json.Unmarshal([]byte(asJSON.out), &state); err != nil {
		t.Fatal(err)
	}
	first := state.Names[0]
	if first.Name != "mail.example.org" || first.Problem.Code != "unreachable" || first.Problem.Way != "http" || first.Problem.Text == "" || !state.Next.Equal(at.Add(time.Hour)) {
		t.Errorf("%+v", state)
	}
}
