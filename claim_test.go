package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"buzon/internal/claim"
	"buzon/internal/mdns"
	"buzon/internal/message"
)

// unclaimed starts an appliance that has no owner yet.
func unclaimed(t *testing.T, changes ...func(*options)) *testAppliance {
	t.Helper()
	return startTest(t, append(changes, func(o *options) { o.owned = false })...)
}

// services are the names of the ports that are open.
func (a *testAppliance) services() (names []string) {
	for _, p := range a.ports.Listening() {
		names = append(names, p.Name)
	}
	return names
}

// eventually waits until what is to be is.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not so after 30 seconds: %s", what)
		}
	}
}

const everyService = "smtp smtps submission submission-alt pop3 pop3s imap imaps https http"

// Without an owner the page alone is open; with one, all is, without a restart, and the code goes.
func TestUnclaimed(t *testing.T) {
	t.Parallel()
	a := unclaimed(t)
	file := filepath.Join(filepath.Dir(a.data), claim.FileName)
	if got := strings.Join(a.services(), " "); got != "https http" || a.claimed() {
		t.Fatalf("open are %q, claimed %v", got, a.claimed())
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != a.claim.Code()+"\n" {
		t.Errorf("%q in the file, the code is %q: %v", text, a.claim.Code(), err)
	}
	if err := a.claim.Try(netip.MustParseAddr("192.168.1.5"), a.claim.Code()); err != nil {
		t.Error(err)
	}
	if err := a.store.AddDomain(t.Context(), "example.org"); err != nil {
		t.Fatal(err)
	}
	if !a.claimed() {
		t.Error("not claimed with a domain")
	}
	eventually(t, "the file of the code is gone", func() bool { _, err := os.Stat(file); return os.IsNotExist(err) })
	if got := strings.Join(a.services(), " "); got != everyService || a.claim.Code() != "" {
		t.Errorf("open are %q, the code is %q", got, a.claim.Code())
	}
	greeting(t, a.addr("smtp"))
	greeting(t, a.addr("imap"))
	// Who took his last domain away is still the owner.
	if err := a.store.RemoveDomain(t.Context(), "example.org"); err != nil || !a.claimed() {
		t.Errorf("%v, claimed %v", err, a.claimed())
	}
}

// A code of an earlier start does not stay beside a box that has an owner.
func TestClaimedRemovesOldCode(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data := filepath.Join(folder, "home.db")
	buzon(t, "", "domain", "add", "example.org", "--data", data)
	if err := claim.Write(filepath.Join(folder, claim.FileName), "1234 5678"); err != nil {
		t.Fatal(err)
	}
	a := unclaimed(t, func(o *options) { o.data = data })
	if _, err := os.Stat(filepath.Join(folder, claim.FileName)); !os.IsNotExist(err) || a.claim != nil || !a.claimed() {
		t.Errorf("%v, claim %v", err, a.claim)
	}
	if got := strings.Join(a.services(), " "); got != everyService {
		t.Errorf("open are %q", got)
	}
}

// The page of a box without an owner is for those who are near, whatever they ask for.
func TestUnclaimedGuard(t *testing.T) {
	t.Parallel()
	a := unclaimed(t)
	handler := claim.Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") }), a.claimed)
	status := func(from string) int {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	if status("203.0.113.5:40000") != http.StatusForbidden || status("192.168.1.5:40000") != http.StatusOK {
		t.Error("the guard does not stand")
	}
	if resp, err := http.Get("http://" + a.addr("http") + "/.well-known/acme-challenge/x"); err != nil || resp.StatusCode == http.StatusForbidden {
		t.Errorf("loopback: %v %v", resp, err)
	} else {
		resp.Body.Close()
	}
	if err := a.store.AddDomain(t.Context(), "example.org"); err != nil {
		t.Fatal(err)
	}
	if status("203.0.113.5:40000") != http.StatusOK {
		t.Error("the guard stays")
	}
}

// A port of mail that is taken is told at the start, not when somebody has claimed the box.
func TestUnclaimedTriesPorts(t *testing.T) {
	t.Parallel()
	host := freeAddress()
	l, err := net.Listen("tcp", host+":10993")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := buzon(t, "", "--ports", "high", "--listen", host, "--data", filepath.Join(t.TempDir(), "home.db"))
	if got.status != 1 || !strings.Contains(got.err, "Port 10993 is taken by another program") {
		t.Errorf("%+v", got)
	}
	for _, port := range []string{":10025", ":10080"} {
		if conn, err := net.Dial("tcp", host+port); err == nil {
			conn.Close()
			t.Errorf("%s is left open", port)
		}
	}
}

// A port of mail that is taken meanwhile ends us with the same words as at a start.
func TestClaimedPortTaken(t *testing.T) {
	t.Parallel()
	data, host := filepath.Join(t.TempDir(), "home.db"), freeAddress()
	b := inBackground(t, "--ports", "high", "--listen", host, "--data", data)
	b.untilReady(t)
	l, err := net.Listen("tcp", host+":10995")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := buzon(t, "", "domain", "add", "example.org", "--data", data); got.status != 0 {
		t.Fatalf("%+v", got)
	}
	for b.lines.Scan() {
	}
	if status := <-b.status; status != 1 || !strings.Contains(b.errs.String(), "Port 10995 is taken") {
		t.Errorf("%d %s", status, b.errs.String())
	}
}

// The whole way as a process: the console shows code and page, another command makes the owner, and within two seconds mail
// is taken.
func TestServeIsClaimed(t *testing.T) {
	t.Parallel()
	data, host := filepath.Join(t.TempDir(), "home.db"), freeAddress()
	b := inBackground(t, "--ports", "high", "--listen", host, "--data", data)
	out := b.untilReady(t)
	code := regexp.MustCompile(`type this code there: (\d{4} \d{4})\n`).FindStringSubmatch(out)
	if code == nil || !strings.Contains(out, "http://"+host+":10080\n") || strings.Contains(out, ":10025") {
		t.Fatalf("%s", out)
	}
	if text, err := os.ReadFile(filepath.Join(filepath.Dir(data), claim.FileName)); err != nil || string(text) != code[1]+"\n" {
		t.Errorf("%q, %v", text, err)
	}
	if conn, err := net.Dial("tcp", host+":10025"); err == nil {
		conn.Close()
		t.Error("mail is taken already")
	}
	if got := buzon(t, "", "domain", "add", "example.org", "--data", data); got.status != 0 {
		t.Fatalf("%+v", got)
	}
	if out := b.untilReady(t); !strings.Contains(out, host+":10025") || strings.Contains(out, "code") {
		t.Errorf("announced: %s", out)
	}
	greeting(t, host+":10025")
	greeting(t, host+":10143")
	b.end(t)
	b = inBackground(t, "--ports", "high", "--listen", host, "--data", data)
	if out := b.untilReady(t); !strings.Contains(out, host+":10025") || strings.Contains(out, "code") {
		t.Errorf("at the next start: %s", out)
	}
	b.end(t)
}

// A new code is announced on the console.
func TestNewCodeIsAnnounced(t *testing.T) {
	t.Parallel()
	a := unclaimed(t)
	first := a.claim.Code()
	for a.claim.Code() == first {
		from := netip.AddrFrom4([4]byte{127, 0, byte(time.Now().UnixNano() >> 8), byte(time.Now().UnixNano())}) // loopback waits for itself alone
		if err := a.claim.Try(from, "00000000"); err == nil {
			t.Skip("guessed it") // once in a hundred million
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	announced := 0
	goOn, err := a.wait(ctx, func(*appliance) error { announced++; cancel(); return nil })
	if goOn || err != nil || announced != 1 {
		t.Errorf("announced %d times: %v %v", announced, goOn, err)
	}
}

// How we are called in the home network: as the firmware or the owner has chosen, where somebody can come.
func TestNameAtHome(t *testing.T) {
	running := unclaimed(t)
	a := &appliance{store: running.store, log: running.log}
	for _, tt := range []struct {
		listen, env, setting string
		want                 string // "" where nobody is told
	}{
		{listen: "", want: "buzon.local"},
		{listen: "0.0.0.0", setting: "correo", want: "correo.local"},
		{listen: "192.168.1.5", env: "casa", setting: "correo", want: "casa.local"},
		{listen: "192.168.1.5", env: "not a name", setting: "correo", want: "correo.local"},
		{listen: "127.0.0.1", env: "casa"},
		{listen: "::1", env: "casa"},
	} {
		t.Setenv(hostEnv, tt.env)
		if tt.setting != "" {
			if err := a.store.Set(t.Context(), "local.name", tt.setting); err != nil {
				t.Fatal(err)
			}
		}
		var got mdns.Options
		names := a.newNames(options{listen: tt.listen, outside: world{}.outside, neighbours: func(o *mdns.Options) { got = *o }})
		if names.Name() != tt.want || got.Listen != tt.listen {
			t.Errorf("%+v: %q is told of %q", tt, names.Name(), got.Listen)
		}
	}
	if names := a.newNames(options{outside: world{}.outside}); names != nil {
		t.Error("in a world of a test the home network is told")
	}
}

// The page's own way to an owner: the first account looks after the box.
func TestFirstAccountIsAdmin(t *testing.T) {
	t.Parallel()
	a := unclaimed(t)
	if err := a.store.AddDomain(t.Context(), "example.org"); err != nil {
		t.Fatal(err)
	}
	for i, local := range []string{"ana", "luis"} {
		acc, err := a.store.AddAccount(t.Context(), message.Address{Local: local, Domain: "example.org"}, "a long password")
		if err != nil || acc.Admin != (i == 0) {
			t.Errorf("%s: admin %v, %v", local, acc.Admin, err)
		}
	}
}
