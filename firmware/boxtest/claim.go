package boxtest

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"buzon/firmware/boottest"
)

var claimCode = regexp.MustCompile(`Claim code: (\d{4} \d{4})\n`)

// ClaimCode waits until the console shows how the box is claimed.
func ClaimCode(t testing.TB, m *boottest.Running, within time.Duration) string {
	t.Helper()
	before := m.Await("Claim code: ", within)
	log := m.AwaitAfter(len(before), "\n", within)
	code := claimCode.FindStringSubmatch(log)
	if code == nil {
		t.Fatalf("no claim code in\n%s", log)
	}
	return code[1]
}

// Claim makes the box its Owner's, as she would: with the code of the console, by the forms of the page. She stays signed in.
func (b *Browser) Claim(code string) {
	b.t.Helper()
	page, at := b.open("/")
	page, at = b.post(page, at, "/setup", url.Values{"code": {code}})
	if !strings.HasSuffix(at.Path, "/setup/you") {
		b.t.Fatalf("after the code %q we are at %s:\n%s", code, at, page)
	}
	page, at = b.post(page, at, "/setup/you", url.Values{"name": {"Ana"}, "address": {Owner}, "password": {Password}, "again": {Password}})
	if !strings.HasSuffix(at.Path, "/setup/line") {
		b.t.Fatalf("after the first account we are at %s:\n%s", at, page)
	}
}

// TurnOff is the page's button for it, of a box that was claimed by this browser. Running.Ended tells whether it went off.
func (b *Browser) TurnOff() {
	b.t.Helper()
	page, at := b.open("/update/restart?off=yes")
	answer, err := b.client.Do(b.form(page, at, "/update/restart", url.Values{"off": {"yes"}}))
	if err == nil { // else it was off before it had answered
		answer.Body.Close()
	}
}
