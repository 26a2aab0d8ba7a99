package page

import (
	"context"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"buzon/internal/doctor"
	"buzon/internal/message"
	"buzon/internal/store"
	"buzon/internal/text"
	"buzon/internal/update"
)

// send uploads a file as a browser does.
func (br *browser) send(path, from string, content []byte) *httptest.ResponseRecorder {
	br.t.Helper()
	body, kind := multipartOf(br.t, content)
	if from != "" {
		path += "?token=" + br.token(from)
	}
	r := httptest.NewRequest(http.MethodPost, path, body)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return br.do(r)
}

// shows tells whether a page has the beginning of a text.
func (br *browser) shows(path, key string) bool {
	br.t.Helper()
	start, _, _ := strings.Cut(text.Load("en").Say(key), "{")
	return strings.Contains(br.get(path).Body.String(), html.EscapeString(strings.TrimSpace(start)))
}

// A backup that is downloaded is a whole file of ours, is noted, and leaves nothing on the disk. What is uploaded takes the
// place of all only after it was looked at and the person said yes.
func TestBackupAndRestore(t *testing.T) {
	b := newBox(t)
	b.fill()
	admin := b.as("ana")
	w := admin.submit("/backup", "/backup/download")
	wantCode(t, "download", w, http.StatusOK)
	if d := w.Header().Get("Content-Disposition"); !strings.HasPrefix(d, `attachment; filename="buzon-2`) {
		t.Errorf("it is called %s", d)
	}
	backup := w.Body.Bytes()
	onlyTheFile(t, b)
	if _, _, found, err := b.store.Noted(context.Background(), doctor.NoteBackup); err != nil || !found {
		t.Errorf("the backup is not noted: %v", err)
	}
	if !admin.shows("/backup", "page_backup_last") {
		t.Error("the page does not tell of the backup")
	}
	wantCode(t, "an upload without a token", admin.send("/upload/restore", "", backup), http.StatusForbidden)
	wantCode(t, "luis's upload", b.as("luis").send("/upload/restore?token=x", "", backup), http.StatusForbidden)
	for what, c := range map[string]struct {
		content []byte
		said    string
	}{
		"a picture":     {[]byte(strings.Repeat("GIF89a", 1000)), "page_error_not_buzon"},
		"half of it":    {backup[:len(backup)/2], "page_error_damaged"},
		"another's":     {append([]byte("SQLite format 3\x00"), make([]byte, 9000)...), "page_error_not_buzon"},
		"nothing in it": {nil, "page_error_not_buzon"},
	} {
		wantCode(t, what, admin.send("/upload/restore", "/backup", c.content), http.StatusSeeOther)
		if !admin.shows("/backup", c.said) {
			t.Errorf("%s: the page does not say %s", what, c.said)
		}
		onlyTheFile(t, b)
	}
	wantCode(t, "upload", admin.send("/upload/restore", "/backup", backup), http.StatusSeeOther)
	if !admin.shows("/backup", "page_restore_do") || store.Staged(b.Data) {
		t.Error("the page does not ask, or did not wait for the answer")
	}
	wantCode(t, "no", admin.submit("/backup", "/backup/discard"), http.StatusSeeOther)
	onlyTheFile(t, b)
	wantCode(t, "upload again", admin.send("/upload/restore", "/backup", backup), http.StatusSeeOther)
	wantCode(t, "yes", admin.submit("/backup", "/backup/restore"), http.StatusOK)
	if !store.Staged(b.Data) {
		t.Error("nothing waits to take the place of the file")
	}
}

// onlyTheFile sees that nothing was left beside the file.
func onlyTheFile(t *testing.T, b *bench) {
	t.Helper()
	names, err := filepath.Glob(b.Data + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if end := strings.TrimPrefix(name, b.Data); end != "" && end != "-wal" && end != "-shm" {
			t.Errorf("%s was left", name)
		}
	}
}

