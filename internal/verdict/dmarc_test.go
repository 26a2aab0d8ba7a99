package verdict

import (
	"strings"
	"testing"

	"buzon/internal/dns"
	"buzon/internal/message"
)

// The examples of RFC 7489 appendix B.1: what is aligned with what.
func TestAlignment(t *testing.T) {
	for _, c := range []struct {
		name, proven, author string
		relaxed, strict      bool
	}{
		{"B.1.1 example 1, B.1.2 example 1", "example.com", "example.com", true, true},
		{"B.1.1 example 2", "child.example.com", "example.com", true, false},
		{"B.1.1 example 3", "example.net", "child.example.com", false, false},
		{"B.1.2 example 2", "example.com", "child.example.com", true, false},
		{"B.1.2 example 3", "sample.net", "child.example.com", false, false},
		// RFC 7489 §3.2: the public suffixes.
		{"two customers of a registry", "a.co.uk", "b.co.uk", false, false},
		{"below one of them", "mail.a.co.uk", "www.a.co.uk", true, false},
		{"a suffix", "com", "example.com", false, false},
		{"nothing", "", "", false, false},
	} {
		if r, s := aligned(c.proven, c.author, false), aligned(c.proven, c.author, true); r != c.relaxed || s != c.strict {
			t.Errorf("%s: %v, %v", c.name, r, s)
		}
	}
}

// The records of RFC 7489 appendix B.2, and odd ones.
func TestRecords(t *testing.T) {
	for _, c := range []struct {
		text string
		ok   bool
		want string // p sp np pct alignment fo rua
	}{
		{"v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com", true, "none none none 100 rr 0 mailto:dmarc-feedback@example.com"},
		{"v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com; ruf=mailto:auth-reports@example.com", true, "none none none 100 rr 0 mailto:dmarc-feedback@example.com"},
		{"v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com; ruf=mailto:auth-reports@thirdparty.example.net", true, "none none none 100 rr 0 mailto:dmarc-feedback@example.com"},
		{"v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net!10m; pct=25", true,
			"quarantine quarantine quarantine 25 rr 0 mailto:dmarc-feedback@example.com mailto:tld-test@thirdparty.example.net!10m"},
		{"v=DMARC1;p=reject;sp=none;np=reject;adkim=s;aspf=s;fo=1:d", true, "reject none reject 100 ss 1:d"},
		{"v = DMARC1 ; P = Reject ;", true, "reject reject reject 100 rr 0"},
		// RFC 7489 §6.6.3 (6): without a policy, a record is only for reports.
		{"v=DMARC1; p=bogus; sp=reject; rua=mailto:a@example.com", true, "none none none 100 rr 0 mailto:a@example.com"},
		{"v=DMARC1; p=bogus", false, ""},
		{"v=DMARC1", false, ""},
		// What is wrong is as if it were not there.
		{"v=DMARC1; p=reject; sp=x; pct=101; adkim=q", true, "reject reject reject 100 rr 0"},
		{"v=DMARC1; p=reject; pct=-1; p=none", true, "reject reject reject 100 rr 0"},
		// RFC 7489 §6.3: the version comes first, exactly.
		{"v=DMARC2; p=reject", false, ""},
		{"v=dmarc1; p=reject", false, ""},
		{"p=reject; v=DMARC1", false, ""},
		{"v=spf1 -all", false, ""},
		{"", false, ""},
	} {
		r, ok := parseRecord(c.text)
		modes := mode(r.StrictDKIM) + mode(r.StrictSPF)
		got := strings.Join(append([]string{r.Policy, r.Subdomains, r.Missing, itoa(r.Percent), modes, r.FailureOptions}, r.Aggregate...), " ")
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%q: %v %q, want %q", c.text, ok, got, c.want)
		}
	}
}

