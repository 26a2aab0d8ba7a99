package zone

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"buzon/internal/message"
)

func facts() Facts {
	return Facts{
		Domain:    "example.org",
		Host:      "mail.example.org",
		Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")},
		Out:       WaysOut{Direct: true},
		Keys: []Key{
			{"b2026a-rsa._domainkey.example.org", "v=DKIM1; k=rsa; p=" + strings.Repeat("A", 392), ForDKIM},
			{"b2026b-rsa._domainkey.example.org", "v=DKIM1; k=rsa; p=B", ForDKIMNext},
		},
		Reports:  message.Address{Local: "postmaster", Domain: "example.org"},
		Services: Services(),
	}
}

// lines are the records, each as one line.
func lines(t *testing.T, f Facts) []string {
	t.Helper()
	records, err := Records(f)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range records {
		all = append(all, r.Name+" "+r.Type+" "+r.Value)
	}
	return all
}

func TestRecords(t *testing.T) {
	want := []string{
		"example.org MX 10 mail.example.org.",
		"mail.example.org A 192.0.2.1",
		"mail.example.org AAAA 2001:db8::1",
		"example.org TXT v=spf1 mx ~all",
		"mail.example.org TXT v=spf1 a ~all",
		"b2026a-rsa._domainkey.example.org TXT v=DKIM1; k=rsa; p=" + strings.Repeat("A", 392),
		"b2026b-rsa._domainkey.example.org TXT v=DKIM1; k=rsa; p=B",
		"_dmarc.example.org TXT v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org",
		"_mta-sts.example.org TXT v=STSv1; id=" + policyID(Policy("mail.example.org", false)),
		"mta-sts.example.org CNAME mail.example.org.",
		"_smtp._tls.example.org TXT v=TLSRPTv1; rua=mailto:postmaster@example.org",
		"_imaps._tcp.example.org SRV 0 1 993 mail.example.org.",
		"_pop3s._tcp.example.org SRV 10 1 995 mail.example.org.",
		"_submissions._tcp.example.org SRV 0 1 465 mail.example.org.",
		"_submission._tcp.example.org SRV 10 1 587 mail.example.org.",
		"_autodiscover._tcp.example.org SRV 0 1 443 mail.example.org.",
		"autoconfig.example.org CNAME mail.example.org.",
		"autodiscover.example.org CNAME mail.example.org.",
		"ua-auto-config.example.org CNAME mail.example.org.",
		"_ua-auto-config.example.org TXT v=UAAC1; a=sha256; d=" + digestOfExample,
		"_imap._tcp.example.org SRV 0 0 0 .",
		"_pop3._tcp.example.org SRV 0 0 0 .",
	}
	if got := lines(t, facts()); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// paccOfExample is the document, octet for octet.
const paccOfExample = `{"protocols":{"imap":{"host":"mail.example.org"},"pop3":{"host":"mail.example.org"},` +
	`"smtp":{"host":"mail.example.org"},"submit":{"host":"mail.example.org"}},` +
	`"authentication":{"password":true},"info":{"provider":{"name":"example.org"}}}`

// digestOfExample is what openssl and base64 make of it.
const digestOfExample = "mi413aH3fRp0C8VHNIzA4eDXqxRpVE2J3gnoerD3OjI="

// The document tells where this server is, in whatever case its names were written, and only of the ports that it can.
func TestPACC(t *testing.T) {
	z := zone{Facts: facts()}
	port := z.port
	for _, c := range []struct{ domain, host string }{{"example.org", "mail.example.org"}, {"Example.ORG", "Mail.Example.org"}} {
		if got, err := PACC(c.domain, c.host, port); err != nil || string(got) != paccOfExample {
			t.Errorf("%v: %s %v", c, got, err)
		}
	}
	elsewhere := func(service string) int { return port(service) + 10000 }
	if got, err := PACC("example.org", "mail.example.org", elsewhere); err != nil || strings.Contains(string(got), "host") {
		t.Errorf("%s %v", got, err)
	}
	f := facts()
	f.Host = "box.example.net"
	if strings.Contains(strings.Join(lines(t, f), "\n"), digestOfExample) {
		t.Error("the same digest for another document")
	}
}

func TestSPF(t *testing.T) {
	source := netip.MustParseAddr("::ffff:198.51.100.7")
	for _, c := range []struct {
		out  WaysOut
		want string
	}{
		{WaysOut{Direct: true}, "v=spf1 mx ~all"},
		{WaysOut{Direct: true, Sources: []netip.Addr{source, netip.MustParseAddr("2001:db8::7")}}, "v=spf1 mx ip4:198.51.100.7 ip6:2001:db8::7 ~all"},
		{WaysOut{Includes: []string{"spf.brevo.com", "_spf.google.com"}}, "v=spf1 include:spf.brevo.com include:_spf.google.com ~all"},
		{WaysOut{Direct: true, Includes: []string{"spf.brevo.com"}}, "v=spf1 mx include:spf.brevo.com ~all"},
		{WaysOut{Unknown: true}, "v=spf1 ?all"},
	} {
		f := facts()
		f.Out = c.out
		got := lines(t, f)
		if !slices.Contains(got, "example.org TXT "+c.want) {
			t.Errorf("%+v: no %q in %q", c.out, c.want, got)
		}
		if slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "mail.example.org TXT") }) != c.out.Direct {
			t.Errorf("%+v: SPF of the host: %q", c.out, got)
		}
	}
}

