package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"buzon/internal/cli"
	"buzon/internal/doctor"
	"buzon/internal/outside"
	"buzon/internal/text"
)

// patient is a whole appliance at 192.0.2.1 of a world that knows it, with an outside eye that looks at it.
type patient struct {
	*testAppliance
	world world
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	a := startWithAna(t)
	p := &patient{testAppliance: a, world: world{Ports: map[string]string{}}}
	for port, name := range map[string]string{"25": "smtp", "80": "http", "443": "https", "465": "smtps", "587": "submission", "993": "imaps", "995": "pop3s"} {
		p.world.Ports["192.0.2.1:"+port] = a.addr(name)
	}
	p.buzon(t, "settings", "set", "server.name", "mail.example.test")
	p.buzon(t, "settings", "set", "doctor.outside", "198.51.100.9:8025")
	p.world.Ports["198.51.100.9:8025"] = p.eye(t)
	p.world.Zone = p.zone(t) + "1.2.0.192.in-addr.arpa. PTR mail.example.test.\n2.0.0.127.zen.spamhaus.org. A 127.0.0.2\n"
	p.trusted(t)
	return p
}

// eye is a checker, to whom this test comes from 192.0.2.1.
func (p *patient) eye(t *testing.T) string {
	t.Helper()
	eye := &outside.Server{Log: slog.New(slog.DiscardHandler), Now: time.Now, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		return p.world.dial(ctx, network, address)
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = "192.0.2.1:40000"
		eye.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// zone is all the records that the appliance wants.
func (p *patient) zone(t *testing.T) string {
	t.Helper()
	var records []struct{ Name, Type, Value string }
	said := p.buzon(t, "dns", "example.test", "--address", "192.0.2.1", "--json")
	if err := json.Unmarshal([]byte(said.out), &records); err != nil {
		t.Fatal(err, said.err)
	}
	var b strings.Builder
	for _, r := range records {
		if r.Type == "TXT" {
			var pieces []string
			for chunk := range slices.Chunk([]byte(r.Value), 200) {
				pieces = append(pieces, fmt.Sprintf("%q", chunk))
			}
			r.Value = strings.Join(pieces, " ")
		}
		fmt.Fprintf(&b, "%s. %s %s\n", r.Name, r.Type, r.Value)
	}
	return b.String()
}

// trusted makes the world believe the certificates that the appliance shows.
func (p *patient) trusted(t *testing.T) {
	t.Helper()
	conn := must[*http.Response](t)(discoverer(p.testAppliance).Get("https://autoconfig.example.test/mail/config-v1.1.xml"))
	defer conn.Body.Close()
	for _, c := range conn.TLS.PeerCertificates {
		p.world.Roots += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
}

// buzon runs a command line on the file of the appliance, which runs on, in its world.
func (p *patient) buzon(t *testing.T, args ...string) console {
	t.Helper()
	var out, errs bytes.Buffer
	c := cli.New(args, languageOnly("en"), strings.NewReader(""), &out, &errs)
	c.Args = append(c.Args, "--data", p.data)
	status := run(t.Context(), c, p.world.outside)
	return console{out.String(), errs.String(), status}
}

// finding is one of --json.
type findingJSON struct {
	Check, Title, Domain, Verdict, Code, Reason, Cure string
	At                                                time.Time
}

// examine gives what `buzon doctor --json` says, by check.
func (p *patient) examine(t *testing.T, status int, args ...string) map[string]findingJSON {
	t.Helper()
	said := p.buzon(t, append([]string{"doctor", "--json"}, args...)...)
	var list []findingJSON
	if err := json.Unmarshal([]byte(said.out), &list); err != nil {
		t.Fatalf("%v\n%s\n%s", err, said.out, said.err)
	}
	if said.status != status || (status != 0) != strings.Contains(said.err, "Something is wrong") {
		t.Errorf("status %d, %s", said.status, said.err)
	}
	found := map[string]findingJSON{}
	for _, f := range list {
		if f.Title == "" || f.Reason == "" || (f.Cure == "") != (f.Verdict == "pass") || f.At.IsZero() {
			t.Errorf("%+v", f)
		}
		found[f.Check] = f
	}
	return found
}

// A whole appliance that the world knows is well, beside a running server and as another process would see it.
func TestDoctor(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	found := p.examine(t, 0)
	for check, want := range map[string]string{
		"mx": "pass", "address": "pass", "ptr": "pass", "spf": "pass", "dkim": "pass", "dmarc": "pass", "mta-sts": "pass", "tls-rpt": "pass",
		"srv": "pass", "autoconfig": "pass", "ports": "pass", "inbound": "pass", "hairpin": "pass", "open-relay": "pass", "block-list": "pass",
		"ipv6": "pass", "queue": "pass", "relay": "unknown", "outbound25": "unknown", "clock": "unknown", "cgnat": "unknown",
		"dmarc-reports": "unknown", "tls-reports": "unknown",
		"cert":   "warn", // an own one
		"backup": "warn", // never made
	} {
		if f, ok := found[check]; !ok || f.Verdict != want {
			t.Errorf("%s: want %s: %+v", check, want, f)
		}
	}
	if _, ok := found["disk"]; !ok || len(found) != 26 {
		t.Errorf("%d checks", len(found))
	}
	kept, err := doctor.Kept(t.Context(), p.store)
	if err != nil || len(kept) != len(found) || doctor.Light(kept) != doctor.Warn {
		t.Errorf("kept %d: %v", len(kept), err)
	}
}

// What is wrong makes the status 1, with the cure; a backup is noticed.
func TestDoctorFindsFaults(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.world.Zone = strings.Replace(p.world.Zone, "example.test. MX 10 mail.example.test.", "example.test. MX 10 mx.elsewhere.example.", 1)
	delete(p.world.Ports, "192.0.2.1:25")
	p.buzon(t, "backup", filepath.Join(t.TempDir(), "copy.db"))
	found := p.examine(t, 1)
	if f := found["mx"]; f.Verdict != "fail" || f.Domain != "example.test" || !strings.Contains(f.Reason, "10 mx.elsewhere.example and not to mail.example.test") ||
		!strings.Contains(f.Cure, "buzon dns example.test") {
		t.Errorf("%+v", f)
	}
	if f := found["inbound"]; f.Verdict != "fail" || !strings.Contains(f.Reason, "port 25 at 192.0.2.1") {
		t.Errorf("%+v", f)
	}
	if f := found["backup"]; f.Verdict != "pass" {
		t.Errorf("%+v", f)
	}
	said := p.buzon(t, "doctor", "--lang", "es")
	for _, want := range []string{"mal: example.test: Quién recibe el correo (MX): El correo de example.test va a", "    Qué hacer: ", "bien: Puertos desde dentro: "} {
		if !strings.Contains(said.out, want) {
			t.Errorf("no %q in\n%s", want, said.out)
		}
	}
	if said.status != 1 || !strings.Contains(said.err, "Algo está mal: ") {
		t.Errorf("%+v", said)
	}
	line := p.examine(t, 1, "--line")
	if _, ok := line["mx"]; ok || len(line) != 8 {
		t.Errorf("%v", line)
	}
}

// Without a server there is much that is wrong, and nothing breaks.
func TestDoctorCommand(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "doctor", status: 1, err: "There is no file"},
		{args: "domain add example.org", err: "A new file"},
		{args: "settings set doctor.outside eye.example", out: "eye.example:8025"},
		{args: "doctor --fast", status: 2, err: "There is no option --fast"},
		{args: "outside --listen nowhere:x", status: 1, err: "rror"},
	})
}

