package store

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"buzon/internal/message"
)

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