// A server that serves several domains has a name in one of them.
func TestHostElsewhere(t *testing.T) {
	f := facts()
	f.Host = "mail.example.net."
	for _, line := range lines(t, f) {
		if strings.HasPrefix(line, "mail.") || strings.Contains(line, " A ") || strings.Contains(line, "mail.example.org") {
			t.Errorf("does not belong here: %s", line)
		}
	}
	// Nor is one whose name only ends alike.
	f.Host = "mail.notexample.org"
	if got := lines(t, f); slices.Contains(got, "mail.notexample.org A 192.0.2.1") {
		t.Error(got)
	}
	// The domain itself can be the host, and a name is not an alias of itself.
	f.Host = "example.org"
	if got := lines(t, f); !slices.Contains(got, "example.org A 192.0.2.1") || slices.Contains(got, "example.org TXT v=spf1 a ~all") {
		t.Error(got)
	}
	f.Host = "autoconfig.example.org"
	if got := lines(t, f); slices.Contains(got, "autoconfig.example.org CNAME autoconfig.example.org.") {
		t.Error(got)
	}
}

func TestBadNames(t *testing.T) {
	for _, change := range []func(*Facts){
		func(f *Facts) { f.Domain = "[192.0.2.1]" },
		func(f *Facts) { f.Domain = "" },
		func(f *Facts) { f.Host = "two words" },
		func(f *Facts) { f.Host = "a\n.example.org" },
	} {
		f := facts()
		change(&f)
		if got, err := Records(f); err == nil {
			t.Errorf("%q %q: %v", f.Domain, f.Host, got)
		}
	}
}

// A parser that is not ours reads the file, and finds in it what Records said.
func TestFile(t *testing.T) {
	f := facts()
	f.Domain, f.Host = "Muñoz.example", "correo.muñoz.example"
	f.Reports = message.Address{Local: "a,b!c", Domain: "muñoz.example"}
	f.Keys[0].Name = "b2026a-rsa._domainkey.xn--muoz-hqa.example"
	records, err := Records(f)
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	say := func(p Purpose) string { return "for " + string(p) + "\nsecond line" }
	if err := WriteFile(&file, f.Domain, records, say); err != nil {
		t.Fatal(err)
	}
	parser := dns.NewZoneParser(strings.NewReader(file.String()), "", "test")
	for _, want := range records {
		got, ok := parser.Next()
		if !ok {
			t.Fatalf("%v in\n%s", parser.Err(), file.String())
		}
		h := got.Header()
		if h.Name != want.Name+"." || dns.TypeToString[h.Rrtype] != want.Type || h.Ttl != uint32(want.TTL.Seconds()) {
			t.Errorf("%v, want %+v", got, want)
		}
		value := strings.TrimPrefix(got.String(), h.String())
		if txt, ok := got.(*dns.TXT); ok {
			value = strings.Join(txt.Txt, "")
		}
		if value != want.Value {
			t.Errorf("%q, want %q", value, want.Value)
		}
	}
	if _, more := parser.Next(); more || parser.Err() != nil {
		t.Errorf("more: %v", parser.Err())
	}
	for _, want := range []string{"$ORIGIN xn--muoz-hqa.example.\n", "@ 3600 IN MX 10 correo.xn--muoz-hqa.example.\n",
		"; for dns_mx\n; second line\n", "rua=mailto:a%2Cb%21c@xn--muoz-hqa.example\""} {
		if !strings.Contains(file.String(), want) {
			t.Errorf("no %q in\n%s", want, file.String())
		}
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"":                       `""`,
		"v=spf1 -all":            `"v=spf1 -all"`,
		`a"b\c`:                  `"a\"b\\c"`,
		"a\tñ":                   `"a\009\195\177"`,
		strings.Repeat("a", 255): `"` + strings.Repeat("a", 255) + `"`,
		strings.Repeat("a", 511): `"` + strings.Repeat("a", 255) + `" "` + strings.Repeat("a", 255) + `" "a"`,
	} {
		if got := Quote(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestPolicy(t *testing.T) {
	testing := Policy("correo.muñoz.example", false)
	if testing != "version: STSv1\r\nmode: testing\r\nmx: correo.xn--muoz-hqa.example\r\nmax_age: 86400\r\n" {
		t.Errorf("%q", testing)
	}
	enforce := Policy("mail.example.org", true)
	if enforce != "version: STSv1\r\nmode: enforce\r\nmx: mail.example.org\r\nmax_age: 604800\r\n" {
		t.Errorf("%q", enforce)
	}
	if id := policyID(testing); id == policyID(enforce) || len(id) != 20 || id != policyID(testing) {
		t.Error(id)
	}
	f := facts()
	f.Enforce = true
	if got := lines(t, f); !slices.Contains(got, "_mta-sts.example.org TXT v=STSv1; id="+policyID(enforce)) {
		t.Error(got)
	}
}

func TestPort(t *testing.T) {
	for service, want := range map[string]int{"imaps": 993, "submissions": 465, "submission": 587, "imap": 0, "pop3": 0, "gopher": 0} {
		if got := Port(service); got != want {
			t.Errorf("%s: %d", service, got)
		}
	}
}
