package verdict

import (
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/authres"

	"buzon/internal/dns"
	"buzon/internal/message"
)

func TestHeader(t *testing.T) {
	m := world(t)
	v := judge(t, from(t, m, sign(t, "far.example", letter)))
	header := string(v.AppendHeader(nil, "Home.Example"))
	for _, want := range []string{
		"Authentication-Results: home.example; dmarc=pass (p=reject sp=reject dis=none)\r\n header.from=far.example; spf=pass smtp.mailfrom=ana@far.example;",
		"spf=pass smtp.helo=mx.far.example;",
		"dkim=pass header.d=far.example header.s=k-rsa header.a=rsa-sha256",
		"header.a=ed25519-sha256 header.b=",
		"arc=none; iprev=pass (mx.far.example) policy.iprev=192.0.2.1\r\n",
	} {
		if !strings.Contains(spaces.ReplaceAllString(header, " "), spaces.ReplaceAllString(want, " ")) {
			t.Errorf("no %q in\n%s", want, header)
		}
	}
	for line := range strings.SplitSeq(header, "\r\n") {
		if len(line) > 78 {
			t.Errorf("%d octets: %s", len(line), line)
		}
	}
	checkReadable(t, v)
}

// checkReadable sees that we and go-msgauth read what we write.
func checkReadable(t testing.TB, v Verdict) {
	t.Helper()
	header := string(v.AppendHeader(nil, "home.example"))
	if len(header) > 2*maxResults || strings.ContainsFunc(header, func(r rune) bool { return r > '~' || r < ' ' && r != '\r' && r != '\n' }) {
		t.Fatalf("%q", header)
	}
	_, value, _ := strings.Cut(header, ":")
	ours, err := ParseResults(value)
	if err != nil || ours.ServerID != "home.example" {
		t.Fatalf("%v: %s", err, header)
	}
	got := map[string]bool{}
	for _, m := range ours.Methods {
		got[m.Method+"="+m.Result] = true
	}
	for _, want := range []string{"dmarc=" + v.DMARC.Result, "spf=" + v.SPF.Result, "arc=" + v.ARC.Result, "iprev=" + v.Reverse.Result} {
		if !got[want] {
			t.Fatalf("no %s in %s", want, header)
		}
	}
	if id, _, err := authres.Parse(spaces.ReplaceAllString(value, " ")); err != nil && !strings.Contains(header, "\"") || id != "home.example" && err == nil {
		t.Fatalf("go-msgauth: %q %v: %s", id, err, header)
	}
}

// Nothing from outside leaves its place.
func TestHeaderIsSafe(t *testing.T) {
	for _, evil := range []string{"a;dmarc=pass", "x\r\nSubject: y", `a"b`, "a(b", "ñ", strings.Repeat("a", 5000), "a b", "\x00"} {
		v := judge(t, Mail{Client: client, Helo: evil, From: message.Address{Local: evil, Domain: "far.example"}, Resolver: world(t), Now: now,
			Body: reader("DKIM-Signature: v=1; d=" + evil + "; s=" + evil + "; a=x; b=a\r\n" + letter)})
		checkReadable(t, v)
		header := string(v.AppendHeader(nil, "home.example"))
		if strings.Contains(header, "\nSubject") || strings.Count(header, "dmarc=pass header.from") > 1 {
			t.Errorf("%q: %s", evil, header)
		}
	}
}

// The examples of RFC 8601 appendix B, and what stands between words.
func TestParseResults(t *testing.T) {
	for _, c := range []struct {
		text string
		want Results
		bad  bool
	}{
		{"example.org 1; none", Results{ServerID: "example.org"}, false},
		{"example.com; spf=pass smtp.mailfrom=example.net", Results{"example.com", []Method{{"spf", Pass, "", []Property{{"smtp", "mailfrom", "example.net"}}}}}, false},
		{"example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n spf=pass smtp.mailfrom=example.net", Results{"example.com", []Method{
			{"auth", Pass, "", []Property{{"smtp", "auth", "sender@example.net"}}},
			{"spf", Pass, "", []Property{{"smtp", "mailfrom", "example.net"}}}}}, false},
		{"example.com; dkim=pass reason=\"good signature\" header.i=@mail-router.example.net; dkim=fail reason=\"bad; signature\" header.i=@newyork.example.com", Results{"example.com", []Method{
			{"dkim", Pass, "good signature", []Property{{"header", "i", "@mail-router.example.net"}}},
			{"dkim", Fail, "bad; signature", []Property{{"header", "i", "@newyork.example.com"}}}}}, false},
		// RFC 8601 appendix B.7, full of comments.
		{"foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n policy (A dot can go here) . (like that) expired\r\n (this surprised me) = (as I wasn't expecting it) 1362471462",
			Results{"foo.example.net", []Method{{"dkim", Fail, "", []Property{{"policy", "expired", "1362471462"}}}}}, false},
		{`"quoted id"; DKIM=Pass header.d="a\"b" ;`, Results{"quoted id", []Method{{"dkim", Pass, "", []Property{{"header", "d", `a"b`}}}}}, false},
		{`a; spf=pass smtp.mailfrom="a b"@c`, Results{"a", []Method{{"spf", Pass, "", []Property{{"smtp", "mailfrom", "a b@c"}}}}}, false},
		{"", Results{}, true},
		{"(a", Results{}, true},
		{"a; spf", Results{ServerID: "a"}, true},
		{"a; spf=pass x", Results{ServerID: "a"}, true},
		{"a; =pass", Results{ServerID: "a"}, true},
		{"a b c", Results{ServerID: "a"}, true},
	} {
		got, err := ParseResults(c.text)
		if (err != nil) != c.bad || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %+v, %v", c.text, got, err)
		}
	}
}

