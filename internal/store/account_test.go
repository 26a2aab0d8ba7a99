package store

import (
	"errors"
	"slices"
	"strings"
	"testing"

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
