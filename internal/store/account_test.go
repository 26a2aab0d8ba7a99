package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"buzon/internal/config"
	"buzon/internal/message"
)

func address(t testing.TB, text string) message.Address {
	t.Helper()
	if domain, ok := strings.CutPrefix(text, "@"); ok {
		return message.Address{Domain: domain}
	}
	a, err := message.ParseAddress(text)
	check(t, err)
	return a
}

func addresses(t testing.TB, texts ...string) (list []message.Address) {
	t.Helper()
	for _, text := range texts {
		list = append(list, address(t, text))
	}
	return list
}

// home is a store with one domain and ana in it, whose password is "tortilla".
func home(t testing.TB) (*Store, message.Address) {
	t.Helper()
	s := newStore(t)
	check(t, s.AddDomain(t.Context(), "example.test"))
	ana := address(t, "ana@example.test")
	_, err := s.AddAccount(t.Context(), ana, "tortilla")
	check(t, err)
	return s, ana
}

// Settings: kept where they differ, seen at once, refused with a reason.
func TestSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "buzon.db")
	s, err := Open(t.Context(), path, Options{})
	check(t, err)
	for _, k := range config.Keys() {
		value := map[config.Kind]string{config.Text: "mail.example.test", config.Choice: "es", config.Switch: "yes",
			config.Days: "30", config.Size: "20MB", config.List: "IDLE"}[k.Kind]
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
	for _, v := range s.Settings().List() {
		if !v.Changed() {
			t.Errorf("%s was lost", v.Key.Name)
		}
		if v.Key.Name != "tls.cert-file" { // its key file still needs it
			check(t, s.Unset(t.Context(), v.Key.Name))
		}
	}
	check(t, s.Unset(t.Context(), "tls.cert-file"))
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

func TestDomains(t *testing.T) {
	s := newStore(t)
	check(t, s.AddDomain(t.Context(), "Example.TEST."))
	check(t, s.AddDomain(t.Context(), "xn--caf-dma.test"))
	wantErr(t, s.AddDomain(t.Context(), "example.test"), ErrExists)
	wantErr(t, s.AddDomain(t.Context(), "café.test"), ErrExists) // one domain in both its forms
	for _, bad := range []string{"", "a b", "[127.0.0.1]", "-x.test", "x@y.test"} {
		wantErr(t, s.AddDomain(t.Context(), bad), ErrBadName)
	}
	list, err := s.Domains(t.Context())
	check(t, err)
	if len(list) != 2 || list[0].Name != "café.test" || list[1].Name != "example.test" || list[0].Created.IsZero() {
		t.Errorf("domains are %v", list)
	}
	for name, want := range map[string]bool{"EXAMPLE.test": true, "CAFÉ.test": true, "other.test": false, "not a domain": false} {
		if got, err := s.IsLocalDomain(t.Context(), name); err != nil || got != want {
			t.Errorf("%s is local: %v, %v", name, got, err)
		}
	}
	_, err = s.AddAccount(t.Context(), address(t, "ana@example.test"), "tortilla")
	check(t, err)
	check(t, s.AddAlias(t.Context(), address(t, "@café.test"), addresses(t, "ana@example.test")))
	wantErr(t, s.RemoveDomain(t.Context(), "example.test"), ErrInUse)
	wantErr(t, s.RemoveDomain(t.Context(), "café.test"), ErrInUse)
	wantErr(t, s.RemoveDomain(t.Context(), "other.test"), ErrNoDomain)
	check(t, s.RemoveAlias(t.Context(), address(t, "@café.test")))
	check(t, s.RemoveDomain(t.Context(), "xn--caf-dma.test"))
}

func TestAccounts(t *testing.T) {
	s, ana := home(t)
	check(t, s.Set(t.Context(), "account.quota", "1GB"))
	luis, err := s.AddAccount(t.Context(), address(t, "Luis.M@example.test"), "paella")
	check(t, err)
	if luis.Quota != 1<<30 || luis.Address.Local != "Luis.M" || luis.Created.IsZero() {
		t.Errorf("new account is %+v", luis)
	}
	check(t, s.AddAlias(t.Context(), address(t, "info@example.test"), []message.Address{ana}))
	for text, want := range map[string]error{
		"LUIS.m@example.test": ErrExists,   // case does not make another person
		"info@example.test":   ErrExists,   // as alias
		"ana@other.test":      ErrNoDomain, // not ours
		"@example.test":       ErrBadName,  // a catch-all is an alias
	} {
		_, err := s.AddAccount(t.Context(), address(t, text), "tortilla")
		if !errors.Is(err, want) {
			t.Errorf("adding %s: %v, want %v", text, err, want)
		}
	}
	for _, bad := range []string{"", "a\nb", strings.Repeat("x", 2000)} {
		_, err := s.AddAccount(t.Context(), address(t, "eva@example.test"), bad)
		wantErr(t, err, ErrBadPassword)
	}
	check(t, s.SetQuota(t.Context(), ana, 5000))
	list, err := s.Accounts(t.Context())
	check(t, err)
	if len(list) != 2 || list[0].Address != ana || list[0].Quota != 5000 || list[1].ID != luis.ID {
		t.Errorf("accounts are %+v", list)
	}
	nobody := address(t, "nobody@example.test")
	_, err = s.Account(t.Context(), nobody)
	wantErr(t, err, ErrNoAccount)
	wantErr(t, s.SetQuota(t.Context(), nobody, 1), ErrNoAccount)
	wantErr(t, s.SetPassword(t.Context(), nobody, "tortilla"), ErrNoAccount)
	wantErr(t, s.RemoveAccount(t.Context(), nobody), ErrNoAccount)
}

// A new account has the mailboxes that programs look for.
func TestUsualMailboxes(t *testing.T) {
	s, ana := home(t)
	account, err := s.Account(t.Context(), ana)
	check(t, err)
	boxes, err := s.Mailboxes(t.Context(), account.ID)
	check(t, err)
	var got []string
	for _, b := range boxes {
		if !b.Subscribed {
			t.Errorf("%s is not subscribed", b.Name)
		}
		got = append(got, b.Name+b.SpecialUse)
	}
	want := []string{"INBOX", `Archive\Archive`, `Drafts\Drafts`, `Junk\Junk`, `Sent\Sent`, `Trash\Trash`}
	if !slices.Equal(got, want) {
		t.Errorf("mailboxes are %q, want %q", got, want)
	}
}

// Removing an account removes all of it, mail in slices, and asks before an alias would lead nowhere.
func TestRemoveAccount(t *testing.T) {
	s, ana := home(t)
	luis := address(t, "luis@example.test")
	account, err := s.AddAccount(t.Context(), luis, "paella")
	check(t, err)
	other, err := s.Account(t.Context(), ana)
	check(t, err)
	_, err = s.AddAppPassword(t.Context(), luis, "phone")
	check(t, err)
	info, both := address(t, "info@example.test"), address(t, "both@example.test")
	check(t, s.AddAlias(t.Context(), info, []message.Address{luis}))
	check(t, s.AddAlias(t.Context(), both, []message.Address{luis, ana}))
	accept(t, s, mail("shared", "hello"), Delivery{Account: account.ID}, Delivery{Account: other.ID})
	inboxOf, err := s.Mailbox(t.Context(), account.ID, "INBOX")
	check(t, err)
	put(t, s, inboxOf.ID, 2*sliceMessages+1)

	err = s.RemoveAccount(t.Context(), luis)
	wantErr(t, err, ErrInUse)
	if !strings.Contains(err.Error(), "info@example.test") {
		t.Errorf("error %q does not name the alias", err)
	}
	check(t, s.RemoveAlias(t.Context(), info))
	check(t, s.RemoveAccount(t.Context(), luis))
	_, err = s.Authenticate(t.Context(), "luis", "paella")
	wantErr(t, err, ErrPassword)
	r, err := s.Resolve(t.Context(), both)
	check(t, err)
	if len(r.Local) != 1 || r.Local[0].Address != ana {
		t.Errorf("the alias of both leads to %+v", r.Local)
	}
	eventually(t, "his mail to go", func() bool {
		return count(t, s, "SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM dead)") == 0
	})
	if msgs, bodies := count(t, s, "SELECT count(*) FROM msg"), count(t, s, "SELECT count(*) FROM body"); msgs != 1 || bodies != 1 {
		t.Errorf("%d messages and %d bodies are left, want the shared one", msgs, bodies)
	}
	sound(t, s)
}

func TestAuthenticate(t *testing.T) {
	s, ana := home(t)
	check(t, s.SetPassword(t.Context(), ana, "contraseña"))
	app, err := s.AddAppPassword(t.Context(), ana, "phone")
	check(t, err)
	for _, c := range []struct {
		user, password string
		ok             bool
	}{
		{"ana@example.test", "contraseña", true},
		{"ana@example.test", "contraseña", true},  // remembered
		{" ANA@Example.Test", "contraseña", true}, // case and blanks of a name do not matter
		{"ana", "contraseña", true},               // one domain
		{"ana", "contrasen\u0303a", true},         // decomposed, as a Mac types it
		{"ana", "Contraseña", false},              // but case does in a password
		{"ana", "tortilla", false},                // the old one
		{"ana", "", false},
		{"ana", app, true},
		{"ana", strings.ToUpper(strings.ReplaceAll(app, "-", " ")), true},
		{"ana", strings.ReplaceAll(app, "-", ""), true},
		{"ana", app[:len(app)-1], false},
		{"luis", "contraseña", false},
		{"luis@example.test", app, false},
		{"@", "contraseña", false},
		{"", "", false},
	} {
		got, err := s.Authenticate(t.Context(), c.user, c.password)
		if c.ok && (err != nil || got.Address != ana) || !c.ok && !errors.Is(err, ErrPassword) {
			t.Errorf("%q with %q: %v, %v", c.user, c.password, got.Address, err)
		}
	}
	check(t, s.AddDomain(t.Context(), "two.test"))
	_, err = s.Authenticate(t.Context(), "ana", "contraseña")
	wantErr(t, err, ErrPassword) // with two domains a bare name is nobody's
}

// A password ends at once where it was changed, also for who just logged in with it.
func TestChangedPasswordIsForgotten(t *testing.T) {
	s, ana := home(t)
	app, err := s.AddAppPassword(t.Context(), ana, "phone")
	check(t, err)
	for _, password := range []string{"tortilla", app} {
		_, err := s.Authenticate(t.Context(), "ana", password)
		check(t, err)
	}
	check(t, s.SetPassword(t.Context(), ana, "paella"))
	_, err = s.Authenticate(t.Context(), "ana", "tortilla")
	wantErr(t, err, ErrPassword)
	_, err = s.Authenticate(t.Context(), "ana", app)
	check(t, err) // app passwords stay
	check(t, s.RemoveAppPassword(t.Context(), ana, "phone"))
	_, err = s.Authenticate(t.Context(), "ana", app)
	wantErr(t, err, ErrPassword)
}

// A log-in that was checked before a change of password is not remembered after it.
func TestRememberingLosesToForgetting(t *testing.T) {
	l := newLogins(1)
	id := l.id(1, "tortilla")
	changes := l.begin()
	l.forget(1)
	l.remember(id, seen{}, changes)
	if _, ok := l.find(id); ok {
		t.Error("remembered")
	}
	for n := range AccountID(2 * maxLogins) {
		l.remember(l.id(n, "x"), seen{}, l.begin())
	}
	if len(l.known) > maxLogins {
		t.Errorf("%d are remembered", len(l.known))
	}
}

func TestAppPasswords(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	path := filepath.Join(t.TempDir(), "buzon.db")
	s, err := Open(t.Context(), path, Options{Now: func() time.Time { return now }})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	check(t, s.AddDomain(t.Context(), "example.test"))
	ana := address(t, "ana@example.test")
	_, err = s.AddAccount(t.Context(), ana, "tortilla")
	check(t, err)

	secret, err := s.AddAppPassword(t.Context(), ana, " Ana's phone ")
	check(t, err)
	if len(secret) != 23 || strings.Count(secret, "-") != 3 || strings.Trim(secret, appAlphabet+"-") != "" {
		t.Errorf("secret is %q", secret)
	}
	_, err = s.AddAppPassword(t.Context(), ana, "Ana's phone")
	wantErr(t, err, ErrExists)
	for _, bad := range []string{"", " ", "a\nb", strings.Repeat("x", 101)} {
		_, err = s.AddAppPassword(t.Context(), ana, bad)
		wantErr(t, err, ErrBadName)
	}
	lastUsed := func() time.Time {
		list, err := s.AppPasswords(t.Context(), ana)
		check(t, err)
		if len(list) != 1 || list[0].Name != "Ana's phone" || !list[0].Created.Equal(time.Unix(1_800_000_000, 0)) {
			t.Fatalf("app passwords are %+v", list)
		}
		return list[0].LastUsed
	}
	if !lastUsed().IsZero() {
		t.Error("used before any use")
	}
	// The use is written down once an hour, by whichever way in.
	scram, err := s.Scram(t.Context(), "ana")
	check(t, err)
	for _, step := range []struct {
		later time.Duration
		use   func() error
		want  time.Time
	}{
		{0, func() error { _, err := s.Authenticate(t.Context(), "ana", secret); return err }, now},
		{59 * time.Minute, func() error { _, err := s.Authenticate(t.Context(), "ana", secret); return err }, now},
		{2 * time.Minute, func() error { return s.ScramUsed(t.Context(), scram, 1) }, now.Add(61 * time.Minute)},
		{time.Minute, func() error { return s.ScramUsed(t.Context(), scram, 0) }, now.Add(61 * time.Minute)},
		{2 * time.Hour, func() error { _, err := s.Authenticate(t.Context(), "ana", secret); return err }, now.Add(182 * time.Minute)},
	} {
		now = now.Add(step.later)
		check(t, step.use())
		if got := lastUsed(); !got.Equal(step.want) {
			t.Errorf("last used %v, want %v", got, step.want)
		}
	}
	wantErr(t, s.RemoveAppPassword(t.Context(), ana, "other"), ErrNoAppPassword)
	check(t, s.RemoveAppPassword(t.Context(), ana, "Ana's phone"))
}

// Every credential of an account can end a SCRAM exchange (RFC 5802 §3), the app password as it was shown.
func TestScram(t *testing.T) {
	s, ana := home(t)
	app, err := s.AddAppPassword(t.Context(), ana, "phone")
	check(t, err)
	c, err := s.Scram(t.Context(), "Ana@example.test")
	check(t, err)
	if len(c.Keys) != 2 || len(c.Salt) != saltSize || c.Iterations != ScramIterations || c.Account.Address != ana {
		t.Fatalf("scram is %+v", c)
	}
	for i, password := range []string{"tortilla", app} {
		k, err := deriveScram(password, c.Salt, c.Iterations)
		check(t, err)
		if k != c.Keys[i] {
			t.Errorf("key %d is not that of its password", i)
		}
	}
	_, err = s.Scram(t.Context(), "nobody")
	wantErr(t, err, ErrPassword)
	// Keys of the account's own password follow it; the salt stays for the others.
	check(t, s.SetPassword(t.Context(), ana, "paella"))
	after, err := s.Scram(t.Context(), "ana")
	check(t, err)
	if string(after.Salt) != string(c.Salt) || after.Keys[0] == c.Keys[0] || after.Keys[1] != c.Keys[1] {
		t.Error("the wrong keys changed")
	}
}

// The keys of RFC 7677 §3's example: the client proof and the server signature come out.
func TestScramVector(t *testing.T) {
	salt := []byte{0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81}
	k, err := deriveScram("pencil", salt, 4096)
	check(t, err)
	m := hmac.New(sha256.New, k.Server[:])
	m.Write([]byte("n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
		"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"))
	want := "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
	if got := base64.StdEncoding.EncodeToString(m.Sum(nil)); got != want {
		t.Errorf("server signature is %s, want %s", got, want)
	}
}

// Hashes are checked by the parameters kept with them, and damaged ones are an error, never a yes.
func TestHashes(t *testing.T) {
	h := newHasher(1)
	phc, err := h.hash(t.Context(), "tortilla")
	check(t, err)
	if !strings.HasPrefix(phc, "$argon2id$v=19$m=7168,t=5,p=1$") {
		t.Errorf("hash is %s", phc)
	}
	// Made by the argon2 program with other costs.
	other := "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
	sum, err := h.run(t.Context(), argonParams{64, 2, 1}, "tortilla", []byte("somesaltsomesalt"))
	check(t, err)
	for _, c := range []struct {
		phc, password string
		ok, err       bool
	}{
		{phc, "tortilla", true, false},
		{phc, "paella", false, false},
		{other + base64.RawStdEncoding.EncodeToString(sum), "tortilla", true, false},
		{"", "", false, false},
		{"tortilla", "tortilla", false, true},
		{strings.Replace(phc, "m=7168", "m=99999999", 1), "tortilla", false, true},
		{strings.Replace(phc, "argon2id", "argon2i", 1), "tortilla", false, true},
		{phc[:len(phc)-3], "tortilla", false, true},
	} {
		ok, err := h.check(t.Context(), c.phc, c.password)
		if ok != c.ok || (err != nil) != c.err {
			t.Errorf("%s with %q: %v, %v", c.phc, c.password, ok, err)
		}
	}
}

func TestAliases(t *testing.T) {
	s, ana := home(t)
	info := address(t, "Info@example.test")
	check(t, s.AddAlias(t.Context(), info, []message.Address{ana}))
	check(t, s.AddAlias(t.Context(), address(t, "info@example.test"), addresses(t, "eva@far.test", "ana@example.test")))
	check(t, s.AddAlias(t.Context(), address(t, "@example.test"), []message.Address{ana}))
	list, err := s.Aliases(t.Context())
	check(t, err)
	if len(list) != 2 || list[0].Address.Local != "" || list[1].Address != info || !slices.Equal(list[1].Targets, addresses(t, "ana@example.test", "eva@far.test")) {
		t.Errorf("aliases are %+v", list)
	}
	wantErr(t, s.AddAlias(t.Context(), ana, addresses(t, "eva@far.test")), ErrExists)
	wantErr(t, s.AddAlias(t.Context(), address(t, "info@far.test"), []message.Address{ana}), ErrNoDomain)
	wantErr(t, s.AddAlias(t.Context(), info, nil), ErrBadName)
	wantErr(t, s.AddAlias(t.Context(), info, addresses(t, "INFO@example.test")), ErrBadName)
	wantErr(t, s.AddAlias(t.Context(), info, addresses(t, "@far.test")), ErrBadName)
	check(t, s.RemoveAlias(t.Context(), info))
	wantErr(t, s.RemoveAlias(t.Context(), info), ErrNoAlias)
}

func TestResolve(t *testing.T) {
	s, ana := home(t)
	for _, name := range []string{"luis@example.test", "eva+art@example.test", "pia@two.test"} {
		_, domain, _ := strings.Cut(name, "@")
		if err := s.AddDomain(t.Context(), domain); err != nil {
			wantErr(t, err, ErrExists)
		}
		_, err := s.AddAccount(t.Context(), address(t, name), "tortilla")
		check(t, err)
	}
	for alias, targets := range map[string][]string{
		"info@example.test":  {"ana@example.test", "luis@example.test", "kim@far.test"},
		"all@example.test":   {"info@example.test", "luis@example.test", "ana+list@example.test"},
		"loop1@example.test": {"loop2@example.test", "luis@example.test"},
		"loop2@example.test": {"loop1@example.test"},
		"round@example.test": {"about@example.test"},
		"about@example.test": {"round@example.test"},
		"lost@example.test":  {"nobody@example.test"},
		"half@example.test":  {"nobody@example.test", "ana@example.test"},
		"abuse@two.test":     {"pia@two.test"},
		"@two.test":          {"luis@example.test"},
		"far@two.test":       {"kim@far.test"},
	} {
		check(t, s.AddAlias(t.Context(), address(t, alias), addresses(t, targets...)))
	}
	for _, c := range []struct {
		in, local, foreign string
		err                error
	}{
		// Accounts, whatever the case.
		{in: "ana@example.test", local: "ana"},
		{in: "ANA@example.test", local: "ana"},
		// Plus addresses, unless there is an exact one.
		{in: "ana+shop@example.test", local: "ana"},
		{in: "Ana+a+b@example.test", local: "ana"},
		{in: "eva+art@example.test", local: "eva+art"},
		{in: "eva+music@example.test", err: ErrNoAccount},
		{in: "+x@example.test", err: ErrNoAccount},
		{in: "info+x@example.test", local: "ana luis", foreign: "kim@far.test"},
		// Aliases, their aliases, each account once.
		{in: "info@example.test", local: "ana luis", foreign: "kim@far.test"},
		{in: "all@example.test", local: "ana luis", foreign: "kim@far.test"},
		{in: "far@two.test", foreign: "kim@far.test"},
		{in: "half@example.test", local: "ana"},
		// Loops are cut, and one that leads nowhere is nobody.
		{in: "loop2@example.test", local: "luis"},
		{in: "round@example.test", err: ErrNoAccount},
		{in: "lost@example.test", err: ErrNoAccount},
		// Names that always work; somebody named for it goes before the owner.
		{in: "postmaster@example.test", local: "ana"},
		{in: "Abuse@example.test", local: "ana"},
		{in: "postmaster+x@two.test", local: "ana"},
		{in: "postmaster@two.test", local: "ana"},
		{in: "abuse@two.test", local: "pia"},
		{in: "postmaster", local: "ana"},
		// The catch-all comes last.
		{in: "anything@two.test", local: "luis"},
		{in: "pia@two.test", local: "pia"},
		// Nobody, and not ours.
		{in: "nobody@example.test", err: ErrNoAccount},
		{in: "kim@far.test", err: ErrNoDomain},
		{in: "postmaster@far.test", err: ErrNoDomain},
	} {
		r, err := s.Resolve(t.Context(), address(t, c.in))
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.in, err, c.err)
		}
		var local, foreign []string
		for _, a := range r.Local {
			local = append(local, a.Address.Local)
		}
		for _, a := range r.Foreign {
			foreign = append(foreign, a.String())
		}
		slices.Sort(local)
		if strings.Join(local, " ") != c.local || strings.Join(foreign, " ") != c.foreign {
			t.Errorf("%s: %v and %v, want %q and %q", c.in, local, foreign, c.local, c.foreign)
		}
	}
	account, err := s.Account(t.Context(), ana)
	check(t, err)
	for text, want := range map[string]bool{
		"ana@example.test": true, "Ana+shop@example.test": true, "info@example.test": true, "all@example.test": true, "postmaster@example.test": true,
		"luis@example.test": false, "anything@two.test": false, "nobody@example.test": false, "ana@far.test": false, "kim@far.test": false,
	} {
		if got, err := s.MaySend(t.Context(), account.ID, address(t, text)); err != nil || got != want {
			t.Errorf("ana may send as %s: %v, %v", text, got, err)
		}
	}
}

// An alias gone wild is an error, neither endless nor silently cut.
func TestResolveIsBounded(t *testing.T) {
	s, _ := home(t)
	check(t, s.write(t.Context(), func(tx *tx) error {
		for i := range 2 * maxResolved {
			a := message.Address{Local: "n" + strings.Repeat("x", i%50) + string(rune('a'+i/50)), Domain: "example.test"}
			if err := insertTarget(tx, address(t, "wild@example.test"), a); err != nil {
				return err
			}
		}
		return nil
	}))
	_, err := s.Resolve(t.Context(), address(t, "wild@example.test"))
	wantErr(t, err, errAliasTooWide)
}

// Before there is any account, postmaster is nobody.
func TestPostmasterOfAnEmptyHouse(t *testing.T) {
	s := newStore(t)
	check(t, s.AddDomain(t.Context(), "example.test"))
	for _, text := range []string{"postmaster", "postmaster@example.test"} {
		_, err := s.Resolve(t.Context(), address(t, text))
		wantErr(t, err, ErrNoAccount)
	}
}
