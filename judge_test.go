package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"buzon/internal/judge"
	"buzon/internal/message"
	"buzon/internal/store"
)

// stranger is a mail server of the world that comes from an address of loopback, which tests have no other.
func stranger(t testing.TB, a *testAppliance, from string) *smtp.Client {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	conn, err := d.Dial("tcp", a.addr("smtp"))
	if err != nil {
		t.Fatal(err)
	}
	c := smtp.NewClient(conn)
	t.Cleanup(func() { c.Close() })
	if err := c.Hello("mx.far.test"); err != nil {
		t.Fatal(err)
	}
	return c
}

// bring brings a mail for ana.
func bring(c *smtp.Client, from, mail string) error {
	if err := c.Mail(from, nil); err != nil {
		return err
	}
	if err := c.Rcpt("ana@example.test", nil); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := strings.NewReader(strings.ReplaceAll(mail, "\n", "\r\n")).WriteTo(w); err != nil {
		return err
	}
	return w.Close()
}

// farAway is a world whose domain far.test sends from 127.0.0.9 alone, and says so.
func farAway(policy string) func(*options) {
	w := world{Zone: `far.test TXT "v=spf1 ip4:127.0.0.9 -all"
		_dmarc.far.test TXT "v=DMARC1; p=` + policy + `"
		far.test MX 10 mx.far.test
		mx.far.test A 127.0.0.9
		9.0.0.127.in-addr.arpa PTR mx.far.test`}
	return func(o *options) {
		o.outside = w.outside
		o.home = func(netip.Addr) bool { return false }
		o.limits.GreetWait, o.limits.StrangerDelay = 0, 0 // tests have no time
	}
}

func mailFrom(author string) string {
	return "From: " + author + "\nTo: ana@example.test\nSubject: hello\nAuthentication-Results: " +
		"localhost; spf=pass smtp.mailfrom=forged.test\n\nHow are you?\n"
}

// Mail that its author's domain vouches for is taken, and told to be.
func TestJudgeGood(t *testing.T) {
	t.Parallel()
	a := startWithAna(t, farAway("reject"))
	if err := a.store.Set(t.Context(), "server.name", "localhost"); err != nil {
		t.Fatal(err)
	}
	if err := bring(stranger(t, a, "127.0.0.9"), "luis@far.test", mailFrom("luis@far.test")); err != nil {
		t.Fatal(err)
	}
	got := inbox(t, a, 1)
	for _, want := range []string{"Authentication-Results: localhost;", "spf=pass", "dmarc=pass", "X-Buzon-Verdict: inbox;"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "forged.test") {
		t.Errorf("a forged result is shown:\n%s", got)
	}
}

// Mail in the name of a domain that has such mail refused is refused, with a reason, and is in the list.
func TestJudgeRefused(t *testing.T) {
	t.Parallel()
	a := startWithAna(t, farAway("reject"))
	err := bring(stranger(t, a, "127.0.0.8"), "thief@elsewhere.test", mailFrom("luis@far.test"))
	if err == nil || !strings.Contains(err.Error(), "DMARC") || !strings.Contains(err.Error(), "550") {
		t.Fatalf("got %v", err)
	}
	refusal := awaitRefusal(t, a)
	if refusal.Reason != "dmarc" || refusal.Recipient != "ana@example.test" {
		t.Errorf("in the list: %+v", refusal)
	}
}

func awaitRefusal(t testing.TB, a *testAppliance) (found store.Refusal) {
	t.Helper()
	until(t, "the refusal is in the list", func() bool {
		listed := false
		err := a.store.Refusals(context.Background(), func(r store.Refusal) error { found, listed = r, true; return nil })
		if err != nil {
			t.Fatal(err)
		}
		return listed
	})
	return found
}

