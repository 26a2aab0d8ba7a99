package verdict

import (
	"os"
	"strings"
	"testing"
	"time"

	foreign "github.com/emersion/go-msgauth/dkim"

	"buzon/internal/dns"
)

// vectorKeys are those of RFC 6376 appendix C and RFC 8463 appendix A.
func vectorKeys() *dns.Map {
	m := dns.NewMap("")
	for name, record := range map[string]string{
		"brisbane._domainkey.example.com": "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQ" +
			"KBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v" +
			"/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB",
		"test._domainkey.football.example.com": "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR" +
			"iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC" +
			"DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
		"brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
	} {
		m.Add(name + ". TXT " + zoneText(record))
	}
	return m
}

func vector(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\n", "\r\n")
}

func results(v Verdict) string {
	var all []string
	for _, s := range v.DKIM {
		all = append(all, s.Result)
	}
	return strings.Join(all, " ")
}

func TestVectors(t *testing.T) {
	for name, algorithms := range map[string]string{"rfc6376.eml": "rsa-sha256", "rfc8463.eml": "rsa-sha256 ed25519-sha256"} {
		mail := vector(t, name)
		v := judge(t, Mail{Client: client, Body: reader(mail), Resolver: vectorKeys(), Now: now})
		if len(v.DKIM) != len(strings.Fields(algorithms)) {
			t.Errorf("%s: %+v", name, v.DKIM)
		}
		for _, s := range v.DKIM {
			if s.Result != Pass || !strings.Contains(algorithms, s.Algorithm) || s.Weak != (s.Algorithm == "rsa-sha256") {
				t.Errorf("%s: %+v", name, s)
			}
		}
		for what, changed := range map[string]string{
			"body":    strings.Replace(mail, "hungry", "Hungry", 1),
			"subject": strings.Replace(mail, "Is dinner", "Is Dinner", 1),
		} {
			v := judge(t, Mail{Client: client, Body: reader(changed), Resolver: vectorKeys(), Now: now})
			if got := results(v); strings.Contains(got, Pass) || !strings.Contains(got, Fail) {
				t.Errorf("%s, %s changed: %s", name, what, got)
			}
		}
	}
}

func TestSignatures(t *testing.T) {
	signed := sign(t, "far.example", letter)
	first := signed[:strings.Index(signed, "\r\nDKIM-Signature")+2] // RSA
	only := first + letter
	for _, c := range []struct {
		name, mail, result, reason string
		change                     func(m *dns.Map, mail *Mail)
	}{
		{"right", only, Pass, "", nil},
		{"unsigned", letter, "", "", nil},
		// What was changed.
		{"more text", only + "Pay at once.\r\n", Fail, "body was changed", nil},
		{"another author", strings.Replace(only, "ana@far", "eve@far", 1), Fail, "signature is wrong", nil},
		{"a second From", "From: eve@far.example\r\n" + only, Fail, "signature is wrong", nil},
		// The key.
		{"no key", only, PermError, "no key", func(m *dns.Map, _ *Mail) { m.Remove("k-rsa._domainkey.far.example") }},
		{"silence", only, TempError, "did not answer", func(m *dns.Map, _ *Mail) { m.Fail("k-rsa._domainkey.far.example", "TXT", dns.Timeout) }},
		{"revoked", only, PermError, "revoked", record(`"v=DKIM1; p="`)},
		{"not a key", only, PermError, "not base64", record(`"v=DKIM1; p=*"`)},
		{"another version", only, PermError, "DKIM1", record(`"v=DKIM2; p=abcd"`)},
		{"not for mail", only, PermError, "not for mail", record(`"v=DKIM1; s=web; p=abcd"`)},
		{"other hashes", only, PermError, "sha256", record(`"v=DKIM1; h=sha1; p=abcd"`)},
		{"another kind", only, PermError, "another algorithm", record(`"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="`)},
		{"512 bits", only, Policy, "1024", record(`"p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANB3aebWiKjTHBtLFg+NtkFsMXwEuPcNSKfDE/AeGIpb4vPk1I26j0XuhDkfA5mbN2eQ6BCFn9HKiD3RBylLpoUCAwEAAQ=="`)},
		// The time.
		{"expired", only, Policy, "expired", func(_ *dns.Map, m *Mail) { m.Now = now.Add(2 * time.Hour) }},
		{"our clock is a little late", only, Pass, "", func(_ *dns.Map, m *Mail) { m.Now = now.Add(-12 * time.Hour) }},
		{"from the future", only, Policy, "future", func(_ *dns.Map, m *Mail) { m.Now = now.Add(-48 * time.Hour) }},
		// What is in the field.
		{"sha1", strings.Replace(only, "rsa-sha256", "rsa-sha1", 1), Policy, "algorithm", nil},
		{"From is not covered", strings.Replace(only, "h=From:From:", "h=X:X:", 1), Neutral, "From", nil},
		{"a tag twice", strings.Replace(only, "v=1;", "v=1; v=1;", 1), Neutral, "list of tags", nil},
		{"another version of DKIM", strings.Replace(only, "v=1;", "v=2;", 1), Neutral, "v=", nil},
		{"no selector", strings.Replace(only, "s=k-rsa", "z=k-rsa", 1), Neutral, "s= is missing", nil},
		{"somebody else's identity", strings.Replace(only, "v=1;", "v=1; i=a@evil.example;", 1), Neutral, "i=", nil},
		{"an unknown form", strings.Replace(only, "relaxed/relaxed", "nowsp", 1), Neutral, "c=", nil},
		{"a part of the body", strings.Replace(only, "v=1;", "v=1; l=5;", 1), Policy, "part of the body", nil},
		{"more than the body", strings.Replace(only, "v=1;", "v=1; l=5000;", 1), Fail, "body was changed", nil},
	} {
		m := world(t)
		mail := from(t, m, c.mail)
		if c.change != nil {
			c.change(m, &mail)
		}
		v := judge(t, mail)
		if c.result == "" {
			if len(v.DKIM) != 0 {
				t.Errorf("%s: %+v", c.name, v.DKIM)
			}
			continue
		}
		if len(v.DKIM) != 1 || v.DKIM[0].Result != c.result || !strings.Contains(v.DKIM[0].Reason, c.reason) {
			t.Errorf("%s: %+v", c.name, v.DKIM)
		}
	}
}