// One copy at a time, and one that a crash left is no hindrance.
func TestCopies(t *testing.T) {
	b := newBox(t)
	admin := b.as("ana")
	if err := os.WriteFile(b.Data+copyEnd, []byte("of a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.copying.Store(true)
	wantCode(t, "while another goes on", admin.submit("/backup", "/backup/download"), http.StatusSeeOther)
	if !admin.shows("/backup", "page_error_copying") {
		t.Error("the page does not say that another goes on")
	}
	b.copying.Store(false)
	wantCode(t, "then", admin.submit("/backup", "/backup/download"), http.StatusOK)
	if b.copying.Load() {
		t.Error("it goes on for ever")
	}
	onlyTheFile(t, b)
}

// machine is the first process of an image.
type machine struct {
	mu     sync.Mutex
	did    []string
	taken  []byte
	answer error
}

func startMachine(t *testing.T) (*machine, update.Place) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			m.serve(t, conn)
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return m, update.Place{Kind: update.Image, Client: update.Client{Socket: socket}}
}

func (m *machine) serve(t *testing.T, conn net.Conn) {
	defer conn.Close()
	c, err := update.Accept(conn)
	if err != nil {
		t.Error(err)
		return
	}
	var last update.Answer
	switch c.Do {
	case update.DoStatus:
		last.Status = &update.Status{Version: "1.2.3", Board: "rpi", Other: "1.2.2", Last: &update.Outcome{Version: "1.2.3", From: "1.2.2", Result: "confirmed"}}
	case update.DoUpdate:
		if err := c.Say(update.Answer{Progress: &update.Progress{Step: update.StepWriting, Version: "1.3.0", Octets: 5, Total: 10}}); err != nil {
			t.Error(err)
		}
		content, err := io.ReadAll(c.Body)
		if err != nil {
			t.Error(err)
		}
		m.mu.Lock()
		m.taken = content
		m.mu.Unlock()
	}
	m.mu.Lock()
	m.did = append(m.did, c.Do)
	answer := m.answer
	m.mu.Unlock()
	if c.Do == update.DoStatus {
		answer = nil
	}
	if err := c.End(last, answer); err != nil {
		t.Error(err)
	}
}

// has is what was taken, and the last thing that was asked for.
func (m *machine) has() (string, string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return string(m.taken), m.did[len(m.did)-1]
}

// On our own image an update is uploaded or fetched, and the page says what became of it. Elsewhere it says who brings one.
func TestUpdate(t *testing.T) {
	m, place := startMachine(t)
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/new" {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, "fetched")
	}))
	defer site.Close()
	b := newBox(t, func(o *Options) { o.Place, o.Fetcher = place, site.Client() })
	admin := b.as("ana")
	for _, lang := range []string{"en", "es"} {
		admin.lang = lang
		body := admin.get("/update").Body.String()
		checkPage(t, lang, "/update", body)
		if !strings.Contains(body, "1.2.3 (rpi)") {
			t.Errorf("the page does not say what runs: %s", body)
		}
	}
	admin.lang = "en"
	wantCode(t, "an upload", admin.send("/upload/update", "/update", []byte("uploaded")), http.StatusSeeOther)
	if taken, _ := m.has(); taken != "uploaded" {
		t.Errorf("the machine took %q", taken)
	}
	wantCode(t, "to fetch one", admin.submit("/update", "/update/fetch", "url", site.URL+"/new"), http.StatusSeeOther)
	eventually(t, "the fetched update", func() bool { taken, _ := m.has(); return taken == "fetched" && !b.updating.now().Running })
	m.mu.Lock()
	m.answer = update.ErrSignature
	m.mu.Unlock()
	wantCode(t, "one of somebody else", admin.send("/upload/update", "/update", []byte("forged")), http.StatusSeeOther)
	if !admin.shows("/update", "page_update_signature") {
		t.Error("the page does not say that it is somebody else's")
	}
	wantCode(t, "to fetch nothing", admin.submit("/update", "/update/fetch", "url", site.URL+"/none"), http.StatusSeeOther)
	eventually(t, "the end of the fetch", func() bool { return !b.updating.now().Running })
	if !admin.shows("/update", "page_update_not_fetched") {
		t.Error("the page does not say that nothing was there")
	}
	m.mu.Lock()
	m.answer = nil
	m.mu.Unlock()
	wantCode(t, "restart", admin.submit("/update/restart", "/update/restart"), http.StatusOK)
	if _, did := m.has(); did != update.DoReboot {
		t.Errorf("the machine was asked for %s", did)
	}
	wantCode(t, "off", admin.submit("/update/restart?off=yes", "/update/restart", "off", "yes"), http.StatusOK)
	if _, did := m.has(); did != update.DoPowerOff {
		t.Errorf("the machine was asked for %s", did)
	}
	for kind, said := range map[update.Kind]string{
		update.Debian: "update_by_debian", update.OpenWrt: "update_by_openwrt", update.Container: "update_by_container", update.Static: "update_by_static",
	} {
		b := newBox(t, func(o *Options) { o.Place.Kind = kind })
		if admin := b.as("ana"); !admin.shows("/update", said) || strings.Contains(admin.get("/update").Body.String(), "/upload/update") {
			t.Errorf("%s: the page does not say %s, or offers more", kind, said)
		}
	}
}