// A domain that wants suspicion gets it: the mail is in Junk, and says why.
func TestJudgeQuarantine(t *testing.T) {
	t.Parallel()
	a := startWithAna(t, farAway("quarantine"))
	if err := bring(stranger(t, a, "127.0.0.8"), "thief@elsewhere.test", mailFrom("luis@far.test")); err != nil {
		t.Fatal(err)
	}
	got := inMailbox(t, a, "Junk", 1)
	if !strings.Contains(got, "X-Buzon-Verdict: junk; far.test wants") {
		t.Errorf("no reason in\n%s", got)
	}
}

// inMailbox waits until a mailbox of ana has n messages, and gives the newest.
func inMailbox(t testing.TB, a *testAppliance, name string, n int64) string {
	t.Helper()
	ctx := context.Background()
	ana := must[store.Account](t)(a.store.Account(ctx, message.Address{Local: "ana", Domain: "example.test"}))
	box := must[store.Mailbox](t)(a.store.Mailbox(ctx, ana.ID, name))
	if box.Total < n { // the reply came after the message was there
		t.Fatalf("%s has %d messages, not %d", name, box.Total, n)
	}
	return newest(t, a, box)
}

// What the owner allows is taken, whatever else is found.
func TestJudgeAllowed(t *testing.T) {
	t.Parallel()
	a := startWithAna(t, farAway("reject"))
	if _, err := a.store.AddRule(t.Context(), store.Rule{Allow: true, Kind: store.RuleDomain, Value: "elsewhere.test"}); err != nil {
		t.Fatal(err)
	}
	if err := bring(stranger(t, a, "127.0.0.8"), "thief@elsewhere.test", mailFrom("luis@far.test")); err != nil {
		t.Fatal(err)
	}
	if got := inbox(t, a, 1); !strings.Contains(got, "allowed by a rule") {
		t.Errorf("no reason in\n%s", got)
	}
}

// Where DNS does not answer what would decide, the mail comes again.
func TestJudgeLater(t *testing.T) {
	t.Parallel()
	a := startWithAna(t, farAway("reject"), func(o *options) {
		w := world{Broken: []string{"_dmarc.far.test"}}
		o.outside = w.outside
	})
	err := bring(stranger(t, a, "127.0.0.8"), "luis@far.test", mailFrom("luis@far.test"))
	if err == nil || !strings.Contains(err.Error(), "451") {
		t.Fatalf("got %v", err)
	}
}

// A day later the domain is told what became of mail in its name (RFC 7489 §7.2).
func TestJudgeReport(t *testing.T) {
	t.Parallel()
	reports := startSink(t, nil)
	w := world{
		Zone: `far.test TXT "v=spf1 ip4:127.0.0.9 -all"
			_dmarc.far.test TXT "v=DMARC1; p=none; rua=mailto:dmarc@far.test"
			far.test MX 10 mx.far.test
			mx.far.test A 192.0.2.1`,
		Ports: map[string]string{"192.0.2.1:25": reports.addr},
	}
	data := filepath.Join(t.TempDir(), "home.db")
	var c clock
	c.ahead.Store(int64(untilNoon()))
	t.Run("today", func(t *testing.T) {
		a := startWithAna(t, farAway("none"), inWorld(w), c.rules, func(o *options) { o.data = data })
		if err := bring(stranger(t, a, "127.0.0.9"), "luis@far.test", mailFrom("luis@far.test")); err != nil {
			t.Fatal(err)
		}
		inbox(t, a, 1)
		until(t, "it is counted", func() bool { return len(must[[]string](t)(a.store.DMARCDays(t.Context()))) == 1 })
	})
	c.ahead.Add(int64(24 * time.Hour))
	a := startTest(t, inWorld(w), c.rules, func(o *options) { o.data = data })
	got := reports.await(t, 1)[0]
	if got.from != "" || strings.Join(got.to, " ") != "dmarc@far.test" || !strings.Contains(got.data, "Subject: Report Domain: far.test") {
		t.Errorf("from %q to %q\n%s", got.from, got.to, got.data)
	}
	checkSignatures(t, a, got.data)
	until(t, "the day is forgotten", func() bool { return len(must[[]string](t)(a.store.DMARCDays(t.Context()))) == 0 })
}

