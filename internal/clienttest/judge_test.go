package clienttest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	foreign "github.com/emersion/go-msgauth/dkim"

	"buzon/internal/dns"
	"buzon/internal/dns/dnstest"
	"buzon/internal/message"
	"buzon/internal/verdict"
)

// judges runs testdata/judge.py with Debian's Python, which has the modules.
func judges(t *testing.T, action, module string, ask, answer any) {
	t.Helper()
	python := "/usr/bin/python3"
	if exec.Command(python, "-c", "import "+module).Run() != nil {
		isMissing(t, "python3-"+module)
	}
	script, err := filepath.Abs("testdata/judge.py")
	if err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(ask)
	if err != nil {
		t.Fatal(err)
	}
	b := &box{t: t, dir: t.TempDir()}
	out := b.program(t, string(in), python, script, action)
	if at := strings.LastIndexByte(strings.TrimSpace(out), '\n'); at >= 0 { // behind warnings
		out = out[at+1:]
	}
	if err := json.Unmarshal([]byte(out), answer); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

const judgedZone = `
	far.example        TXT "v=spf1 ip4:192.0.2.0/28 ip6:2001:db8::/64 include:_spf.big.example a:mail.far.example mx ~all"
	far.example        MX  10 mx.far.example.
	mx.far.example     A   192.0.2.99
	mx.far.example     AAAA 2001:db8:1::99
	mail.far.example   A   192.0.2.77
	_spf.big.example   TXT "v=spf1 ip4:198.51.100.0/24 exists:%{ir}.%{v}.allow.big.example -all"
	1.113.0.203.in-addr.allow.big.example A 127.0.0.2
	strict.example     TXT "v=spf1 redirect=_r.strict.example"
	_r.strict.example  TXT "v=spf1 ptr:far.example -all"
	99.2.0.192.in-addr.arpa PTR mx.far.example.
	broken.example     TXT "v=spf1 ip4:192.0.2.0/33 -all"
	late.example       TXT "v=spf1 ip4:192.0.2.1 -all bad:term"
	twice.example      TXT "v=spf1 -all"
	twice.example      TXT "v=spf1 +all"
	loop.example       TXT "v=spf1 include:loop.example -all"
	void.example       TXT "v=spf1 a:x1.void.example a:x2.void.example a:x3.void.example -all"
	neutral.example    TXT "v=spf1 ?all"
	empty.example      TXT "v=spf1"
	other.example      TXT "v=spf10 -all"
`

// TestPySPF asks pyspf the same as ourselves, over the same DNS.
func TestPySPF(t *testing.T) {
	type one struct {
		Address string `json:"address"`
		Sender  string `json:"sender"`
		Helo    string `json:"helo"`
	}
	m := dns.NewMap(judgedZone)
	server := dnstest.Start(t, m)
	_, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	number, _ := strconv.Atoi(port)
	var cases []one
	for _, address := range []string{"192.0.2.1", "192.0.2.77", "192.0.2.99", "198.51.100.7", "203.0.113.1", "203.0.113.2", "2001:db8::5", "2001:db8:1::99"} {
		for _, domain := range []string{"far", "strict", "broken", "late", "twice", "loop", "void", "neutral", "empty", "other", "none"} {
			cases = append(cases, one{address, "ana@" + domain + ".example", "mx.far.example"})
		}
		cases = append(cases, one{address, "", "far.example"}, one{address, "", "localhost"})
	}
	var theirs []string
	judges(t, "spf", "spf", map[string]any{"port": number, "cases": cases}, &theirs)
	for i, c := range cases {
		mail := verdict.Mail{Client: netip.MustParseAddr(c.Address), Helo: c.Helo, Resolver: m, Now: time.Now(), Body: section("Subject: x\r\n\r\n")}
		if c.Sender != "" {
			if mail.From, err = message.ParseAddress(c.Sender); err != nil {
				t.Fatal(err)
			}
		}
		v, err := verdict.Check(t.Context(), mail)
		if err != nil || v.SPF.Result != theirs[i] {
			t.Errorf("%+v: %s (%s), pyspf says %s, %v", c, v.SPF.Result, v.SPF.Reason, theirs[i], err)
		}
	}
}

func section(s string) *io.SectionReader {
	return io.NewSectionReader(strings.NewReader(s), 0, int64(len(s)))
}

// judgedMails are signed in all forms, whole and changed, and not signed. White space behind a field's colon stays as it is:
// the way that mail takes to opendkim loses it.
func judgedMails(t *testing.T, key *rsa.PrivateKey) []string {
	t.Helper()
	var all []string
	for _, mail := range signedMails() {
		mail = strings.ReplaceAll(mail, "muñoz.example", "far.example")
		all = append(all, mail)
		for _, c := range [][2]foreign.Canonicalization{{"simple", "simple"}, {"simple", "relaxed"}, {"relaxed", "simple"}, {"relaxed", "relaxed"}} {
			var signed strings.Builder
			options := &foreign.SignOptions{Domain: "far.example", Selector: "s", Signer: key, HeaderCanonicalization: c[0], BodyCanonicalization: c[1],
				HeaderKeys: []string{"From", "Subject", "Date", "To", "To", "X-None"}}
			if err := foreign.Sign(&signed, strings.NewReader(mail), options); err != nil {
				t.Fatal(err)
			}
			whole := signed.String()
			head, body, _ := strings.Cut(whole, "\r\n\r\n")
			all = append(all, whole, whole+"\r\n\r\n", whole+"more\r\n", strings.Replace(whole, "folded   here", "folded here", 1),
				strings.Replace(whole, "Subject: Hello", "Subject: hello", 1), "To: eve@example.net\r\n"+whole, head+"\r\n\r\n"+strings.ReplaceAll(body, "  ", " "),
				strings.Replace(whole, "From: Ana <", "FROM: Ana  <", 1), "X-None: a\r\n"+whole)
		}
	}
	return all
}

// TestJudgedMails sees that opendkim, dkimpy and we say the same of every mail.
func TestJudgedMails(t *testing.T) {
	need(t, "opendkim")
	key, records := judgedKey(t)
	mails := judgedMails(t, key)
	passed := 0
	for i, o := range judgeAll(t, records, mails) {
		passed += strings.Count(o.ours, verdict.Pass)
		if o.ours != o.opendkim || o.ours != o.dkimpy {
			t.Errorf("%s, opendkim says %q, dkimpy %q:\n%.1500s", o.ours, o.opendkim, o.dkimpy, mails[i])
		}
	}
	if passed < len(mails)/4 || passed > len(mails)*3/4 {
		t.Errorf("%d of %d hold", passed, len(mails))
	}
}

// opinion is what each says of a mail's first signature; "" where there is none.
type opinion struct{ ours, opendkim, dkimpy string }

// judgeAll asks all three, over the same keys.
func judgeAll(t *testing.T, records map[string]string, mails []string) []opinion {
	t.Helper()
	const name = "s._domainkey.far.example"
	var encoded []string
	for _, mail := range mails {
		encoded = append(encoded, base64.StdEncoding.EncodeToString([]byte(mail)))
	}
	var python []string
	judges(t, "dkim", "dkim", map[string]any{"records": records, "mails": encoded}, &python)
	m := dns.NewMap(name + " TXT " + quoted(records[name]))
	o := newOpenDKIM(t)
	writeFile(t, filepath.Join(o.dir, "keys"), name+" "+records[name]+"\n")
	said := regexp.MustCompile(`dkim=(pass|fail)`)
	all := make([]opinion, len(mails))
	for i, mail := range mails {
		v, err := verdict.Check(t.Context(), verdict.Mail{Client: netip.MustParseAddr("192.0.2.1"), Resolver: m, Now: time.Now(), Body: section(mail)})
		if err != nil {
			t.Fatal(err)
		}
		all[i].dkimpy = python[i]
		if len(v.DKIM) > 0 {
			all[i].ours = v.DKIM[0].Result
		}
		if found := said.FindStringSubmatch(o.verify(t, mail)); found != nil {
			all[i].opendkim = found[1]
		}
	}
	return all
}

func judgedKey(t *testing.T) (*rsa.PrivateKey, map[string]string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	record := "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public)
	records := map[string]string{"s._domainkey.far.example": record}
	for _, domain := range []string{"list.example", "near.example"} {
		records["arc._domainkey."+domain] = record
	}
	return key, records
}

// quoted is a text as zone files have it.
func quoted(s string) string {
	var b strings.Builder
	for chunk := range slices.Chunk([]byte(s), 200) {
		fmt.Fprintf(&b, "%q ", chunk)
	}
	return b.String()
}

// TestForeignSeals judges chains of ARC that dkimpy sealed, whole and changed, as dkimpy does.
func TestForeignSeals(t *testing.T) {
	key, records := judgedKey(t)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	m := dns.NewMap("_dmarc.far.example TXT \"v=DMARC1; p=reject\"")
	for name, record := range records {
		m.Add(name + ". TXT " + quoted(record))
	}
	const letter = "From: Ana <ana@far.example>\r\nTo: Luis <luis@home.example>\r\nSubject: Hello\r\nDate: Sun, 22 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@far.example>\r\n\r\nHello.\r\n"
	var sealed string
	judges(t, "seal", "dkim", map[string]any{"mail": base64.StdEncoding.EncodeToString([]byte(letter)), "key": private,
		"domains": []string{"list.example", "near.example"}, "time": time.Now().Unix()}, &sealed)
	text, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(text)
	mails := []string{whole, letter, whole + "more\r\n", strings.Replace(whole, "Subject: Hello", "Subject: hello", 1), strings.Replace(whole, "cv=pass", "cv=fail", 1),
		strings.Replace(whole, "i=1; list.example", "i=1; evil.example", 1), strings.Replace(whole, "cv=none", "cv=pass", 1)}
	var encoded []string
	for _, mail := range mails {
		encoded = append(encoded, base64.StdEncoding.EncodeToString([]byte(mail)))
	}
	var theirs []string
	judges(t, "arc", "dkim", map[string]any{"records": records, "mails": encoded}, &theirs)
	for i, mail := range mails {
		v, err := verdict.Check(t.Context(), verdict.Mail{Client: netip.MustParseAddr("192.0.2.1"), Resolver: m, Now: time.Now(), Body: section(mail), Trust: []string{"list.example", "near.example"}})
		if err != nil || v.ARC.Result != theirs[i] {
			t.Errorf("%d: %+v, dkimpy says %s, %v\n%s", i, v.ARC, theirs[i], err, mail)
		}
		if want := map[bool]string{true: verdict.None, false: verdict.Reject}[i == 0]; v.DMARC.Disposition != want {
			t.Errorf("%d: %+v", i, v.DMARC)
		}
	}
}
