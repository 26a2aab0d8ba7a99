package store

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"buzon/internal/message"
)

func newcomer(who, domain string) First {
	return First{Address: message.Address{Local: who, Domain: domain}, Name: " Ana García ", Password: "correct horse", Language: "es", Host: "mail." + domain, Next: "line"}
}

func TestBegin(t *testing.T) {
	s := newStore(t)
	acc, err := s.Begin(t.Context(), newcomer("ana", "example.org"))
	check(t, err)
	again, err := s.Account(t.Context(), acc.Address)
	check(t, err)
	if acc != again || !acc.Admin || acc.Name != "Ana García" || s.Settings().Language != "es" || s.Settings().ServerName != "mail.example.org" {
		t.Errorf("%+v, kept as %+v, language %s", acc, again, s.Settings().Language)
	}
	if ours, err := s.IsLocalDomain(t.Context(), "example.org"); err != nil || !ours {
		t.Errorf("domain: %v, %v", ours, err)
	}
	if next, _, _, err := s.Noted(t.Context(), NoteSetup); err != nil || next != "line" {
		t.Errorf("goes on at %q, %v", next, err)
	}
	_, err = s.AuthenticateOwner(t.Context(), "ana@example.org", "correct horse")
	check(t, err)
	_, err = s.Begin(t.Context(), newcomer("eve", "example.net"))
	wantErr(t, err, ErrExists)
	if domains, err := s.Domains(t.Context()); err != nil || len(domains) != 1 {
		t.Errorf("%v, %v", domains, err)
	}
}

// What fails leaves nothing, whether it fails before the transaction, in it, or at its very end.
func TestBeginFails(t *testing.T) {
	s := newStore(t)
	const rows = "SELECT (SELECT count(*) FROM domain) + (SELECT count(*) FROM account) + (SELECT count(*) FROM setting) + (SELECT count(*) FROM note)"
	before := count(t, s, rows)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for what, c := range map[string]struct {
		change func(*First)
		ctx    context.Context
		err    error
	}{
		"password": {func(f *First) { f.Password = "" }, t.Context(), ErrBadPassword},
		"name":     {func(f *First) { f.Name = "a\r\nBcc: x" }, t.Context(), ErrBadName},
		"octets":   {func(f *First) { f.Name = "\xff" }, t.Context(), ErrBadName},
		"long":     {func(f *First) { f.Name = strings.Repeat("a", maxName+1) }, t.Context(), ErrBadName},
		"literal":  {func(f *First) { f.Address.Domain = "[192.0.2.1]" }, t.Context(), ErrBadName},
		"local":    {func(f *First) { f.Address.Local = "" }, t.Context(), ErrBadName}, // seen after the domain was put in
		"language": {func(f *First) { f.Language = "xx" }, t.Context(), nil},
		"gone":     {func(*First) {}, over, context.Canceled},
	} {
		f := newcomer("ana", "example.org")
		c.change(&f)
		if _, err := s.Begin(c.ctx, f); err == nil || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("%s: %v", what, err)
		}
		if n := count(t, s, rows); n != before {
			t.Errorf("%s left %d rows", what, n-before)
		}
	}
	if s.Settings().Language != "en" {
		t.Error("the language changed all the same")
	}
}

// A domain without anybody, as a command or an older version left it, does not stand in the way.
func TestBeginWithDomain(t *testing.T) {
	s := newStore(t)
	check(t, s.AddDomain(t.Context(), "example.org"))
	check(t, s.Set(t.Context(), "server.name", "box.example.net"))
	_, err := s.Begin(t.Context(), newcomer("ana", "example.org"))
	check(t, err)
	if name := s.Settings().ServerName; name != "box.example.net" {
		t.Errorf("the server is called %s now", name)
	}
}

// Of two who begin at once, one does.
func TestBeginTwice(t *testing.T) {
	s := newStore(t)
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		all.Go(func() { _, errs[i] = s.Begin(context.Background(), newcomer(string(rune('a'+i)), "example.org")) })
	}
	all.Wait()
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		} else if !errors.Is(err, ErrExists) {
			t.Error(err)
		}
	}
	if n := count(t, s, "SELECT count(*) FROM account"); done != 1 || n != 1 {
		t.Errorf("%d began, %d accounts", done, n)
	}
}
