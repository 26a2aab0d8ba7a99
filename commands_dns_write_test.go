package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	miekg "github.com/miekg/dns"
	"golang.org/x/sys/unix"

	"buzon/internal/cli"
)

// primary is a name server that takes updates for example.org, signed with the key "buzon." (RFC 2136, 8945).
type primary struct {
	addr string
	mu   sync.Mutex
	zone []miekg.RR
}

const updateKey = "c2VjcmV0"

func startPrimary(t *testing.T, records ...string) *primary {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &primary{addr: l.Addr().String()}
	for _, text := range append(records, "example.org. 60 IN SOA ns.example.org. root.example.org. 1 2 3 4 5") {
		rr, err := miekg.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		p.zone = append(p.zone, rr)
	}
	server := &miekg.Server{Listener: l, Handler: p, TsigSecret: map[string]string{"buzon.": updateKey}, MsgAcceptFunc: func(miekg.Header) miekg.MsgAcceptAction { return miekg.MsgAccept }}
	go server.ActivateAndServe()
	t.Cleanup(func() { _ = server.Shutdown() })
	return p
}

// ServeDNS implements dns.Handler.
func (p *primary) ServeDNS(w miekg.ResponseWriter, m *miekg.Msg) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := new(miekg.Msg).SetReply(m)
	switch {
	case m.IsTsig() == nil || w.TsigStatus() != nil:
		r.Rcode = miekg.RcodeRefused
	case m.Opcode == miekg.OpcodeUpdate:
		for _, rr := range m.Ns {
			p.update(rr)
		}
	default:
		r.Answer = p.answer(m.Question[0])
	}
	if m.IsTsig() != nil && w.TsigStatus() == nil {
		r.SetTsig("buzon.", miekg.HmacSHA256, 300, time.Now().Unix())
	}
	_ = w.WriteMsg(r)
}

func (p *primary) update(rr miekg.RR) {
	h := rr.Header()
	if h.Class == miekg.ClassNONE { // RFC 2136 §2.5.4
		h.Class = miekg.ClassINET
		p.zone = slices.DeleteFunc(p.zone, func(o miekg.RR) bool { return miekg.IsDuplicate(o, rr) })
		return
	}
	p.zone = append(p.zone, rr)
}

// answer has the SOA for every name, which a client looks for.
func (p *primary) answer(q miekg.Question) (list []miekg.RR) {
	for _, rr := range p.zone {
		h := rr.Header()
		if h.Rrtype == q.Qtype && (h.Name == q.Name || h.Rrtype == miekg.TypeSOA) || h.Rrtype == miekg.TypeCNAME && h.Name == q.Name {
			list = append(list, rr)
		}
	}
	return list
}

// values are those of a name and type.
func (p *primary) values(name, kind string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, rr := range p.zone {
		if h := rr.Header(); h.Name == name+"." && miekg.TypeToString[h.Rrtype] == kind {
			list = append(list, strings.TrimPrefix(rr.String(), h.String()))
		}
	}
	return strings.Join(list, ", ")
}