func TestForged(t *testing.T) {
	const ours = "Authentication-Results: home.example; spf=pass\r\n"
	for _, c := range []struct{ mail, want string }{
		{letter, letter},
		{ours + letter, letter},
		{letter[:30] + strings.Repeat(ours, 3) + letter[30:], letter},
		{"Authentication-Results: other.example; spf=pass\r\n" + letter, "Authentication-Results: other.example; spf=pass\r\n" + letter},
		// In other clothes.
		{"AUTHENTICATION-RESULTS:HOME.example;none\r\n" + letter, letter},
		{"Authentication-Results : (x) home.example (y) 1;\r\n spf=pass\r\n" + letter, letter},
		{"Authentication-Results:\r\n\t\"home.example\"; spf=pass\r\n" + letter, letter},
		{"Authentication-Results: xn--muoz-hqa.example; none\r\n" + letter, letter},
		{"Authentication-Results: muñoz.example; none\r\n" + letter, letter},
		{"Authentication-Results: (((home.example; spf=pass\r\n" + letter, letter},
		{"Authentication-Results: a b c home.example; spf=pass\r\n" + letter, letter},
		// Behind a header that is longer than is examined elsewhere.
		{strings.Repeat("X: "+strings.Repeat("x", 900)+"\r\n", 300) + ours + letter, strings.Repeat("X: "+strings.Repeat("x", 900)+"\r\n", 300) + letter},
		// Not a header field.
		{letter + ours, letter + ours},
		{"X-Authentication-Results: home.example; none\r\n" + letter, "X-Authentication-Results: home.example; none\r\n" + letter},
	} {
		mail := c.mail
		if mail == letter[:30]+strings.Repeat(ours, 3)+letter[30:] { // between two fields
			at := strings.Index(letter, "To:")
			mail = letter[:at] + strings.Repeat(ours, 3) + letter[at:]
		}
		out, err := Forged(reader(mail), int64(len(mail)), "home.example", "muñoz.example")
		if err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(message.Without(reader(mail), int64(len(mail)), out))
		if err != nil || string(rest) != c.want {
			t.Errorf("%.100q: %.100q, %v", mail, rest, err)
		}
	}
}

func FuzzResults(f *testing.F) {
	f.Add("example.com; dkim=pass reason=\"good\" header.i=@a.example (x); spf=fail")
	f.Add("foo (bar) 1; dkim / 1 = fail policy . expired = 1")
	f.Add("\"a\\\"b\"; none")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseResults(text)
		if err == nil && r.ServerID == "" || len(r.Methods) > maxMethods {
			t.Errorf("%q: %+v", text, r)
		}
		v := Verdict{Client: client, SPF: SPF{Result: Pass, Sender: text, Reason: text}, Reverse: dns.Reverse{Result: dns.ReversePass, Names: []string{text}},
			DKIM: []Signature{{Result: Fail, Domain: text, Selector: text, Algorithm: text, Short: text, Reason: text}}, ARC: ARC{Result: Fail, Reason: text},
			DMARC: DMARC{Result: Fail, Domain: text, Comment: text, Override: OtherReason}}
		v.Helo = v.SPF
		header := string(v.AppendHeader(nil, "home.example"))
		if _, err := ParseResults(strings.TrimPrefix(header, "Authentication-Results:")); err != nil || strings.Contains(strings.TrimSuffix(header, "\r\n"), "\r\n\r\n") {
			t.Errorf("%q: %v: %s", text, err, header)
		}
		claims(": "+text, []string{"home.example"})
	})
}
