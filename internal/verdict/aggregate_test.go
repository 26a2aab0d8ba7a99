package verdict

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"buzon/internal/dns"
	"buzon/internal/message"
)

// A day as Check counts it.
func day(t testing.TB) []Row {
	t.Helper()
	m := world(t)
	m.Remove("_dmarc.far.example")
	m.Add(`_dmarc.far.example. TXT "v=DMARC1; p=reject; np=none; adkim=s; pct=50; rua=mailto:dmarc@far.example"`)
	good := from(t, m, sign(t, "far.example", letter))
	forged := from(t, m, strings.Replace(letter, "far.example", "mx.far.example", 1))
	forged.Client, forged.From = client.Next(), message.Address{}
	forged.Draw = func(int) int { return 99 }
	var rows []Row
	for _, mail := range []Mail{good, forged} {
		v := judge(t, mail)
		rows = append(rows, v.Rows(mail.From, now)...)
	}
	return rows
}

func TestRows(t *testing.T) {
	rows := day(t)
	if len(rows) != 2 {
		t.Fatalf("%+v", rows)
	}
	good, forged := rows[0], rows[1]
	if good.Day != "2026-11-22" || good.Domain != "far.example" || good.Source != "192.0.2.1" || good.Envelope != "far.example" || good.DKIM != Pass || good.SPF != Pass ||
		good.Disposition != None || good.Auth != "spf far.example mfrom pass\ndkim far.example k-rsa pass\ndkim far.example k-ed25519 pass" || good.Count != 1 {
		t.Errorf("%+v", good)
	}
	if forged.Author != "mx.far.example" || forged.Domain != "far.example" || forged.Envelope != "" || forged.DKIM != Fail || forged.SPF != Fail ||
		forged.Disposition != Quarantine || forged.Override != SampledOut || forged.Auth != "spf mx.far.example helo fail" {
		t.Errorf("%+v", forged)
	}
	// Who wants no reports, and what is open, is not counted.
	m := world(t)
	m.Fail("_dmarc.far.example", "", dns.Timeout)
	v := judge(t, from(t, m, letter))
	if rows := v.Rows(message.Address{}, now); rows != nil {
		t.Errorf("%+v", rows)
	}
}

// What we write we can read, and so can whoever knows the schema.
func TestAggregate(t *testing.T) {
	a, err := NewAggregate("home.example", "postmaster@home.example", "far.example", "2026-11-22", append(day(t), Row{Day: "2026-11-21", Domain: "far.example", Record: "v=DMARC1; p=none"}))
	if err != nil {
		t.Fatal(err)
	}
	if name := a.Filename(); name != "home.example!far.example!1795305600!1795391999.xml.gz" {
		t.Error(name)
	}
	packed, err := a.Gzip()
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feedback>", "<org_name>home.example</org_name>", "<report_id>20261122.far.example@home.example</report_id>",
		"<begin>1795305600</begin>", "<adkim>s</adkim>", "<p>reject</p>", "<np>none</np>", "<pct>50</pct>", "<source_ip>192.0.2.2</source_ip>",
		"<type>sampled_out</type>", "<envelope_from></envelope_from>", "<header_from>mx.far.example</header_from>", "<selector>k-rsa</selector>", "<scope>helo</scope>",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	var whole feedback
	if err := xml.Unmarshal(text, &whole); err != nil || len(whole.Records) != 2 {
		t.Errorf("%v: %+v", err, whole)
	}
	r, err := ReadReport(t.Context(), bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	want := Report{Kind: KindDMARC, Domain: "far.example", Reporter: "home.example", Contact: "postmaster@home.example", Name: "20261122.far.example@home.example",
		From: time.Unix(1795305600, 0).UTC(), Until: time.Unix(1795391999, 0).UTC(), Rows: []ReportRow{
			{Source: "192.0.2.1", Author: "far.example", Disposition: None, DKIM: Pass, SPF: Pass, Count: 1},
			{Source: "192.0.2.2", Author: "mx.far.example", Disposition: Quarantine, DKIM: Fail, SPF: Fail, Result: SampledOut, Detail: "not among those that pct= takes", Count: 1},
		}}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("%+v", r)
	}
	if _, err := NewAggregate("home.example", "", "other.example", "2026-11-22", day(t)); err == nil {
		t.Error("a report about nothing")
	}
	if d := AggregateDomains(append(day(t), Row{Domain: "a.example"})); !reflect.DeepEqual(d, []string{"a.example", "far.example"}) {
		t.Error(d)
	}
}

// The mail of a report is one that reports are found in.
func TestAggregateMail(t *testing.T) {
	a, err := NewAggregate("home.example", "postmaster@home.example", "far.example", "2026-11-22", day(t))
	if err != nil {
		t.Fatal(err)
	}
	mail, err := a.Mail("postmaster@home.example", "dmarc@far.example", now)
	if err != nil {
		t.Fatal(err)
	}
	if found := findIn(t, string(mail)); len(found) != 1 || len(found[0].Rows) != 2 {
		t.Errorf("%+v\n%s", found, mail)
	}
	for line := range strings.SplitSeq(string(mail), "\r\n") {
		if len(line) > 78 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("%q", line)
		}
	}
	again, _ := a.Mail("postmaster@home.example", "dmarc@far.example", now)
	if !bytes.Equal(mail, again) {
		t.Error("made twice, it is not the same")
	}
}

func findIn(t testing.TB, mail string) []Report {
	t.Helper()
	s, err := message.Parse(reader(mail), int64(len(mail)))
	if err != nil {
		t.Fatal(err)
	}
	found, err := FindReports(t.Context(), reader(mail), &s.Root)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The examples of RFC 7489 appendix B.2.3 and B.2.4, and those who would be flooded.
func TestTargets(t *testing.T) {
	m := dns.NewMap(`
		example.com._report._dmarc.thirdparty.example.net TXT "v=DMARC1"
		example.com._report._dmarc.other.example.net      TXT "v=DMARC1; rua=mailto:us@other.example.net"
		example.com._report._dmarc.liar.example.org       TXT "v=DMARC1; rua=mailto:you@victim.example"
		example.com._report._dmarc.spf.example.org        TXT "v=spf1 -all"
	`)
	m.Fail("example.com._report._dmarc.silent.example.org", "", dns.Timeout)
	for _, c := range []struct {
		rua, want string
		open      bool
	}{
		{"mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net!10m", "dmarc-feedback@example.com 0 tld-test@thirdparty.example.net 10485760", false},
		{"mailto:a@mail.example.com", "a@mail.example.com 0", false},
		{"mailto:a@other.example.net", "us@other.example.net 0", false},
		// Nobody asked for it.
		{"mailto:a@victim.example", "", false},
		{"mailto:a@liar.example.org", "", false},
		{"mailto:a@spf.example.org", "", false},
		{"mailto:a@silent.example.org,mailto:b@example.com", "b@example.com 0", true},
		// What cannot be used.
		{"https://example.com/x,mailto:,mailto:a@b@c,a@example.com,mailto:a@[192.0.2.1]", "", false},
		{"MAILTO:a%2Bb@example.com!50K", "a+b@example.com 51200", false},
		{"mailto:a@example.com!x,mailto:b@example.com!99999999t", "b@example.com 0", false},
	} {
		got, err := Targets(context.Background(), m, "example.com", Record{Aggregate: targets(c.rua)})
		var all []string
		for _, x := range got {
			all = append(all, x.Address.String(), itoa(int(x.Max)))
		}
		if strings.Join(all, " ") != c.want || (err != nil) != c.open {
			t.Errorf("%s: %v, %v", c.rua, all, err)
		}
	}
}
