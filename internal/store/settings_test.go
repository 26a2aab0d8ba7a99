package store

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"buzon/internal/config"
)

// Settings: kept where they differ, seen at once, refused with a reason.
func TestSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "buzon.db")
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	for _, k := range config.Keys() {
		value := map[config.Kind]string{config.Text: "mail.example.test", config.Choice: "es", config.Switch: "yes",
			config.Days: "30", config.Size: "20MB", config.List: "IDLE", config.Duration: "3h", config.Number: "7"}[k.Kind]
		if special, ok := map[string]string{ // that fit neither their kind's value nor the others
			"local.name": "correo", "search.index": "no", "send.way": "relay", "send.give-up-after": "3d",
			"send.source-address": "192.0.2.1", "dns.resolver": "192.0.2.1:53",
			"receive.block-lists": "bl.example.org:1", "receive.slow-strangers": "no", "receive.forwarders": "list.example.org",
			"cert.way": "dns", "cert.email": "ana@example.org", "cert.directory": "https://acme.example.org/dir",
			"cert.staging": "https://acme.example.org/try", "cert.profile": "short", "dns.provider": "desec",
			"dns.token": "secret", "dns.server": "ns.example.org:53", "doctor.outside": "eye.example.org:8025",
		}[k.Name]; ok {
			value = special
		}
		check(t, s.Set(t.Context(), k.Name, value))
		if got, _ := s.Settings().Get(k.Name); got != value {
			t.Errorf("%s is %q, want %q", k.Name, got, value)
		}
	}
	wantErr(t, s.Set(t.Context(), "pop3.keepdays", "1"), config.ErrSetting)
	wantErr(t, s.Set(t.Context(), "limits.message-size", "1TB"), config.ErrSetting)
	wantErr(t, s.Unset(t.Context(), "nonsense"), config.ErrSetting)
	check(t, s.Close())

	s = openStore(t, path)
	needed := []string{"tls.cert-file", "cert.directory"} // other settings want them there
	for _, v := range s.Settings().List() {
		if !v.Changed() {
			t.Errorf("%s was lost", v.Key.Name)
		}
		if !slices.Contains(needed, v.Key.Name) {
			check(t, s.Unset(t.Context(), v.Key.Name))
		}
	}
	for _, name := range needed {
		check(t, s.Unset(t.Context(), name))
	}
	if n := count(t, s, "SELECT count(*) FROM setting"); n != 0 {
		t.Errorf("%d defaults are kept", n)
	}
}

// A setting of another version does not keep mail from being served.
func TestUnreadableSettingCountsAsDefault(t *testing.T) {
	path := madeFile(t)
	alter(t, path, "INSERT INTO setting VALUES('from.the.future', '1'), ('pop3.keep-days', 'plenty'), ('language', 'es')")
	s := openStore(t, path)
	if got := *s.Settings(); got.POP3KeepDays != 0 || got.Language != "es" {
		t.Errorf("settings are %+v", got)
	}
}

// What another process changes shows here within two seconds: settings, passwords, bells.
func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "buzon.db")
	server, tool := openStore(t, path), openStore(t, path)
	check(t, tool.AddDomain(t.Context(), "example.test"))
	ana := address(t, "ana@example.test")
	_, err := tool.AddAccount(t.Context(), ana, "tortilla")
	check(t, err)
	_, err = server.Authenticate(t.Context(), "ana", "tortilla")
	check(t, err)
	w := server.Watch(1)
	defer w.Stop()

	start := time.Now()
	check(t, tool.Set(t.Context(), "pop3.keep-days", "7"))
	check(t, tool.SetPassword(t.Context(), ana, "paella"))
	eventually(t, "the setting", func() bool { return server.Settings().POP3KeepDays == 7 })
	eventually(t, "the old password to end", func() bool {
		_, err := server.Authenticate(t.Context(), "ana", "tortilla")
		return errors.Is(err, ErrPassword)
	})
	<-w.C
	if d := time.Since(start); d > 2*time.Second {
		t.Logf("took %v", d) // a busy machine is no failure
	}
}

func TestSecret(t *testing.T) {
	s := newStore(t)
	gen := func(value string) func() ([]byte, error) {
		return func() ([]byte, error) { return []byte(value), nil }
	}
	for range 2 {
		got, err := s.Secret(t.Context(), "salt", gen("first"))
		check(t, err)
		if string(got) != "first" {
			t.Errorf("secret is %q", got)
		}
		gen = func(string) func() ([]byte, error) {
			return func() ([]byte, error) { t.Error("made again"); return nil, nil }
		}
	}
	boom := errors.New("no entropy")
	_, err := s.Secret(t.Context(), "other", func() ([]byte, error) { return nil, boom })
	wantErr(t, err, boom)
}