// The command writes at the owner's name server what is missing, leaves what is others' unless it is told not to, and has
// nothing to do the second time.
func TestDNSWriteCommand(t *testing.T) {
	t.Parallel()
	p := startPrimary(t, "example.org. 300 IN MX 5 mx.provider.example.", "example.org. 300 IN TXT \"site=1\"")
	data := filepath.Join(t.TempDir(), "home.db")
	run := func(args, out, err string, status int) console {
		t.Helper()
		got := buzon(t, "", append(words(args), "--data", data)...)
		if got.status != status || !strings.Contains(got.out, out) || !strings.Contains(got.err, err) {
			t.Errorf("buzon %s: %+v", args, got)
		}
		return got
	}
	const write = "dns example.org --address 192.0.2.7 --write"
	run("domain add example.org", "example.org", "", 0)
	run("settings set server.name mail.example.org", "mail.example.org", "", 0)
	run(write, "", "buzon settings set dns.provider cloudflare", 1)
	run("settings set dns.provider rfc2136", "", "", 0)
	run("settings set dns.server "+p.addr, "", "", 0)
	run("settings set dns.token buzon:d3Jvbmc=", "", "", 0)
	run(write, "", "The provider did not do it: read example.org: ", 1)
	run("settings set dns.token buzon:"+updateKey, "", "", 0)

	asked := run(write, "instead of MX 5 mx.provider.example.", "--yes", 1) // nobody can answer
	if !strings.Contains(asked.out, "_dmarc.example.org") || p.values("mail.example.org", "A") != "" {
		t.Errorf("%+v", asked)
	}
	var items []struct {
		State, Name, Type string
		Values, Others    []string
		Done              bool
	}
	asJSON := run(write+" --yes --json", "", "", 0)
	if err := json.Unmarshal([]byte(asJSON.out), &items); err != nil || len(items) < 15 {
		t.Fatalf("%v: %+v", err, asJSON)
	}
	for _, i := range items {
		if !i.Done || len(i.Values) == 0 || (i.State == "replace") != (i.Type == "MX") {
			t.Errorf("%+v", i)
		}
	}
	for what, want := range map[string]string{
		"example.org MX": "10 mail.example.org.", "mail.example.org A": "192.0.2.7", "autoconfig.example.org CNAME": "mail.example.org.",
		"example.org TXT": `"site=1", "v=spf1 mx ~all"`, "_imap._tcp.example.org SRV": "0 0 0 .",
	} {
		name, kind, _ := strings.Cut(what, " ")
		if got := p.values(name, kind); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	run(write, "Written for example.org: 0.", "", 0) // without a question
	run("dns example.org --address 192.0.2.8 --write --yes", "Written for example.org: 1.", "", 0)
	if got := p.values("mail.example.org", "A"); got != "192.0.2.8" {
		t.Errorf("A %s", got)
	}
}

// onTerminal is buzon on a pseudo-terminal, on which somebody types.
func onTerminal(t *testing.T, typed string, args ...string) console {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	defer person.Close()
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	defer file.Close()
	if _, err := person.WriteString(typed); err != nil {
		t.Fatal(err)
	}
	var out, errors bytes.Buffer
	status := run(t.Context(), cli.New(args, languageOnly("en"), file, &out, &errors), world{}.outside)
	return console{out.String(), errors.String(), status}
}

// A person is asked twice: for what is ours, and for what others put in its place.
func TestDNSWriteAsks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typed, mx, address string
		status             int
	}{
		{"n\n", "5 mx.provider.example.", "", 1},
		{"y\nn\n", "5 mx.provider.example.", "192.0.2.7", 0},
		{"y\ny\n", "10 mail.example.org.", "192.0.2.7", 0},
	} {
		p := startPrimary(t, "example.org. 300 IN MX 5 mx.provider.example.")
		data := filepath.Join(t.TempDir(), "home.db")
		for _, args := range []string{
			"domain add example.org", "settings set dns.provider rfc2136", "settings set dns.server " + p.addr, "settings set dns.token buzon:" + updateKey,
		} {
			if got := buzon(t, "", append(words(args), "--data", data)...); got.status != 0 {
				t.Fatalf("%s: %+v", args, got)
			}
		}
		got := onTerminal(t, c.typed, append(words("dns example.org --address 192.0.2.7 --write"), "--data", data)...)
		if got.status != c.status || !strings.Contains(got.err, "Write what is new or changed?") || !strings.Contains(got.out, "instead of MX 5 mx.provider.example.") {
			t.Errorf("%q: %+v", c.typed, got)
		}
		if mx, a := p.values("example.org", "MX"), p.values("mail.example.org", "A"); mx != c.mx || a != c.address {
			t.Errorf("%q: MX %s, A %s", c.typed, mx, a)
		}
	}
}