// `buzon outside` is the eye, over a real connection; without --private it looks at nobody of a home.
func TestOutsideCommand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flags []string
		want  bool
	}{{nil, false}, {[]string{"--private"}, true}} {
		b := inBackground(t, append([]string{"outside", "--listen", "127.0.0.1:0"}, c.flags...)...)
		if !b.lines.Scan() {
			t.Fatal(b.errs.String())
		}
		address := strings.TrimSuffix(b.lines.Text()[strings.LastIndex(b.lines.Text(), " ")+1:], ".")
		answer, err := outside.Client{Address: address}.Look(t.Context(), "tcp4", "mail.example.org", []int{587})
		if (err == nil) != c.want || c.want && answer.Address.String() != "127.0.0.1" {
			t.Errorf("%v: %+v %v", c.flags, answer, err)
		}
		b.end(t)
	}
}

var command = regexp.MustCompile(`buzon ((?:[a-z][a-z-]*[ .,)]?)+)`)

// Whatever command a cure names is there.
func TestCuresNameCommands(t *testing.T) {
	t.Parallel()
	parser := must[*kong.Kong](t)(kong.New(new(commands), kong.Name("buzon"), kong.NoDefaultHelp()))
	n := 0
	for _, lang := range text.Languages() {
		for key, said := range text.Load(lang).All() {
			if !strings.HasPrefix(key, "doctor_") && !strings.HasPrefix(key, "line_") {
				continue
			}
			for _, m := range command.FindAllStringSubmatch(said, -1) {
				n++
				node := parser.Model.Node
				for i, word := range strings.Fields(m[1]) {
					at := slices.IndexFunc(node.Children, func(c *kong.Node) bool { return c.Name == strings.TrimRight(word, ".,)") })
					if at < 0 {
						if i == 0 || len(node.Children) > 0 {
							t.Errorf("%s: %s: there is no %q in %q", lang, key, word, said)
						}
						break
					}
					node = node.Children[at]
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d commands were found", n)
	}
}
