package clienttest

import (
	"encoding/base64"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	foreign "github.com/emersion/go-msgauth/dkim"

	"buzon/internal/corpustest"
	"buzon/internal/dns"
	"buzon/internal/verdict"
)

// corpusStep is which mails of the corpus are judged: opendkim is started for each, and all would take a quarter of an hour.
const corpusStep = 60

// TestJudgedCorpus sees that opendkim, dkimpy and we say the same of real mail with all its oddities, as it is and signed.
func TestJudgedCorpus(t *testing.T) {
	need(t, "opendkim")
	key, records := judgedKey(t)
	var mails []string
	_, half := corpustest.Halves(t)
	for i := 0; i < len(half); i += corpusStep {
		mail := strings.ReplaceAll(strings.ReplaceAll(string(half[i].Body), "\r\n", "\n"), "\n", "\r\n")
		var signed strings.Builder
		err := foreign.Sign(&signed, strings.NewReader(mail), &foreign.SignOptions{
			Domain: "far.example", Selector: "s", Signer: key, HeaderKeys: []string{"From", "Subject", "Date", "To"},
			HeaderCanonicalization: "relaxed", BodyCanonicalization: "relaxed",
		})
		mails = append(mails, mail)
		if err == nil { // one without From cannot be signed
			mails = append(mails, signed.String())
		}
	}
	var encoded []string
	for _, mail := range mails {
		encoded = append(encoded, base64.StdEncoding.EncodeToString([]byte(mail)))
	}
	var python []string
	judges(t, "dkim", "dkim", map[string]any{"records": records, "mails": encoded}, &python)
	m := dns.NewMap("s._domainkey.far.example TXT " + quoted(records["s._domainkey.far.example"]))
	o := newOpenDKIM(t)
	writeFile(t, filepath.Join(o.dir, "keys"), "s._domainkey.far.example "+records["s._domainkey.far.example"]+"\n")
	said := regexp.MustCompile(`dkim=(pass|fail)`)
	passed := 0
	for i, mail := range mails {
		v, err := verdict.Check(t.Context(), verdict.Mail{Client: netip.MustParseAddr("192.0.2.1"), Resolver: m, Now: time.Now(), Body: section(mail)})
		if err != nil {
			t.Fatal(err)
		}
		ours := ""
		if len(v.DKIM) > 0 {
			ours = v.DKIM[0].Result
			passed += strings.Count(ours, verdict.Pass)
		}
		milter := ""
		if found := said.FindStringSubmatch(o.verify(t, mail)); found != nil {
			milter = found[1]
		}
		if ours != milter || ours != python[i] {
			t.Errorf("%s, opendkim says %q, dkimpy %q:\n%.1500s", ours, milter, python[i], mail)
		}
	}
	if passed == 0 {
		t.Error("no signature holds")
	}
	t.Logf("%d mails, %d signatures hold", len(mails), passed)
}
