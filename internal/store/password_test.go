package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

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
		{"ana", "contra\u00adseña", true},         // SASLprep drops what cannot be seen
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
	// Both ways tell which app password it was; key 0 is the account's own.
	plain := func() error { return usedWith(t, "Ana's phone")(s.Authenticate(t.Context(), "ana", secret)) }
	exchange := func(key int, app string) error { return usedWith(t, app)(s.ScramUsed(t.Context(), scram, key)) }
	for _, step := range []struct {
		later time.Duration
		use   func() error
		want  time.Time
	}{
		{0, plain, now},
		{59 * time.Minute, plain, now},
		{2 * time.Minute, func() error { return exchange(1, "Ana's phone") }, now.Add(61 * time.Minute)},
		{time.Minute, func() error { return exchange(0, "") }, now.Add(61 * time.Minute)},
		{2 * time.Hour, plain, now.Add(182 * time.Minute)},
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

// usedWith looks at which app password a log-in was made with.
func usedWith(t *testing.T, app string) func(Account, error) error {
	return func(acc Account, err error) error {
		if err == nil && acc.App != app {
			t.Errorf("logged in with %q, want %q", acc.App, app)
		}
		return err
	}
}
