package main

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

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
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		n := 0
		err := a.store.Refusals(context.Background(), func(r store.Refusal) error { found = r; n++; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return found
		}
	}
	t.Fatal("nothing is in the list of refusals")
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
