package main

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"buzon/internal/browsertest"
	"buzon/internal/dns"
	"buzon/internal/message"
	"buzon/internal/sending"
	"buzon/internal/text"
)

const anasPassword = "river stone lantern oak"

var anaOfExample = message.Address{Local: "ana", Domain: "example.org"}

// guest is somebody with a browser at the page of an appliance.
type guest struct {
	*browsertest.Browser
	t     *testing.T
	box   *testAppliance
	words *text.Catalogue
}

// visit opens a browser before an appliance.
func visit(t *testing.T, a *testAppliance, o browsertest.Options) *guest {
	t.Helper()
	return (&guest{t: t, box: a}).stranger(o)
}

// stranger is another browser before the same appliance.
func (g *guest) stranger(o browsertest.Options) *guest {
	g.t.Helper()
	if o.Hosts == "" {
		o.Hosts = "MAP " + atHome + " 127.0.0.1"
	}
	return &guest{browsertest.Start(g.t, o), g.t, g.box, text.Load(o.Language)}
}

// atHome is where the box is for the browser: at an address as homes have them, which browsers trust less than loopback.
const atHome = "192.168.77.7"

// look opens a page of the appliance.
func (g *guest) look(path string) {
	g.t.Helper()
	g.Open(g.box.pageAt(atHome) + path)
}

// pageAt is the address of the page by another name of the box.
func (a *testAppliance) pageAt(host string) string {
	_, port, err := net.SplitHostPort(a.addr("http"))
	if err != nil {
		a.t.Fatal(err)
	}
	return "http://" + net.JoinHostPort(host, port)
}

// reads waits until the page says a sentence of the catalogue.
func (g *guest) reads(key string, pairs ...any) {
	g.t.Helper()
	if !g.words.Has(key) {
		g.t.Fatalf("no text %s", key)
	}
	g.See(strings.Join(strings.Fields(g.words.Say(key, pairs...)), " "))
}

// at fails the test unless the browser is at a path.
func (g *guest) at(path string) {
	g.t.Helper()
	if got := g.Path(); got != path {
		g.Picture("lost")
		g.t.Fatalf("at %s, not at %s", got, path)
	}
}

// check holds what every page must: nothing serious for axe-core, not wider than the window, no complaint; a picture is kept.
func (g *guest) check(name string) {
	g.t.Helper()
	g.Accessible()
	g.Fits()
	g.Picture(name)
	for _, c := range g.Complaints() {
		g.t.Errorf("%s: the browser complains: %s", name, c)
	}
}

// refused takes the one complaint that an answer with a status of refusal is.
func (g *guest) refused(status string) {
	g.t.Helper()
	list := g.Complaints()
	for _, c := range list {
		if !strings.Contains(c, "the server responded with a status of "+status) {
			g.t.Errorf("the browser complains: %s", c)
		}
	}
	if len(list) == 0 {
		g.t.Errorf("the answer was not %s", status)
	}
}

// logIn logs in as somebody of the appliance.
func (g *guest) logIn(address, password string) {
	g.t.Helper()
	g.look("/login")
	g.Fill("#address", address)
	g.Fill("#password", password)
	g.Click("main form button")
}

// decode reads the code for cameras in a picture, as a phone does.
func decode(t *testing.T, png []byte) string {
	t.Helper()
	path, err := exec.LookPath("zbarimg")
	if err != nil && os.Getenv("CI") == "" {
		t.Log("zbarimg is not installed: the code is not read")
		return ""
	}
	file := filepath.Join(t.TempDir(), "code.png")
	if err := os.WriteFile(file, png, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file).Output()
	if err != nil {
		t.Fatalf("no code is to be read: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// growing is a world whose zone grows while an appliance is in it.
type growing struct {
	world
	zone *dns.Map
	once sync.Once
}

func (w *growing) outside(o *sending.Options) {
	w.world.outside(o)
	w.once.Do(func() { w.zone = o.Resolver.(*dns.Map) })
	o.Resolver = w.zone
}

// publish puts the records that a page shows into the zone, as their owner would at the provider: by copying.
func (g *guest) publish(zone *dns.Map) (count int) {
	g.t.Helper()
	var rows [][]string
	g.Value(`[...document.querySelectorAll("#records tbody tr")].map(tr => [...tr.querySelectorAll("code")].map(c => c.textContent).concat(tr.children[1].textContent))`, &rows)
	for _, row := range rows {
		name, value, kind := row[0], row[1], row[2]
		if kind == "TXT" {
			value = txtPieces(value)
		}
		zone.Add(name + " " + kind + " " + value)
	}
	return len(rows)
}

// txtPieces is a text as a zone file has it: in strings of less than 256 octets (RFC 1035 §3.3.14).
func txtPieces(value string) string {
	var pieces []string
	for len(value) > 0 {
		n := min(len(value), 200)
		quoted, err := json.Marshal(value[:n])
		if err != nil {
			panic(err) // cannot be: it is a text
		}
		pieces, value = append(pieces, string(quoted)), value[n:]
	}
	return strings.Join(pieces, " ")
}
