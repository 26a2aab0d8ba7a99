package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"buzon/internal/keyring"
	"buzon/internal/message"
)

// person is somebody at the page of an appliance, with a browser that keeps cookies and follows redirects.
type person struct {
	t    *testing.T
	base string
	http.Client
}

func (a *testAppliance) person(t *testing.T) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{t: t, base: "http://" + a.addr("http"), Client: http.Client{Jar: jar}}
}

// read gives a page, and where one came to.
func (p *person) read(resp *http.Response, err error) (body, at string) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %s %v: %s", resp.Request.URL, resp.Status, err, text)
	}
	return string(text), resp.Request.URL.Path
}

func (p *person) open(path string) (body, at string) {
	p.t.Helper()
	return p.read(p.Get(p.base + path))
}

var formToken = regexp.MustCompile(`name="token" value="([^"]+)"`)

// send fills in the form on the page from.
func (p *person) send(from, path string, pairs ...string) (body, at string) {
	p.t.Helper()
	form := url.Values{}
	page, _ := p.open(from)
	if m := formToken.FindStringSubmatch(page); m != nil {
		form.Set("token", m[1])
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return p.read(p.PostForm(p.base+path, form))
}

var passwordLine = regexp.MustCompile(`<pre id="plain">(?s:.*?)</pre>`)

// A box that was just unpacked becomes somebody's by its page alone: code, address, line, records, test mail, a computer with
// a password of its own. Mail is served from the moment that the account is there.
func TestSetUpByPage(t *testing.T) {
	t.Parallel()
	a := unclaimed(t)
	ana := a.person(t)
	if _, at := ana.open("/"); at != "/setup" {
		t.Fatalf("one comes to %s", at)
	}
	if _, at := ana.send("/setup", "/setup", "code", a.claim.Code()); at != "/setup/you" {
		t.Fatalf("the code leads to %s", at)
	}
	const password = "four words in a row"
	_, at := ana.send("/setup/you", "/setup/you", "name", "Ana García", "address", "ana@example.org", "password", password, "again", password)
	if at != "/setup/line" {
		t.Fatalf("the form leads to %s", at)
	}
	eventually(t, "all services are open", func() bool { return strings.Join(a.services(), " ") == everyService })
	acc, err := a.store.Account(t.Context(), message.Address{Local: "ana", Domain: "example.org"})
	if err != nil || !acc.Admin || acc.Name != "Ana García" || a.name() != "mail.example.org" || a.claim.Code() != "" {
		t.Fatalf("%+v, %v; the server is called %s, the code is %q", acc, err, a.name(), a.claim.Code())
	}
	if keys, err := (keyring.Ring{Store: a.store, Now: a.now}).Keys(t.Context(), "example.org", ""); err != nil || len(keys) == 0 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	eventually(t, "the line is looked at", func() bool { body, _ := ana.open("/setup/line"); return strings.Contains(body, "Looked at:") })
	if body, _ := ana.send("/setup/line", "/setup/next", "step", "line"); !strings.Contains(body, "10 mail.example.org.") {
		t.Errorf("the records: %s", body)
	}
	if body, _ := ana.send("/setup/mail", "/setup/mail", "to", "ana@example.org"); !strings.Contains(body, "It is in the mailbox of ana@example.org.") {
		t.Errorf("the test mail: %s", body)
	}
	body, at := ana.send("/setup/phone", "/setup/phone", "kind", "other", "device", "Laptop")
	plain := passwordLine.FindString(body)
	if at != "/me/phone" || !strings.Contains(plain, "mail.example.org") {
		t.Fatalf("%s: %s", at, body)
	}
	a.mayRead(t, acc.Address, plain)
	for _, step := range []string{"dns", "certificate", "mail", "phone"} {
		ana.send("/setup/"+step, "/setup/next", "step", step, "later", "yes")
	}
	if _, at := ana.open("/"); at != "/status" {
		t.Errorf("the end is at %s", at)
	}
}

// mayRead holds that the password of a device stands among the words of a text, and opens the account to programs.
func (a *testAppliance) mayRead(t *testing.T, who message.Address, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		_, value, _ := strings.Cut(line, ":")
		if acc, err := a.store.Authenticate(t.Context(), who.String(), strings.TrimSpace(value)); err == nil && acc.App == "Laptop" {
			return
		}
	}
	t.Errorf("no password among %s", text)
}