func TestPolicies(t *testing.T) {
	forged := client.Next()
	for _, c := range []struct {
		name        string
		zone        string // in place of the record of far.example
		author      string
		result      string
		disposition string
		override    string
		change      func(m *dns.Map, mail *Mail)
	}{
		// Which record governs.
		{"reject", `"v=DMARC1; p=reject"`, "far.example", Fail, Reject, "", nil},
		{"none", `"v=DMARC1; p=none"`, "far.example", Fail, None, "", nil},
		{"no record", `"hello"`, "far.example", None, None, "", nil},
		{"two records", "\"v=DMARC1; p=reject\"\n_dmarc.far.example. TXT \"v=DMARC1; p=none\"", "far.example", None, None, "", nil},
		{"two texts, one record", "\"v=DMARC1; p=reject\"\n_dmarc.far.example. TXT \"x\"", "far.example", Fail, Reject, "", nil},
		{"below", `"v=DMARC1; p=reject"`, "mx.far.example", Fail, Reject, "", nil},
		{"sp", `"v=DMARC1; p=reject; sp=quarantine"`, "mx.far.example", Fail, Quarantine, "", nil},
		{"np of a name that is there", `"v=DMARC1; p=none; sp=none; np=reject"`, "mx.far.example", Fail, None, "", nil},
		{"np of one that is not", `"v=DMARC1; p=none; sp=none; np=reject"`, "no.far.example", Fail, Reject, "", nil},
		{"its own record", "\"v=DMARC1; p=reject\"\n_dmarc.own.far.example. TXT \"v=DMARC1; p=quarantine\"", "own.far.example", Fail, Quarantine, "", nil},
		// Reasons to do less.
		{"not sampled", `"v=DMARC1; p=reject; pct=30"`, "far.example", Fail, Quarantine, SampledOut, draw(30)},
		{"sampled", `"v=DMARC1; p=reject; pct=30"`, "far.example", Fail, Reject, "", draw(29)},
		{"quarantine, not sampled", `"v=DMARC1; p=quarantine; pct=0"`, "far.example", Fail, None, SampledOut, draw(0)},
		{"tried out", `"v=DMARC1; p=reject; t=y"`, "far.example", Fail, Quarantine, OtherReason, nil},
		{"allowed", `"v=DMARC1; p=reject"`, "far.example", Fail, None, LocalPolicy, func(_ *dns.Map, m *Mail) { m.Allow = true }},
		// DNS does not answer.
		{"the record", `"v=DMARC1; p=reject"`, "far.example", TempError, None, "", fail("_dmarc.far.example")},
		{"the record above", `"v=DMARC1; p=reject"`, "mx.far.example", TempError, None, "", fail("_dmarc.far.example")},
		{"SPF that could prove it", `"v=DMARC1; p=reject"`, "far.example", TempError, None, "", fail("far.example")},
		{"SPF, strict, of another", `"v=DMARC1; p=reject; aspf=s"`, "mx.far.example", Fail, Reject, "", fail("far.example")},
		{"but nothing is wished", `"v=DMARC1; p=none"`, "far.example", Fail, None, "", fail("far.example")},
		{"whether it is there", `"v=DMARC1; p=none; np=reject"`, "no.far.example", TempError, None, "", fail("no.far.example")},
		// What passes.
		{"SPF", `"v=DMARC1; p=reject"`, "far.example", Pass, None, "", func(_ *dns.Map, m *Mail) { m.Client = client }},
		{"SPF, strict", `"v=DMARC1; p=reject; aspf=s"`, "mx.far.example", Fail, Reject, "", func(_ *dns.Map, m *Mail) { m.Client = client }},
		{"DKIM", `"v=DMARC1; p=reject"`, "far.example", Pass, None, "", signature},
		{"DKIM, strict", `"v=DMARC1; p=reject; adkim=s"`, "mx.far.example", Fail, Reject, "", signature},
		{"SPF of HELO does not count", `"v=DMARC1; p=reject"`, "far.example", Fail, Reject, "", func(_ *dns.Map, m *Mail) {
			m.Client, m.From.Domain = client, "other.example"
		}},
		{"but for a bounce", `"v=DMARC1; p=reject"`, "far.example", Pass, None, "", func(_ *dns.Map, m *Mail) {
			m.Client, m.From = client, message.Address{}
		}},
	} {
		m := world(t)
		m.Remove("_dmarc.far.example")
		m.Add("_dmarc.far.example. TXT " + c.zone)
		mail := from(t, m, strings.Replace(letter, "ana@far.example", "ana@"+c.author, 1))
		mail.Client = forged
		if c.change != nil {
			c.change(m, &mail)
		}
		v := judge(t, mail)
		if d := v.DMARC; d.Result != c.result || d.Disposition != c.disposition || d.Override != c.override {
			t.Errorf("%s: %+v", c.name, d)
		}
		if _, yes := v.Defer(); yes != (c.result == TempError) {
			t.Errorf("%s: deferred: %v", c.name, yes)
		}
	}
}