// record puts another record in place of the key's.
func record(text string) func(*dns.Map, *Mail) {
	return func(m *dns.Map, _ *Mail) {
		m.Remove("k-rsa._domainkey.far.example")
		m.Add("k-rsa._domainkey.far.example. TXT " + text)
	}
}

// Five are verified, the author's first, wherever they stand; DNS is asked no more than that.
func TestManySignatures(t *testing.T) {
	m := world(t)
	var many string
	for range 100 {
		many += "DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=x; h=from; bh=aaaa; b=aaaa\r\n"
	}
	mail := strings.Repeat("DKIM-Signature: v=1; a=rsa-sha256; d=b.example; s=x; h=from; bh=aaaa; b=aaaa\r\n", 20) + sign(t, "far.example", letter)
	v := judge(t, from(t, m, mail))
	if len(v.DKIM) != MaxSignatures || v.DKIM[0].Result != Pass || v.DKIM[1].Result != Pass || v.Skipped != 17 {
		t.Errorf("%s, %d skipped", results(v), v.Skipped)
	}
	v = judge(t, from(t, m, many+letter))
	if len(v.DKIM) != MaxSignatures || v.Skipped != 95 {
		t.Errorf("%s, %d skipped", results(v), v.Skipped)
	}
	if n := m.Asked("x._domainkey.a.example", ""); n != 1 {
		t.Errorf("one key was asked for %d times", n)
	}
}

// Whatever mail says, go-msgauth and we agree on whether a signature holds.
func FuzzDKIM(f *testing.F) {
	m := vectorKeys()
	f.Add(vector(f, "rfc6376.eml"))
	f.Add(vector(f, "rfc8463.eml"))
	f.Fuzz(func(t *testing.T, mail string) {
		if strings.ContainsAny(strings.ReplaceAll(mail, "\r\n", ""), "\r\n") {
			return // go-msgauth repairs line ends
		}
		v := judge(t, Mail{Client: client, Body: reader(mail), Resolver: m, Now: now})
		theirs, err := foreign.VerifyWithOptions(strings.NewReader(mail), &foreign.VerifyOptions{LookupTXT: func(name string) ([]string, error) { return dns.Standard{Resolver: m}.LookupTXT(t.Context(), name) }, MaxVerifications: MaxSignatures})
		if err != nil {
			return
		}
		pass := 0
		for _, s := range theirs {
			if s.Err == nil {
				pass++
			}
		}
		if ours := strings.Count(results(v), Pass); ours > pass {
			t.Errorf("ours %d, theirs %d: %q", ours, pass, mail)
		}
	})
}
