package clienttest

import (
	"net"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	foreign "github.com/emersion/go-msgauth/dkim"

	"buzon/internal/corpustest"
	"buzon/internal/dns"
	"buzon/internal/dns/dnstest"
	"buzon/internal/message"
	"buzon/internal/verdict"
)

// corpusStep is which mails of the half of the corpus are judged. opendkim is started for each, and all take two minutes:
// those are for CI.
func corpusStep() int {
	if os.Getenv("CI") != "" {
		return 1
	}
	return 60
}

// TestJudgedCorpus sees that opendkim, dkimpy and we say the same of real mail with all its oddities, as it is and signed.
func TestJudgedCorpus(t *testing.T) {
	need(t, "opendkim")
	key, records := judgedKey(t)
	var mails []string
	_, half := corpustest.Halves(t)
	for i := 0; i < len(half); i += corpusStep() {
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
	opinions := judgeAll(t, records, mails)
	passed, split := 0, 0
	for i, mail := range mails {
		ours, milter, python := opinions[i].ours, opinions[i].opendkim, opinions[i].dkimpy
		passed += strings.Count(ours, verdict.Pass)
		switch {
		case ours == milter && ours == python:
		case milter != python && ours == python: // what a milter gets of a header that breaks the rules is not what was signed
			split++
		default:
			t.Errorf("%s, opendkim says %q, dkimpy %q:\n%.1500s", ours, milter, python, mail)
		}
	}
	if passed == 0 || split > len(mails)/500 {
		t.Errorf("%d signatures hold, of %d mails the others disagree", passed, split)
	}
	t.Logf("%d mails, %d signatures hold, of %d opendkim says otherwise than dkimpy and we", len(mails), passed, split)
}

// TestPySPFCorpus asks pyspf the same as ourselves about the senders and servers of real mail. Their domains of then are in
// no DNS of ours, so two of three get a record.
func TestPySPFCorpus(t *testing.T) {
	type one struct {
		Address string `json:"address"`
		Sender  string `json:"sender"`
		Helo    string `json:"helo"`
	}
	m := dns.NewMap("")
	server := dnstest.Start(t, m)
	_, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	number, _ := strconv.Atoi(port)
	client := regexp.MustCompile(`(?m)^Received:.*[^0-9](\d+\.\d+\.\d+\.\d+)[^0-9]`)
	var cases []one
	known := map[string]bool{}
	_, half := corpustest.Halves(t)
	for i, mail := range half {
		said, err := message.ReadSubmission(strings.NewReader(string(mail.Body)), int64(len(mail.Body)))
		if err != nil {
			t.Fatal(err)
		}
		authors, ok := said.Authors()
		found := client.FindSubmatch(mail.Body)
		if !ok || found == nil || !authors[0].ASCII() || strings.HasPrefix(authors[0].Domain, "[") {
			continue
		}
		if strings.Contains(authors[0].Local, "@") { // pyspf takes what follows the first for the domain
			continue
		}
		addr, err := netip.ParseAddr(string(found[1]))
		if err != nil {
			continue
		}
		if domain := authors[0].Domain; !known[domain] && i%3 != 0 {
			record := map[int]string{1: "v=spf1 ip4:" + addr.String() + "/16 -all", 2: "v=spf1 a mx ~all"}[i%3]
			m.Add(domain + ". TXT " + quoted(record))
			known[domain] = true
		}
		cases = append(cases, one{addr.String(), authors[0].String(), "mx." + authors[0].Domain})
	}
	var theirs []string
	judges(t, "spf", "spf", map[string]any{"port": number, "cases": cases}, &theirs)
	tally := map[string]int{}
	for i, c := range cases {
		mail := verdict.Mail{Client: netip.MustParseAddr(c.Address), Helo: c.Helo, Resolver: m, Now: time.Now(), Body: section("Subject: x\r\n\r\n")}
		if mail.From, err = message.ParseAddress(c.Sender); err != nil {
			t.Fatal(err)
		}
		v, err := verdict.Check(t.Context(), mail)
		if err != nil || v.SPF.Result != theirs[i] {
			t.Errorf("%+v: %s (%s), pyspf says %s, %v", c, v.SPF.Result, v.SPF.Reason, theirs[i], err)
		}
		tally[v.SPF.Result]++
	}
	t.Logf("%d mails: %v", len(cases), tally)
	if len(cases) < 1000 || tally[verdict.Pass] == 0 || tally[verdict.None] == 0 {
		t.Errorf("of %d mails: %v", len(cases), tally)
	}
}
