package main

import (
	"context"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"buzon/internal/keyring"
	"buzon/internal/message"
	"buzon/internal/store"
)

// sender is ana's mail program: logged in, over TLS.
func sender(t testing.TB, a *testAppliance) *smtp.Client {
	t.Helper()
	c, err := smtp.DialTLS(a.addr("smtps"), a.tls())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Auth(sasl.NewPlainClient("", "ana@example.test", "secret")); err != nil {
		t.Fatal(err)
	}
	return c
}

// submitMail sends a message as ana.
func submitMail(c *smtp.Client, o *smtp.MailOptions, to map[string]*smtp.RcptOptions, mail string) error {
	if err := c.Mail("ana@example.test", o); err != nil {
		return err
	}
	for address, options := range to {
		if err := c.Rcpt(address, options); err != nil {
			return err
		}
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

func plainly(to ...string) map[string]*smtp.RcptOptions {
	m := map[string]*smtp.RcptOptions{}
	for _, a := range to {
		m[a] = nil
	}
	return m
}

// elsewhere is a world with one domain, whose mail goes to a sink.
func elsewhere(s *sink) world {
	return world{
		Zone: `elsewhere.test MX 10 mx.elsewhere.test
			mx.elsewhere.test A 192.0.2.1`,
		Ports: map[string]string{"192.0.2.1:25": s.addr},
	}
}

func inWorld(w world) func(*options) { return func(o *options) { o.outside = w.outside } }

// inbox waits until ana has n messages, and gives the newest as it is stored.
func inbox(t testing.TB, a *testAppliance, n int64) string {
	t.Helper()
	ctx := context.Background()
	ana, err := a.store.Account(ctx, message.Address{Local: "ana", Domain: "example.test"})
	if err != nil {
		t.Fatal(err)
	}
	box, err := a.store.Mailbox(ctx, ana.ID, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	bell := a.store.Watch(box.ID)
	defer bell.Stop()
	deadline := time.After(30 * time.Second)
	for {
		if box, err = a.store.MailboxByID(ctx, box.ID); err != nil {
			t.Fatal(err)
		}
		if box.Total >= n {
			return newest(t, a, box)
		}
		select {
		case <-bell.C:
		case <-deadline:
			t.Fatalf("ana has %d messages, not %d", box.Total, n)
		}
	}
}

func newest(t testing.TB, a *testAppliance, box store.Mailbox) string {
	t.Helper()
	view := must[store.View](t)(a.store.View(t.Context(), box.ID))
	page := must[[]store.Message](t)(a.store.Page(t.Context(), box.ID, view.UIDs, box.UIDNext-1, 1, store.WithMeta, nil))
	if len(page) != 1 {
		t.Fatal("no message")
	}
	body := must[*store.Body](t)(a.store.Body(t.Context(), page[0].Body))
	defer body.Release()
	var b strings.Builder
	if _, err := body.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A message leaves signed and as its writer wants it seen.
func TestSend(t *testing.T) {
	t.Parallel()
	s := startSink(t, nil)
	a := startWithAna(t, inWorld(elsewhere(s)))
	if err := submitMail(sender(t, a), nil, plainly("luis@elsewhere.test", "eva@elsewhere.test"),
		"From: Ana <ana@example.test>\nTo: luis@elsewhere.test\nBcc: eva@elsewhere.test\nSubject: hello\n\nHow are you?\n"); err != nil {
		t.Fatal(err)
	}
	got := s.await(t, 1)[0]
	if got.from != "ana@example.test" || len(got.to) != 2 {
		t.Errorf("the envelope is %q %q", got.from, got.to)
	}
	for _, want := range []string{"\r\nSubject: hello\r\n", "\r\nMessage-ID: <", "\r\nDate: ", "\r\n\r\nHow are you?\r\n", "Received: by "} {
		if !strings.Contains(got.data, want) {
			t.Errorf("no %q in\n%s", want, got.data)
		}
	}
	for _, not := range []string{"Bcc", "127.0.0.1"} {
		if strings.Contains(got.data, not) {
			t.Errorf("%q in\n%s", not, got.data)
		}
	}
	checkSignatures(t, a, got.data)
}

// checkSignatures looks whether both of our signatures hold, with the keys in the file in the place of the DNS.
func checkSignatures(t testing.TB, a *testAppliance, mail string) {
	t.Helper()
	found, err := dkim.VerifyWithOptions(strings.NewReader(mail), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		return dkimRecord(a, name)
	}})
	if err != nil || len(found) != 2 {
		t.Fatalf("%d signatures: %v\n%s", len(found), err, mail)
	}
	for _, v := range found {
		if v.Err != nil || v.Domain != "example.test" {
			t.Errorf("signature of %s: %v", v.Domain, v.Err)
		}
	}
}

// What a server says no to comes back to its writer, at once and in plain words.
func TestSendFails(t *testing.T) {
	t.Parallel()
	s := startSink(t, nil)
	s.answer("nobody@elsewhere.test", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user here"})
	w := elsewhere(s)
	w.Zone += "\nnull.test MX 0 .\n"
	a := startWithAna(t, inWorld(w))
	c := sender(t, a)
	for i, try := range []struct{ to, want string }{
		{"nobody@elsewhere.test", "No such user here"},
		{"luis@null.test", "5.1.10"},
		{"luis@nowhere.test", "5.1.2"},
	} {
		mail := fmt.Sprintf("From: ana@example.test\nTo: %s\nSubject: number %d\n\nHello\n", try.to, i)
		if err := submitMail(c, nil, plainly(try.to, "eva@elsewhere.test"), mail); err != nil {
			t.Fatal(err)
		}
		got := inbox(t, a, int64(i+1))
		for _, want := range []string{try.want, try.to, "Content-Type: multipart/report", fmt.Sprintf("number %d", i), "Auto-Submitted: auto-replied"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in the report\n%s", try.to, want, got)
			}
		}
	}
	s.await(t, 3) // eva got them all
}

// dkimRecord is what DNS has for a selector of ours.
func dkimRecord(a *testAppliance, name string) ([]string, error) {
	ring := keyring.Ring{Store: a.store, Now: a.now}
	keys, err := ring.Keys(context.Background(), "example.test", "")
	for _, k := range keys {
		if k.Name == name {
			return []string{k.Record}, nil
		}
	}
	return nil, err
}

// Lines that some servers refuse are encoded before the message is signed.
func TestSendLongLines(t *testing.T) {
	t.Parallel()
	s := startSink(t, nil)
	a := startWithAna(t, inWorld(elsewhere(s)))
	long := strings.Repeat("word = ", 250)
	mail := "From: ana@example.test\nTo: luis@elsewhere.test\nSubject: long\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + long + "\n"
	if err := submitMail(sender(t, a), nil, plainly("luis@elsewhere.test"), mail); err != nil {
		t.Fatal(err)
	}
	got := s.await(t, 1)[0].data
	for line := range strings.SplitSeq(got, "\r\n") {
		if len(line) > 998 {
			t.Errorf("a line of %d octets left", len(line))
		}
	}
	checkSignatures(t, a, got)
	_, body, _ := strings.Cut(got, "\r\n\r\n")
	text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
	if err != nil || strings.TrimRight(string(text), "\r\n") != strings.TrimRight(long, " ") && strings.TrimRight(string(text), "\r\n") != long {
		t.Errorf("the text changed: %q %v", text, err)
	}
}