// What others report of our domains is read, when they prove who they are.
func TestJudgeReportArrives(t *testing.T) {
	t.Parallel()
	a := startWithAna(t, farAway("reject"))
	report := `<?xml version="1.0"?><feedback><report_metadata><org_name>far.test</org_name><email>a@far.test</email><report_id>7</report_id>` +
		`<date_range><begin>1795219200</begin><end>1795305599</end></date_range></report_metadata><policy_published><domain>example.test</domain><p>none</p></policy_published>` +
		`<record><row><source_ip>192.0.2.9</source_ip><count>3</count><policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>pass</spf></policy_evaluated></row>` +
		`<identifiers><header_from>example.test</header_from></identifiers></record></feedback>`
	mail := "From: a@far.test\nTo: postmaster@example.test\nSubject: Report Domain: example.test\nMIME-Version: 1.0\n" +
		"Content-Type: text/xml; name=\"far.test!example.test!1795219200!1795305599.xml\"\nContent-Disposition: attachment\n\n" + report + "\n"
	c := stranger(t, a, "127.0.0.9")
	if err := c.Mail("a@far.test", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt("postmaster@example.test", nil); err != nil {
		t.Fatal(err)
	}
	w := must[io.WriteCloser](t)(c.Data())
	if _, err := io.WriteString(w, strings.ReplaceAll(mail, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, "the report is kept", func() bool {
		return len(must[[]store.Report](t)(a.store.Reports(t.Context(), store.ReportQuery{Max: 10}))) == 1
	})
}

// taught is an appliance whose filter for ana has seen much junk and much good mail.
func taught(t testing.TB, changes ...func(*options)) (*testAppliance, store.Account) {
	t.Helper()
	a := startWithAna(t, changes...)
	ctx := context.Background()
	ana := must[store.Account](t)(a.store.Account(ctx, message.Address{Local: "ana", Domain: "example.test"}))
	for box, line := range map[string]string{"Junk": junkLine, "Archive": goodLine} {
		mailbox := must[store.Mailbox](t)(a.store.Mailbox(ctx, ana.ID, box))
		var drafts []store.Draft
		for i := range 200 {
			text := fmt.Sprintf("From: someone%d@%s.test\r\nSubject: %s %d\r\n\r\n%s\r\n", i, strings.ToLower(box), line[:12], i, line)
			drafts = append(drafts, store.Draft{Body: io.NewSectionReader(strings.NewReader(text), 0, int64(len(text))), Flags: []string{`\Seen`}})
		}
		must[[]uint32](t)(a.store.Append(ctx, mailbox.ID, drafts))
	}
	if err := a.store.LearnJunk(ctx, ana.ID, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	until(t, "the filter has learned", func() bool { // what was filed into Junk is learned by the appliance itself
		return must[store.JunkStatus](t)(a.store.JunkStatus(ctx, ana.ID)).Spam >= 200
	})
	return a, ana
}

const (
	junkLine = "cheap pills guaranteed lottery winner casino bonus click here now unsubscribe million dollars"
	goodLine = "garden meeting tomatoes minutes of the school council tuesday bicycle repair grandmother letter"
)

func letterOf(author, line string) string {
	return "From: " + author + "\nTo: ana@example.test\nSubject: " + line[:12] + "\n\n" + line + "\n"
}

// The account's own filter files by content, and says so; whom the account wrote to is never junk by it.
func TestJudgeFilter(t *testing.T) {
	t.Parallel()
	a, ana := taught(t, farAway("none"))
	c := stranger(t, a, "127.0.0.9")
	if err := bring(c, "luis@far.test", letterOf("luis@far.test", junkLine)); err != nil {
		t.Fatal(err)
	}
	if got := inMailbox(t, a, "Junk", 201); !strings.Contains(got, "X-Buzon-Verdict: junk; the filter finds it like other junk") {
		t.Errorf("no reason in\n%s", got)
	}
	if err := bring(c, "luis@far.test", letterOf("luis@far.test", goodLine)); err != nil {
		t.Fatal(err)
	}
	if got := inbox(t, a, 1); !strings.Contains(got, "the filter finds it good") {
		t.Errorf("no reason in\n%s", got)
	}

	luis := message.Address{Local: "luis", Domain: "far.test"}
	body := io.NewSectionReader(strings.NewReader("Subject: hello\r\n\r\n"), 0, 18)
	err := a.store.Accept(t.Context(), store.Incoming{
		Body: body, Deliver: []store.Delivery{{Account: ana.ID, Mailbox: "Sent"}},
		Submitted: &store.Submitted{Account: ana.ID, To: []message.Address{luis}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := bring(c, "luis@far.test", letterOf("luis@far.test", junkLine)); err != nil {
		t.Fatal(err)
	}
	if got := inbox(t, a, 2); !strings.Contains(got, "from somebody this account wrote to") {
		t.Errorf("no reason in\n%s", got)
	}
	// Somebody else who only says to be luis gets nothing of that.
	if err := bring(stranger(t, a, "127.0.0.8"), "thief@elsewhere.test", letterOf("luis@far.test", junkLine)); err != nil {
		t.Fatal(err)
	}
	inMailbox(t, a, "Junk", 202)
}

// BenchmarkJudge is the whole decision about a message of 50 KB with every record known to DNS and a taught filter.
func BenchmarkJudge(b *testing.B) {
	a, ana := taught(b, farAway("none"))
	words := strings.Fields(goodLine + " " + junkLine)
	var text strings.Builder
	text.WriteString("From: luis@far.test\r\nTo: ana@example.test\r\nSubject: long\r\n\r\n")
	for i := 0; text.Len() < 50<<10; i++ {
		fmt.Fprintf(&text, "%s%d ", words[i%len(words)], i%977)
		if i%10 == 9 {
			text.WriteString("\r\n")
		}
	}
	body := text.String()
	b.ReportAllocs()
	for b.Loop() {
		g := a.gate.NewSession(b.Context(), netip.MustParseAddr("127.0.0.9"), netip.MustParseAddr("127.0.0.1"))
		d, err := a.judge.Message(b.Context(), judge.Mail{
			Client: netip.MustParseAddr("127.0.0.9"), Helo: "mx.far.test", From: message.Address{Local: "luis", Domain: "far.test"},
			Body: io.NewSectionReader(strings.NewReader(body), 0, int64(len(body))), Accounts: []store.AccountID{ana.ID}, Gate: g,
		})
		if err != nil || d.Refusal != nil || d.Verdict.SPF.Result != "pass" {
			b.Fatal(err, d.Refusal, d.Verdict.SPF)
		}
		g.Close()
	}
}

// The numbers are there for programs on this machine, and tell what happened.
func TestMetrics(t *testing.T) {
	t.Parallel()
	a := startWithAna(t, farAway("none"))
	if err := bring(stranger(t, a, "127.0.0.9"), "luis@far.test", mailFrom("luis@far.test")); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: a.tls(), DisableKeepAlives: true}, Timeout: 10 * time.Second}
	_, port, _ := net.SplitHostPort(a.addr("https"))
	got := must[*http.Response](t)(client.Get("https://localhost:" + port + "/metrics"))
	defer got.Body.Close()
	text := string(must[[]byte](t)(io.ReadAll(got.Body)))
	for _, want := range []string{`buzon_messages_accepted_total{service="smtp"} 1`, `buzon_connections_total{service="smtp"} 1`, "buzon_queue_recipients 0", "# TYPE"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
