package store

import (
	"errors"
	"testing"

	"buzon/internal/message"
)

// The first account looks after the box, and somebody always does, but where the last is removed on purpose.
func TestAdmin(t *testing.T) {
	s := openMail(t)
	ctx := t.Context()
	if err := s.AddDomain(ctx, "admin.example"); err != nil {
		t.Fatal(err)
	}
	who := func(local string) message.Address { return message.Address{Local: local, Domain: "admin.example"} }
	admins := func(want string) {
		t.Helper()
		all, err := s.Accounts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, a := range all {
			if a.Admin {
				got += a.Address.Local + " "
			}
		}
		if got != want {
			t.Errorf("%q look after the box, want %q", got, want)
		}
	}
	for _, local := range []string{"ana", "luis"} {
		if _, err := s.AddAccount(ctx, who(local), "a long password"); err != nil {
			t.Fatal(err)
		}
	}
	admins("ana ")
	for _, tt := range []struct {
		local string
		admin bool
		err   error
		want  string
	}{
		{"ana", false, ErrLastAdmin, "ana "},
		{"ana", true, nil, "ana "},
		{"eva", true, ErrNoAccount, "ana "},
		{"luis", false, nil, "ana "},
		{"luis", true, nil, "ana luis "},
		{"ana", false, nil, "luis "},
	} {
		if err := s.SetAdmin(ctx, who(tt.local), tt.admin); !errors.Is(err, tt.err) {
			t.Errorf("%s %v: %v", tt.local, tt.admin, err)
		}
		admins(tt.want)
	}
	for local, want := range map[string]bool{"ana": false, "luis": true} {
		if last, err := s.IsLastAdmin(ctx, who(local)); last != want || err != nil {
			t.Errorf("%s is the last: %v, %v", local, last, err)
		}
	}
	// Who logged in a moment ago is not remembered as what he was.
	if acc, err := s.Authenticate(ctx, "luis@admin.example", "a long password"); err != nil || !acc.Admin {
		t.Errorf("%+v %v", acc, err)
	}
	if err := errors.Join(s.SetAdmin(ctx, who("ana"), true), s.SetAdmin(ctx, who("luis"), false)); err != nil {
		t.Fatal(err)
	}
	if acc, err := s.Authenticate(ctx, "luis@admin.example", "a long password"); err != nil || acc.Admin {
		t.Errorf("%+v %v", acc, err)
	}
	if err := s.RemoveAccount(ctx, who("ana")); err != nil {
		t.Fatal(err)
	}
	admins("")
}
