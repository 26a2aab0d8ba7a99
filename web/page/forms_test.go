package page

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"buzon/internal/message"
	"buzon/internal/store"
	"buzon/internal/text"
)

// form is one change that the page can make.
type form struct {
	path   string
	from   string // the page that has it
	fields []string
	holds  func(t *testing.T, b *bench) bool // what is so afterwards, and was not before
	said   string                            // key of the notice; "": it is no notice
	own    bool                              // everybody has it for themselves
}

func (b *bench) account(a message.Address) store.Account {
	b.t.Helper()
	acc, err := b.store.Account(context.Background(), a)
	if err != nil {
		b.t.Fatal(err)
	}
	return acc
}

func works(b *bench, a message.Address, password string) bool {
	_, err := b.store.Authenticate(context.Background(), a.String(), password)
	return err == nil
}

// rule tells whether there is such a rule.
func (b *bench) rule(acc store.AccountID, allow bool, value string) (found bool) {
	b.t.Helper()
	err := b.store.Rules(context.Background(), allow, func(r store.Rule) error {
		found = found || r.Account == acc && r.Value == value
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

func get[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (b *bench) setting(name string) string {
	value, _ := b.store.Settings().Get(name)
	return value
}

// forms is every form, in an order in which each finds what it needs.
func forms() []form {
	const account = "/people/account?address=luis@example.org"
	ctx := context.Background()
	return []form{
		{"/people/add", "/people", []string{"address", "eva@example.org", "password", "long enough words", "again", "long enough words", "quota", "1GB", "name", "Eva"},
			func(_ *testing.T, b *bench) bool {
				acc, err := b.store.Account(ctx, message.Address{Local: "eva", Domain: "example.org"})
				return err == nil && acc.Quota == 1<<30 && acc.Name == "Eva"
			}, "page_people_added", false},
		{"/people/quota", account, []string{"address", "luis@example.org", "quota", "2GB"},
			func(_ *testing.T, b *bench) bool { return b.account(luis).Quota == 2<<30 }, "page_saved", false},
		{"/people/name", account, []string{"address", "luis@example.org", "name", "Luis R"},
			func(_ *testing.T, b *bench) bool { return b.account(luis).Name == "Luis R" }, "page_saved", false},
		{"/people/admin", account, []string{"address", "luis@example.org", "admin", "yes"},
			func(_ *testing.T, b *bench) bool { return b.account(luis).Admin }, "page_people_admin", false},
		{"/people/admin", account, []string{"address", "luis@example.org"},
			func(_ *testing.T, b *bench) bool { return !b.account(luis).Admin }, "page_people_no_admin", false},
		{"/people/resume", "/people/account?address=ana@example.org", []string{"address", "ana@example.org"},
			func(t *testing.T, b *bench) bool {
				return len(get[[]store.PausedAccount](t)(b.store.PausedSending(ctx))) == 0
			}, "page_people_resumed", false},
		{"/people/password", account, []string{"address", "luis@example.org", "password", "quite another", "again", "quite another"},
			func(_ *testing.T, b *bench) bool { return works(b, luis, "quite another") }, "page_password_changed", false},
		{"/people/alias", "/people/aliases", []string{"alias", "team@example.org", "targets", "ana@example.org, luis@example.org"},
			func(t *testing.T, b *bench) bool { return len(get[[]store.Alias](t)(b.store.Aliases(ctx))) == 2 }, "page_alias_added", false},
		{"/people/unalias", "/people/aliases", []string{"alias", "team@example.org"},
			func(t *testing.T, b *bench) bool { return len(get[[]store.Alias](t)(b.store.Aliases(ctx))) == 1 }, "page_alias_removed", false},
		{"/people/app-password", account, []string{"address", "luis@example.org", "device", "tablet"},
			func(t *testing.T, b *bench) bool { return hasApp(t, b, luis, "tablet") }, "page_app_made", false},
		{"/people/revoke", account, []string{"address", "luis@example.org", "device", "tablet"},
			func(t *testing.T, b *bench) bool { return !hasApp(t, b, luis, "tablet") }, "page_app_revoked", false},
		{"/people/remove", "/people/remove?address=eva@example.org", []string{"address", "eva@example.org"},
			func(_ *testing.T, b *bench) bool {
				_, err := b.store.Account(ctx, message.Address{Local: "eva", Domain: "example.org"})
				return errors.Is(err, store.ErrNoAccount)
			}, "page_people_removed", false},
		{"/domains/add", "/domains", []string{"domain", "Example.NET"},
			func(t *testing.T, b *bench) bool {
				return get[bool](t)(b.store.IsLocalDomain(ctx, "example.net")) && len(get[[]store.DKIMKey](t)(b.store.DKIMKeys(ctx, "example.net"))) == 2
			}, "page_domain_added", false},
		{"/domains/rotate", "/domains/records?domain=example.net", []string{"domain", "example.net"},
			func(t *testing.T, b *bench) bool { return keysIn(t, b, store.KeyNext) == 2 }, "page_dkim_begun", false},
		{"/domains/rotate", "/domains/records?domain=example.net", []string{"domain", "example.net", "now", "yes"},
			func(t *testing.T, b *bench) bool { return keysIn(t, b, store.KeyRetired) == 2 }, "page_dkim_turned", false},
		{"/domains/remove", "/domains/remove?domain=example.net", []string{"domain", "example.net"},
			func(t *testing.T, b *bench) bool { return !get[bool](t)(b.store.IsLocalDomain(ctx, "example.net")) }, "page_domain_removed", false},
		{"/mail/rule", "/mail/refused", []string{"id", "1", "do", "allow"},
			func(_ *testing.T, b *bench) bool { return b.rule(0, true, "eve@bad.test") }, "page_rule_allowed", false},
		{"/mail/rule", "/mail/refused", []string{"id", "1", "do", "block", "server", "yes"},
			func(_ *testing.T, b *bench) bool { return b.rule(0, false, "203.0.113.9") }, "page_rule_blocked", false},
		{"/flow/rule", "/flow/rules", []string{"who", "@spam.test", "do", "block"},
			func(_ *testing.T, b *bench) bool { return b.rule(0, false, "spam.test") }, "page_rule_blocked", false},
		{"/flow/rule", "/flow/rules?allow=yes", []string{"who", "2001:db8::/48", "do", "allow"},
			func(_ *testing.T, b *bench) bool { return b.rule(0, true, "2001:db8::/48") }, "page_rule_allowed", false},
		{"/flow/unrule", "/flow/rules", []string{"allow", "false", "kind", "domain", "value", "spam.test"},
			func(_ *testing.T, b *bench) bool { return !b.rule(0, false, "spam.test") }, "page_rule_removed", false},
		{"/flow/relay", "/flow", []string{"relay", "relay.example.com:465", "user", "me", "password", "x"},
			func(t *testing.T, b *bench) bool { return len(get[[]store.Relay](t)(b.store.Relays(ctx))) == 2 }, "page_relay_set", false},
		{"/flow/unrelay", "/flow", []string{"relay", "relay.example.com:465", "for", ""},
			func(t *testing.T, b *bench) bool { return len(get[[]store.Relay](t)(b.store.Relays(ctx))) == 1 }, "page_relay_removed", false},
		{"/settings/set", "/settings", []string{"name", "receive.greylist", "value", "yes", "back", "/settings"},
			func(_ *testing.T, b *bench) bool { return b.setting("receive.greylist") == "yes" }, "page_setting_changed", false},
		{"/settings/set", "/flow", []string{"name", "receive.greylist", "do", "unset", "value", "yes", "back", "/flow"},
			func(_ *testing.T, b *bench) bool { return b.setting("receive.greylist") == "no" }, "page_setting_changed", false},
		{"/settings/set", "/flow", []string{"name", "send.way", "value", "relay", "back", "/flow"},
			func(_ *testing.T, b *bench) bool { return b.setting("send.way") == "relay" }, "page_setting_changed", false},
		{"/queue/change", "/queue", []string{"all", "yes", "do", "hold"},
			func(t *testing.T, b *bench) bool { return held(t, b) == 1 }, "page_queue_held", false},
		{"/queue/change", "/queue", []string{"all", "yes", "do", "release"},
			func(t *testing.T, b *bench) bool { return held(t, b) == 0 }, "page_queue_released", false},
		{"/queue/change", "/queue/drop?all=yes", []string{"all", "yes", "do", "drop"},
			func(_ *testing.T, b *bench) bool { return len(b.jobs()) == 0 }, "page_queue_dropped", false},

		{"/mail/block", "/mail", []string{"domain", "far.test"},
			func(_ *testing.T, b *bench) bool { return b.rule(0, false, "far.test") }, "page_rule_blocked", false},
		{"/people/release", "/people/here", []string{"who", "203.0.113.77"},
			func(t *testing.T, b *bench) bool { return len(get[[]store.Guarded](t)(b.store.GuardedNow(ctx))) == 0 }, "page_guard_released", false},

		{"/me/name", "/me", []string{"name", "Me"}, func(_ *testing.T, b *bench) bool { return b.account(luis).Name == "Me" }, "page_saved", true},
		{"/me/app-password", "/me", []string{"device", "watch"},
			func(t *testing.T, b *bench) bool { return hasApp(t, b, luis, "watch") }, "page_app_made", true},
		{"/me/revoke", "/me", []string{"device", "watch"},
			func(t *testing.T, b *bench) bool { return !hasApp(t, b, luis, "watch") }, "page_app_revoked", true},
		{"/me/vacation", "/me", []string{"text", "I am away", "from", "2026-12-24", "until", "2026-12-31"},
			func(t *testing.T, b *bench) bool {
				v, found, err := b.store.Vacation(ctx, b.account(luis).ID)
				return err == nil && found && v.Until.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.Local))
			}, "page_vacation_set", true},
		{"/me/vacation-off", "/me", nil,
			func(t *testing.T, b *bench) bool {
				_, found, _ := b.store.Vacation(ctx, b.account(luis).ID)
				return !found
			}, "page_vacation_off", true},
		{"/me/forward", "/me", []string{"targets", "kim@far.test", "keep", "yes"},
			func(t *testing.T, b *bench) bool {
				f, found, _ := b.store.Forward(ctx, b.account(luis).ID)
				return found && f.Keep
			}, "page_forward_set", true},
		{"/me/forward-off", "/me", nil,
			func(t *testing.T, b *bench) bool {
				_, found, _ := b.store.Forward(ctx, b.account(luis).ID)
				return !found
			}, "page_forward_off", true},
		{"/me/rule", "/me", []string{"who", "spam.test", "do", "block"},
			func(_ *testing.T, b *bench) bool { return b.rule(b.account(luis).ID, false, "spam.test") }, "page_rule_blocked", true},
		{"/me/unrule", "/me", []string{"allow", "false", "kind", "domain", "value", "spam.test"},
			func(_ *testing.T, b *bench) bool { return !b.rule(b.account(luis).ID, false, "spam.test") }, "page_rule_removed", true},
		{"/me/phone", "/me", []string{"device", "robot", "kind", "android"},
			func(t *testing.T, b *bench) bool { return hasApp(t, b, luis, "robot") }, "", true},
		{"/me/password", "/me", []string{"current", "quite another", "password", "a third one", "again", "a third one"},
			func(_ *testing.T, b *bench) bool { return works(b, luis, "a third one") }, "page_password_changed", true},
	}
}

// Nobody changes another's account by naming it in a form of one's own.
func TestOwnMeansOwn(t *testing.T) {
	b := newBox(t)
	user := b.as("luis")
	wantCode(t, "name", user.submit("/me", "/me/name", "name", "Eve", "address", "ana@example.org"), http.StatusSeeOther)
	wantCode(t, "device", user.submit("/me", "/me/app-password", "device", "eve", "address", "ana@example.org"), http.StatusSeeOther)
	if b.account(ana).Name != "" || b.account(luis).Name != "Eve" || hasApp(t, b, ana, "eve") || !hasApp(t, b, luis, "eve") {
		t.Errorf("ana is called %q", b.account(ana).Name)
	}
}

func hasApp(t *testing.T, b *bench, a message.Address, name string) bool {
	t.Helper()
	list := get[[]store.AppPassword](t)(b.store.AppPasswords(context.Background(), a))
	return slices.ContainsFunc(list, func(p store.AppPassword) bool { return p.Name == name })
}

func keysIn(t *testing.T, b *bench, state string) (n int) {
	t.Helper()
	for _, k := range get[[]store.DKIMKey](t)(b.store.DKIMKeys(context.Background(), "example.net")) {
		if k.State == state {
			n++
		}
	}
	return n
}

func held(t *testing.T, b *bench) int64 {
	t.Helper()
	_, held, err := b.store.QueueSize(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return held
}

// Every form changes the store as its command does, says so once, and does nothing for who may not.
func TestForms(t *testing.T) {
	b := newBox(t)
	b.fill()
	admin := b.as("ana")
	user := b.as("luis")
	for i, f := range forms() {
		admin.from, user.from = fmt.Sprintf("192.168.2.%d:5000", i+1), fmt.Sprintf("192.168.3.%d:5000", i+1) // nobody clicks so fast
		who := admin
		if f.own {
			if who = user; f.path == "/me/name" { // an admin has changed the password meanwhile
				user = b.with("luis", "quite another")
				who = user
			}
		}
		if f.holds(t, b) {
			t.Fatalf("%s %v: it was so before", f.path, f.fields)
		}
		refuses(t, b, f, who, user)
		w := who.submit(f.from, f.path, f.fields...)
		wantCode(t, f.path, w, http.StatusSeeOther)
		if !f.holds(t, b) {
			t.Errorf("%s %v changed nothing", f.path, f.fields)
		}
		if f.said != "" {
			tells(t, f, who, w)
		}
	}
}

// with is a browser in which somebody has logged in with that password.
func (b *bench) with(who, password string) *browser {
	b.t.Helper()
	br := b.browser()
	wantCode(b.t, "log-in", br.post("/login", "address", who+"@example.org", "password", password), http.StatusSeeOther)
	return br
}

// refuses sees that a form without its token, from another site, and of somebody who may not, changes nothing.
func refuses(t *testing.T, b *bench, f form, who, user *browser) {
	t.Helper()
	wantCode(t, f.path+" without a token", who.post(f.path, f.fields...), http.StatusForbidden)
	elsewhere := url.Values{"token": {who.token(f.from)}}
	for i := 0; i+1 < len(f.fields); i += 2 {
		elsewhere.Add(f.fields[i], f.fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, f.path, strings.NewReader(elsewhere.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	wantCode(t, f.path+" from another site", who.do(r), http.StatusForbidden)
	if !f.own {
		if w := user.post(f.path, append(f.fields, "token", "x")...); w.Code != http.StatusForbidden && w.Header().Get("Location") != "/login" {
			t.Errorf("luis at %s: %d", f.path, w.Code)
		}
	}
	if w := b.browser().post(f.path, f.fields...); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/login" {
		t.Errorf("a stranger at %s: %d", f.path, w.Code)
	}
	if f.holds(t, b) {
		t.Errorf("%s was done for who may not", f.path)
	}
}

// tells sees that the next page says what was done, and no page after it.
func tells(t *testing.T, f form, who *browser, w *httptest.ResponseRecorder) {
	t.Helper()
	start, _, _ := strings.Cut(text.Load("en").Say(f.said), "{")
	if start == "" {
		start = "notices\"><p class=\"good\""
	}
	path := w.Header().Get("Location")
	if first := who.get(path).Body.String(); !strings.Contains(first, `<p class="good">`) || !strings.Contains(first, start) {
		t.Errorf("%s says nothing of %q at %s", f.path, start, path)
	}
	if again := who.get(path).Body.String(); strings.Contains(again, `<p class="good">`+start) {
		t.Errorf("%s says it twice", f.path)
	}
}

// What somebody typed wrong is told on the page of the form, and changes nothing.
func TestMistakes(t *testing.T) {
	b := newBox(t)
	b.fill()
	admin := b.as("ana")
	for i, c := range []struct {
		from, path string
		said       string
		fields     []string
	}{
		{"/people", "/people/add", "page_error_address", []string{"address", "eva", "password", "long enough", "again", "long enough"}},
		{"/people", "/people/add", "page_error_two_passwords", []string{"address", "eva@example.org", "password", "long enough", "again", "not the same"}},
		{"/people", "/people/add", "page_error_short_password", []string{"address", "eva@example.org", "password", "short", "again", "short"}},
		{"/people", "/people/add", "page_error_no_domain", []string{"address", "eva@elsewhere.test", "password", "long enough", "again", "long enough"}},
		{"/people", "/people/add", "page_error_exists", []string{"address", "luis@example.org", "password", "long enough", "again", "long enough"}},
		{"/people", "/people/add", "page_error_size", []string{"address", "eva@example.org", "password", "long enough", "again", "long enough", "quota", "much"}},
		{"/people/account?address=ana@example.org", "/people/admin", "page_error_last_admin", []string{"address", "ana@example.org"}},
		{"/people/account?address=ana@example.org", "/people/remove", "page_error_last_admin", []string{"address", "ana@example.org"}},
		{"/people", "/people/quota", "page_error_no_account", []string{"address", "nobody@example.org", "quota", "1GB"}},
		{"/people/aliases", "/people/alias", "page_error_exists", []string{"alias", "luis@example.org", "targets", "ana@example.org"}},
		{"/people/aliases", "/people/unalias", "page_error_no_alias", []string{"alias", "none@example.org"}},
		{"/domains", "/domains/add", "page_error_domain", []string{"domain", "not a domain"}},
		{"/domains", "/domains/remove", "page_error_in_use", []string{"domain", "example.org"}},
		{"/queue", "/queue/change", "page_queue_gone", []string{"id", "999.1", "do", "retry"}},
		{"/mail/refused", "/mail/rule", "page_error_gone", []string{"id", "999", "do", "allow"}},
		{"/flow", "/flow/relay", "page_error_relay_host", []string{"relay", "not a host"}},
		{"/flow", "/flow/relay", "page_error_relay_user", []string{"relay", "gmail"}},
		{"/flow", "/flow/relay", "page_error_relay_password", []string{"relay", "gmail", "user", "ana"}},
		{"/flow", "/flow/relay", "page_error_relay_plain", []string{"relay", "smtp.example.net", "tls", "none"}},
		{"/flow", "/flow/unrelay", "page_error_gone", []string{"relay", "other.example.net:25"}},
		{"/flow/rules", "/flow/rule", "page_error_bad_name", []string{"who", "0.0.0.0/0", "do", "block"}},
		{"/settings", "/settings/set", "error_value_switch", []string{"name", "receive.greylist", "value", "perhaps", "back", "/settings"}},
		{"/settings", "/settings/set", "error_setting_file", []string{"name", "tls.cert-file", "value", "/no/such/file", "back", "/settings"}},
		{"/settings", "/settings/set", "error_setting_file", []string{"name", "tls.cert-file", "value", "forms_test.go", "back", "/settings"}},
		{"/settings", "/settings/set", "page_error_gone", []string{"name", "no.such", "value", "x", "back", "/settings"}},
		{"/me", "/me/password", "page_error_current", []string{"current", "guess", "password", "long enough", "again", "long enough"}},
		{"/me", "/me/vacation", "page_error_date", []string{"text", "x", "from", "tomorrow"}},
		{"/me", "/me/vacation", "page_error_vacation", []string{"text", ""}},
		{"/me", "/me/forward", "page_error_address", []string{"targets", "here and there"}},
		{"/me", "/me/forward", "page_error_forward", []string{"targets", "ana@example.org"}},
		{"/me", "/me/revoke", "page_error_gone", []string{"device", "none"}},
		{"/me", "/me/phone", "page_error_device", []string{"device", "", "kind", "apple"}},
		{"/update", "/update/fetch", "page_error_update_url", []string{"url", "http://example.org/x"}},
		{"/backup", "/backup/restore", "page_error_gone", nil},
	} {
		admin.from = fmt.Sprintf("192.168.2.%d:5000", i+1)
		w := admin.submit(c.from, c.path, c.fields...)
		wantCode(t, c.path, w, http.StatusSeeOther)
		start, _, _ := strings.Cut(text.Load("en").Say(c.said), "{")
		body := admin.get(w.Header().Get("Location")).Body.String()
		if !strings.Contains(body, `<p class="bad">`+start) && !(start == "" && strings.Contains(body, "It must be yes or no.")) {
			t.Errorf("%s %v does not say %q", c.path, c.fields, start)
		}
	}
}
