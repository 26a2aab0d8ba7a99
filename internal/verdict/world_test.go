package verdict

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"buzon/internal/dkim"
	"buzon/internal/dns"
	"buzon/internal/message"
)

var (
	now    = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	client = netip.MustParseAddr("192.0.2.1")
)

const letter = "From: Ana <ana@far.example>\r\n" +
	"To: Luis <luis@home.example>\r\n" +
	"Subject: Hello\r\n" +
	"Date: Sun, 22 Nov 2026 10:00:00 +0100\r\n" +
	"Message-ID: <1@far.example>\r\n" +
	"\r\n" +
	"Hello Luis,  \r\n\r\nhow are you?\r\n"

// onePair is one for all tests, because RSA keys take their time.
var onePair = sync.OnceValues(func() ([]dkim.Key, error) { return dkim.NewPair("k") })

// world is a DNS in which far.example sends from client and signs.
func world(t testing.TB) *dns.Map {
	t.Helper()
	m := dns.NewMap(`
		far.example        TXT "v=spf1 ip4:192.0.2.1 -all"
		far.example        MX  10 mx.far.example.
		mx.far.example     A   192.0.2.1
		mx.far.example     TXT "v=spf1 a -all"
		1.2.0.192.in-addr.arpa PTR mx.far.example.
		_dmarc.far.example TXT "v=DMARC1; p=reject; rua=mailto:dmarc@far.example"
	`)
	publish(t, m, "far.example")
	return m
}

func publish(t testing.TB, m *dns.Map, domain string) {
	t.Helper()
	keys, err := onePair()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		record, err := k.Record()
		if err != nil {
			t.Fatal(err)
		}
		m.Add(k.Name(domain) + ". TXT " + zoneText(record))
	}
}

func sign(t testing.TB, domain, mail string) string {
	t.Helper()
	keys, err := onePair()
	if err != nil {
		t.Fatal(err)
	}
	s, err := dkim.NewSigner(domain, keys)
	if err != nil {
		t.Fatal(err)
	}
	fields, err := s.Sign(reader(mail), now, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return string(fields) + mail
}

func reader(s string) *io.SectionReader {
	return io.NewSectionReader(strings.NewReader(s), 0, int64(len(s)))
}

func addr(t testing.TB, s string) message.Address {
	t.Helper()
	a, err := message.ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// from is a mail from ana@far.example that comes from her server.
func from(t testing.TB, m *dns.Map, mail string) Mail {
	return Mail{Client: client, Helo: "mx.far.example", From: addr(t, "ana@far.example"), Body: reader(mail), Resolver: m, Now: now}
}

func judge(t testing.TB, m Mail) Verdict {
	t.Helper()
	v, err := Check(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sealer adds sets of ARC with a key of its own. It knows nothing of package dkim.
type sealer struct {
	domain  string
	private ed25519.PrivateKey
}

func newSealer(t testing.TB, m *dns.Map, domain string) sealer {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	m.Add("arc._domainkey." + domain + `. TXT "v=DKIM1; k=ed25519; p=` + base64.StdEncoding.EncodeToString(public) + `"`)
	return sealer{domain, private}
}

var spaces = regexp.MustCompile(`[ \t\r\n]+`)

func relaxed(field string) string {
	name, value, _ := strings.Cut(field, ":")
	return strings.ToLower(strings.TrimSpace(name)) + ":" + strings.TrimSpace(spaces.ReplaceAllString(value, " "))
}

// seal adds set i; found is what the forwarder found, cv the word of its seal.
func (s sealer) seal(i int, cv, found, mail string) string {
	header, body, _ := strings.Cut(mail, "\r\n\r\n")
	var fields []string
	for line := range strings.SplitSeq(header, "\r\n") {
		if n := len(fields); n > 0 && (line[0] == ' ' || line[0] == '\t') {
			fields[n-1] += "\r\n" + line
			continue
		}
		fields = append(fields, line)
	}
	lines := regexp.MustCompile(`[ \t]+\r\n`).ReplaceAllString(body, "\r\n")
	lines = regexp.MustCompile(`[ \t]+`).ReplaceAllString(lines, " ")
	bodyHash := sha256.Sum256([]byte(strings.TrimRight(lines, "\r\n") + "\r\n"))
	signed := ""
	for _, name := range []string{"from", "subject"} {
		for _, f := range fields {
			if strings.HasPrefix(strings.ToLower(f), name+":") {
				signed += relaxed(f) + "\r\n"
			}
		}
	}
	aar := fmt.Sprintf("ARC-Authentication-Results: i=%d; %s; %s", i, s.domain, found)
	ams := fmt.Sprintf("ARC-Message-Signature: i=%d; a=ed25519-sha256; c=relaxed/relaxed; d=%s; s=arc; t=%d;\r\n h=from:subject; bh=%s;\r\n b=",
		i, s.domain, now.Unix(), base64.StdEncoding.EncodeToString(bodyHash[:]))
	ams += s.sum(signed + relaxed(ams))
	covered := ""
	for k := 1; k < i; k++ {
		for _, name := range []string{"arc-authentication-results", "arc-message-signature", "arc-seal"} {
			for _, f := range fields {
				if strings.HasPrefix(relaxed(f), name+":") && strings.Contains(relaxed(f), fmt.Sprintf("i=%d;", k)) {
					covered += relaxed(f) + "\r\n"
				}
			}
		}
	}
	as := fmt.Sprintf("ARC-Seal: i=%d; a=ed25519-sha256; cv=%s; d=%s; s=arc; t=%d;\r\n b=", i, cv, s.domain, now.Unix())
	as += s.sum(covered + relaxed(aar) + "\r\n" + relaxed(ams) + "\r\n" + relaxed(as))
	return as + "\r\n" + ams + "\r\n" + aar + "\r\n" + mail
}

func (s sealer) sum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(ed25519.Sign(s.private, sum[:]))
}