func draw(n int) func(*dns.Map, *Mail) {
	return func(_ *dns.Map, m *Mail) { m.Draw = func(int) int { return n } }
}

func fail(name string) func(*dns.Map, *Mail) {
	return func(m *dns.Map, _ *Mail) { m.Fail(name, "", dns.ServFail) }
}

func signature(_ *dns.Map, m *Mail) {
	t := new(testing.T)
	b := make([]byte, m.Body.Size())
	_, _ = m.Body.ReadAt(b, 0)
	m.Body = reader(sign(t, "far.example", string(b)))
}

// Several authors: the one that wants the most decides (RFC 7489 §6.6.1).
func TestAuthors(t *testing.T) {
	for _, c := range []struct {
		name, field string
		result      string
		disposition string
	}{
		{"one", "From: ana@far.example\r\n", Pass, None},
		{"and a stranger who rejects", "From: ana@far.example, eve@strict.example\r\n", Fail, Reject},
		{"and a stranger who does not", "From: ana@far.example, eve@silent.example\r\n", Pass, None},
		{"two fields", "From: ana@far.example\r\nFrom: ana@far.example\r\n", PermError, Quarantine},
		{"two fields, one rejects", "From: ana@far.example\r\nFrom: eve@strict.example\r\n", Fail, Reject},
		{"too many", "From: a@a.example, b@b.example, c@c.example, d@d.example, e@e.example, f@f.example\r\n", PermError, Quarantine},
		{"a group", "From: us: ana@far.example;\r\n", Pass, None},
		{"nobody", "", None, None},
		{"no domain", "From: MAILER-DAEMON\r\n", None, None},
		{"a literal", "From: a@[192.0.2.1]\r\n", None, None},
		{"a name that says otherwise", "From: \"eve@strict.example\" <ana@far.example>\r\n", Pass, None},
		{"a name in U-labels", "From: ana@muñoz.example\r\n", Fail, Reject},
		{"with spaces", "From : ana@far.example\r\n", Pass, None},
		{"folded", "From:\r\n ana@far.example\r\n", Pass, None},
	} {
		m := world(t)
		m.Add(`_dmarc.strict.example. TXT "v=DMARC1; p=reject"`)
		m.Add(`_dmarc.xn--muoz-hqa.example. TXT "v=DMARC1; p=reject"`)
		_, rest, _ := strings.Cut(letter, "\r\n")
		v := judge(t, from(t, m, c.field+rest))
		if v.DMARC.Result != c.result || v.DMARC.Disposition != c.disposition {
			t.Errorf("%s: %+v", c.name, v.DMARC)
		}
	}
}

// A header that is longer than is examined hides who wrote it.
func TestLongHeader(t *testing.T) {
	m := world(t)
	long := strings.Repeat("X: "+strings.Repeat("x", 900)+"\r\n", 300)
	if v := judge(t, from(t, m, long+letter)); v.DMARC.Result != PermError || v.DMARC.Disposition != Quarantine {
		t.Errorf("%+v", v.DMARC)
	}
}