// The doctor looks on a button; the page tells how far it is and what it found.
func TestDoctor(t *testing.T) {
	b := newBox(t)
	admin := b.as("ana")
	wantCode(t, "run", admin.submit("/doctor", "/doctor/run"), http.StatusSeeOther)
	eventually(t, "the end of the examination", func() bool { return !b.exam.now().Running })
	kept, err := doctor.Kept(context.Background(), b.store)
	if err != nil || len(kept) < 20 || len(b.exam.now().Said) != len(kept) {
		t.Fatalf("%d findings, %v", len(kept), err)
	}
	for _, lang := range []string{"en", "es"} {
		admin.lang = lang
		body := admin.get("/doctor").Body.String()
		checkPage(t, lang, "/doctor", body)
		for _, f := range kept {
			if title := doctor.Title(f.Check).In(text.Load(lang)); !strings.Contains(body, title) {
				t.Errorf("%s: %s is not on the page", lang, title)
			}
		}
	}
}

// A test of the relays tells each step, and that nobody took the mail.
func TestRelays(t *testing.T) {
	b := newBox(t)
	b.fill()
	admin := b.as("ana")
	wantCode(t, "test", admin.submit("/flow", "/flow/test", "to", "kim@far.test"), http.StatusSeeOther)
	eventually(t, "the end of the test", func() bool { return !b.trying.now().Running })
	if len(b.trying.now().Said) == 0 || !admin.shows("/flow", "page_error_relay_test") {
		t.Errorf("the page tells of %d steps", len(b.trying.now().Said))
	}
	if strings.Contains(admin.get("/flow").Body.String(), "relay-secret") {
		t.Error("the page shows a password")
	}
}

// What a phone gets is shown once: a link, a code with the password in it, or text.
func TestPhones(t *testing.T) {
	b := newBox(t)
	user := b.as("luis")
	for kind, want := range map[string]string{"apple": "http://buzon.local/phone/", "android": "<svg", "other": "mail.example.org"} {
		w := user.submit("/me", "/me/phone", "device", "robot "+kind, "kind", kind)
		wantCode(t, kind, w, http.StatusSeeOther)
		body := user.get(w.Header().Get("Location")).Body.String()
		if !strings.Contains(body, want) {
			t.Errorf("%s: no %s on the page", kind, want)
		}
		checkPage(t, "en", "phone "+kind, body)
		if w := user.get("/me/phone"); w.Code != http.StatusSeeOther {
			t.Errorf("%s: it is shown twice", kind)
		}
	}
	if hasApp(t, b, luis, "robot apple") || !hasApp(t, b, luis, "robot android") || !hasApp(t, b, luis, "robot other") {
		t.Error("passwords are made when they are handed out, not before")
	}
	for i := range 5 { // of one's own they are capped; of all, too
		wantCode(t, "link", user.submit("/me", "/me/phone", "device", strings.Repeat("x", i+1), "kind", "apple"), http.StatusSeeOther)
	}
}

// Lists are shown in pages, each of which is had from the one before, and nothing is left out.
func TestPaging(t *testing.T) {
	b := newBox(t)
	ctx := context.Background()
	var refusals []store.Refusal
	for i := range 2*mailRows + 3 {
		client := "203.0.113." + itoa(int64(i))
		refusals = append(refusals, store.Refusal{At: time.Unix(1_700_000_000+int64(i/2), 0), Times: 1, Client: client, Sender: "eve@bad.test", Reason: "listed"})
		if _, err := b.store.AddRule(ctx, store.Rule{Kind: store.RuleNetwork, Value: client}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.store.AddRefusals(ctx, refusals); err != nil {
		t.Fatal(err)
	}
	for i := range queueRows + 5 {
		b.queue("kim@far"+itoa(int64(i))+".test", "eva@far"+itoa(int64(i))+".test")
	}
	for i := range listRows + 5 {
		a := message.Address{Local: "a" + itoa(int64(i)), Domain: "example.org"}
		if err := b.store.AddAlias(ctx, a, []message.Address{ana}); err != nil {
			t.Fatal(err)
		}
	}
	admin := b.as("ana")
	for _, c := range []struct {
		path, row string
		rows      int
		pages     int
	}{
		{"/mail/refused", "203.0.113.", 2*mailRows + 3, 3},
		{"/flow/rules", `value="203.0.113.`, 2*mailRows + 3, 2},
		{"/queue", `<td data-label="To">`, 2 * (queueRows + 5), 3},
		{"/people/aliases", `<td data-label="Alias">`, listRows + 5, 2},
	} {
		rows, pages := 0, 0
		for path := c.path; path != ""; pages++ {
			body := admin.get(path).Body.String()
			rows += strings.Count(body, c.row)
			path = nextPage(body)
		}
		if rows != c.rows || pages != c.pages {
			t.Errorf("%s: %d rows on %d pages, want %d on %d", c.path, rows, pages, c.rows, c.pages)
		}
	}
}

// nextPage is where "More" leads.
func nextPage(body string) string {
	before, _, found := strings.Cut(body, `">More</a>`)
	if !found {
		return ""
	}
	return strings.ReplaceAll(before[strings.LastIndex(before, `"`)+1:], "&amp;", "&")
}
