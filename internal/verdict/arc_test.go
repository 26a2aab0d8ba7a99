package verdict

import (
	"strings"
	"testing"

	"buzon/internal/dns"
)

// forwarded is a mail that list.example changed and sealed, then near.example sealed.
func forwarded(t testing.TB, m *dns.Map) string {
	t.Helper()
	list, near := newSealer(t, m, "list.example"), newSealer(t, m, "near.example")
	mail := strings.Replace(sign(t, "far.example", letter), "how are you?", "how are you?\r\n-- the list", 1)
	mail = list.seal(1, "none", "dmarc=pass header.from=far.example", mail)
	return near.seal(2, "pass", "arc=pass; dmarc=fail header.from=far.example", mail)
}

func TestARC(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(m *dns.Map, mail string) string
		result string
		reason string
	}{
		{"whole", nil, Pass, ""},
		{"none", func(*dns.Map, string) string { return letter }, None, ""},
		// What the latest forwarder signed.
		{"body changed", func(_ *dns.Map, s string) string { return s + "x\r\n" }, Fail, "message signature 2: the body was changed"},
		{"subject changed", replace("Subject: Hello", "Subject: Help"), Fail, "message signature 2"},
		// What the seals cover.
		{"results changed", replace("arc=pass; dmarc=fail", "arc=pass; dmarc=pass"), Fail, "seal 2"},
		{"old results changed", replace("dmarc=pass header.from=far", "dmarc=pass header.from=bar"), Fail, "seal 1"},
		{"an old seal changed", replace("cv=none;", "cv=none; "), Pass, ""}, // white space does not count
		// The chain.
		{"cv=fail", replace("cv=pass", "cv=fail"), Fail, "found it broken"},
		{"cv of the first", replace("cv=none", "cv=pass"), Fail, "cv="},
		{"a set is missing", replace("i=1; list.example", "i=3; list.example"), Fail, "not complete"},
		{"a set twice", replace("ARC-Seal: i=1", "ARC-Seal: i=2"), Fail, "not complete"},
		{"too many", replace("ARC-Seal: i=1", "ARC-Seal: i=49"), Fail, "more than"},
		{"no instance", replace("ARC-Seal: i=1", "ARC-Seal: i=x"), Fail, "seal"},
		{"a seal with h=", replace("ARC-Seal: i=1;", "ARC-Seal: i=1; h=from;"), Fail, "h="},
		{"results without i=", replace("i=1; list.example", "list.example"), Fail, "results"},
		// The keys.
		{"no key", func(m *dns.Map, s string) string { m.Remove("arc._domainkey.list.example"); return s }, Fail, "no key"},
		{"silence", func(m *dns.Map, s string) string {
			m.Fail("arc._domainkey.near.example", "", dns.Timeout)
			return s
		}, TempError, "did not answer"},
	} {
		m := world(t)
		mail := forwarded(t, m)
		if c.change != nil {
			mail = c.change(m, mail)
		}
		v := judge(t, from(t, m, mail))
		if v.ARC.Result != c.result || !strings.Contains(v.ARC.Reason, c.reason) {
			t.Errorf("%s: %+v", c.name, v.ARC)
		}
	}
}

func replace(before, after string) func(*dns.Map, string) string {
	return func(_ *dns.Map, s string) string { return strings.Replace(s, before, after, 1) }
}

// The list changed the body before it sealed: its seal and all later ones hold.
func TestARCOldest(t *testing.T) {
	m := world(t)
	a, b := newSealer(t, m, "a.example"), newSealer(t, m, "b.example")
	v := judge(t, from(t, m, b.seal(2, "pass", "arc=pass", a.seal(1, "none", "spf=pass", letter)+"-- b\r\n")))
	if v.ARC.Result != Pass || v.ARC.Sets != 2 || v.ARC.Sealer != "b.example" || v.ARC.Oldest != 2 {
		t.Errorf("%+v", v.ARC)
	}
}

func TestTrustedForwarders(t *testing.T) {
	for _, c := range []struct {
		name        string
		trust       []string
		found       string // by the only forwarder; "" is the chain of forwarded
		disposition string
		vouched     string
	}{
		{"nobody", nil, "", Reject, ""},
		{"both", []string{"near.example", "list.example"}, "", None, "list.example"},
		{"the last alone saw no proof", []string{"near.example"}, "", Reject, ""},
		{"the first does not count behind a stranger", []string{"list.example"}, "", Reject, ""},
		// What counts as proof.
		{"dmarc", []string{"LIST.example"}, "dmarc=pass header.from=far.example", None, "list.example"},
		{"dmarc of another", []string{"list.example"}, "dmarc=pass header.from=bar.example", Reject, ""},
		{"dkim", []string{"example", "list.example"}, "dkim=pass header.i=@mail.far.example", None, "list.example"},
		{"spf", []string{"list.example"}, "spf=pass smtp.mailfrom=ana@far.example", None, "list.example"},
		{"spf of another", []string{"list.example"}, "spf=pass smtp.mailfrom=ana@bar.example", Reject, ""},
		{"failed", []string{"list.example"}, "dmarc=fail header.from=far.example; dkim=none", Reject, ""},
		{"nonsense", []string{"list.example"}, "dmarc", Reject, ""},
	} {
		m := world(t)
		mail := forwarded(t, m)
		if c.found != "" {
			mail = newSealer(t, world2(m), "list.example").seal(1, "none", c.found, letter)
		}
		in := from(t, m, mail)
		in.Client, in.Trust = client.Next(), c.trust
		v := judge(t, in)
		if v.DMARC.Result != Fail || v.DMARC.Disposition != c.disposition || v.ARC.Vouched != c.vouched || c.vouched != "" && v.DMARC.Override != TrustedForwarder {
			t.Errorf("%s: %+v %+v", c.name, v.DMARC, v.ARC)
		}
	}
}

// world2 forgets the key of forwarded.
func world2(m *dns.Map) *dns.Map {
	m.Remove("arc._domainkey.list.example")
	return m
}

// Whatever the fields of ARC say, nobody passes who did not seal.
func FuzzARC(f *testing.F) {
	m := world(f)
	mail := forwarded(f, m)
	header, _, _ := strings.Cut(mail, "From:")
	f.Add(header)
	f.Add("ARC-Seal: i=1; cv=none; a=rsa-sha256; d=a; s=b; b=\r\n")
	f.Add("ARC-Authentication-Results: i=1; a (; b=c\r\n")
	f.Fuzz(func(t *testing.T, fields string) {
		in := from(t, m, fields+letter)
		in.Trust = []string{"list.example", "near.example"}
		if v := judge(t, in); v.ARC.Result == Pass { // the letter is not what was sealed
			t.Errorf("%q: %+v", fields, v.ARC)
		}
	})
}
