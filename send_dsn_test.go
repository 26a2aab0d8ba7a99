package main

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"buzon/internal/message"
	"buzon/internal/store"
)

// notice is a report (RFC 3462) as its reader's program shows it.
type notice struct {
	mail.Header
	text     string // for people
	status   string // for programs
	kind     string // of the third part, "" without one
	returned string
}

func readNotice(t *testing.T, text string) (n notice) {
	t.Helper()
	m := must[*mail.Message](t)(mail.ReadMessage(strings.NewReader(text)))
	kind, words, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || words["report-type"] != "delivery-status" {
		t.Fatalf("not a report: %s %v %v\n%s", kind, words, err, text)
	}
	n.Header = m.Header
	parts := multipart.NewReader(m.Body, words["boundary"]) // which decodes quoted-printable
	for _, into := range []*string{&n.text, &n.status, &n.returned} {
		part, err := parts.NextPart()
		if err == io.EOF && into == &n.returned {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		*into = strings.ReplaceAll(string(must[[]byte](t)(io.ReadAll(part))), "\r\n", "\n")
		if into == &n.returned {
			n.kind, _, _ = mime.ParseMediaType(part.Header.Get("Content-Type"))
		}
	}
	return n
}

// wants looks for texts in the part for programs.
func (n notice) wants(t *testing.T, fields ...string) {
	t.Helper()
	for _, f := range fields {
		if !strings.Contains("\n"+n.status, "\n"+f+"\n") {
			t.Errorf("no %q in\n%s", f, n.status)
		}
	}
}

// said is the sender's wish about a recipient.
func said(words ...smtp.DSNNotify) *smtp.RcptOptions { return &smtp.RcptOptions{Notify: words} }

// Who gets which report (RFC 3461 §4.1).
func TestSendNotify(t *testing.T) {
	t.Parallel()
	knows, old := startSink(t, nil), startPeer(t)
	refuses := startSink(t, nil)
	w := world{}.with("knows.test", knows.addr).with("old.test", old.addr).with("refuses.test", refuses.addr)
	a := startWithAna(t, inWorld(w))
	client := sender(t, a)
	reports := int64(0)
	for i, c := range []struct {
		domain string
		notify *smtp.RcptOptions
		want   string // the report's Action; "" none
	}{
		// It fails.
		{"refuses.test", nil, "failed"},
		{"refuses.test", said(smtp.DSNNotifyFailure), "failed"},
		{"refuses.test", said(smtp.DSNNotifyFailure, smtp.DSNNotifySuccess), "failed"},
		{"refuses.test", said(smtp.DSNNotifyNever), ""},
		{"refuses.test", said(smtp.DSNNotifySuccess), ""},
		{"refuses.test", said(smtp.DSNNotifyDelayed), ""},
		// It arrives: a server that knows of reports writes them itself.
		{"knows.test", nil, ""},
		{"knows.test", said(smtp.DSNNotifySuccess), ""},
		{"old.test", nil, ""},
		{"old.test", said(smtp.DSNNotifyFailure), ""},
		{"old.test", said(smtp.DSNNotifyNever), ""},
		{"old.test", said(smtp.DSNNotifySuccess), "relayed"},
		{"old.test", said(smtp.DSNNotifySuccess, smtp.DSNNotifyFailure), "relayed"},
	} {
		to := fmt.Sprintf("luis%d@%s", i, c.domain)
		refuses.answer(to, &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "Not here"})
		if err := submitMail(client, nil, map[string]*smtp.RcptOptions{to: c.notify}, letter(to, fmt.Sprint("case ", i))); err != nil {
			t.Fatal(err)
		}
		emptied(t, a) // a report is made with the end of the job
		if c.want != "" {
			reports++
			n := readNotice(t, inbox(t, a, reports))
			n.wants(t, "Action: "+c.want, "Final-Recipient: rfc822; "+to)
			if c.want == "relayed" && !strings.Contains(n.text, "was handed to the next server") {
				t.Errorf("it says\n%s", n.text)
			}
		}
	}
	if ana := inboxOf(t, a, "ana@example.test"); ana.Total != reports {
		t.Errorf("ana has %d reports, not %d", ana.Total, reports)
	}
}

// inboxOf is the INBOX of an account as it is now.
func inboxOf(t testing.TB, a *testAppliance, address string) store.Mailbox {
	t.Helper()
	acc := must[store.Account](t)(a.store.Account(t.Context(), must[message.Address](t)(message.ParseAddress(address))))
	return must[store.Mailbox](t)(a.store.Mailbox(t.Context(), acc.ID, "INBOX"))
}

// Nobody gets a report about what the null sender sent, such as a read receipt (RFC 3464 §2).
func TestSendNullSender(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	c := sender(t, a)
	if err := c.Mail("", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt("luis@nowhere.test", nil); err != nil {
		t.Fatal(err)
	}
	w := must[*smtp.DataCommand](t)(c.Data())
	io.WriteString(w, "From: ana@example.test\r\nSubject: read\r\n\r\nI read it.\r\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	emptied(t, a)
	if done := fates(t, a, "luis@nowhere.test"); len(done) != 1 || done[0].Fate != store.Failed {
		t.Errorf("%+v", done)
	}
	if n := inboxOf(t, a, "ana@example.test").Total; n != 0 {
		t.Errorf("%d reports", n)
	}
}

// What the sender said goes along to a server that knows of it (RFC 3461 §5.2.1), and comes back in reports of ours.
func TestSendDSNParameters(t *testing.T) {
	t.Parallel()
	knows, old := startSink(t, nil), startPeer(t)
	a := startWithAna(t, inWorld(world{}.with("knows.test", knows.addr).with("old.test", old.addr)))
	options := &smtp.MailOptions{EnvelopeID: "QQ 314+159", Return: smtp.DSNReturnHeaders}
	to := func() *smtp.RcptOptions {
		return &smtp.RcptOptions{Notify: []smtp.DSNNotify{smtp.DSNNotifySuccess, smtp.DSNNotifyDelayed},
			OriginalRecipientType: smtp.DSNAddressTypeRFC822, OriginalRecipient: "lu+is@first.test"}
	}
	if err := submitMail(sender(t, a), options, map[string]*smtp.RcptOptions{"luis@knows.test": to(), "luis@old.test": to()}, letter("luis", "wishes")); err != nil {
		t.Fatal(err)
	}
	got := knows.await(t, 1)[0]
	if got.options.EnvelopeID != "QQ 314+159" || got.options.Return != smtp.DSNReturnHeaders {
		t.Errorf("MAIL had %+v", got.options)
	}
	if r := got.rcpt[0]; r.OriginalRecipient != "lu+is@first.test" || len(r.Notify) != 2 || r.Notify[0] != smtp.DSNNotifySuccess || r.Notify[1] != smtp.DSNNotifyDelayed {
		t.Errorf("RCPT had %+v", r)
	}
	n := readNotice(t, inbox(t, a, 1))
	n.wants(t, "Original-Envelope-Id: QQ 314+159", "Original-Recipient: rfc822; lu+is@first.test", "Final-Recipient: rfc822; luis@old.test", "Action: relayed")
	if strings.Contains(n.returned, "Hello") {
		t.Errorf("more than the header came back: %s", n.returned)
	}
	if strings.Contains(old.commands(), "NOTIFY") || strings.Contains(old.commands(), "RET") {
		t.Errorf("a server that does not know it was told %s", old.commands())
	}
}

// Four hours without success: a warning, one. Five days: the mail comes back.
func TestSendWarnsAndGivesUp(t *testing.T) {
	t.Parallel()
	var rounds []trouble
	for i := range 20 {
		rounds = append(rounds, trouble{"RCPT": fmt.Sprintf("451 4.2.1 Round %d.", i+1)})
	}
	p := startPeer(t, troubled(rounds...))
	var c clock
	a := startWithAna(t, inWorld(world{}.with("slow.test", p.addr)), c.rules)
	start := c.now()
	if err := submitMail(sender(t, a), nil, plainly("luis@slow.test"), letter("luis", "patience")); err != nil {
		t.Fatal(err)
	}
	round := func(d time.Duration) {
		t.Helper()
		conns, _, _ := p.counts()
		c.passUntil(t, a, d, "it was tried again", func() bool {
			job, waits := waiting(t, a)["luis@slow.test"]
			return !waits || strings.Contains(job.Reply.Text, fmt.Sprintf("Round %d.", conns+1))
		})
	}
	until(t, "it was tried", func() bool { return waiting(t, a)["luis@slow.test"].Reply.Code != 0 })
	round(3 * time.Hour)
	if n := inboxOf(t, a, "ana@example.test").Total; n != 0 {
		t.Errorf("%d warnings after %v", n, c.now().Sub(start))
	}
	round(65 * time.Minute)
	n := readNotice(t, inbox(t, a, 1))
	n.wants(t, "Action: delayed", "Status: 4.2.1", "Remote-MTA: dns; mx0.slow.test")
	if !strings.HasPrefix(n.text, `Your mail "patience" of `) || !strings.Contains(n.text, "has not arrived yet. You need not do anything") || !strings.Contains(n.status, "\nWill-Retry-Until: ") {
		t.Errorf("the warning is\n%s\n%s", n.text, n.status)
	}
	round(24 * time.Hour)
	round(72 * time.Hour)
	round(20 * time.Hour)
	n = readNotice(t, inbox(t, a, 2))
	n.wants(t, "Action: failed", "Status: 4.4.7")
	if !strings.Contains(n.text, "It was tried until now without success. The last reason: ") || !strings.Contains(n.text, "Round 6.") || !strings.Contains(n.returned, "Hello") {
		t.Errorf("the report is\n%s\n%s", n.text, n.status)
	}
	emptied(t, a)
	if _, _, mails := p.counts(); mails != 0 || inboxOf(t, a, "ana@example.test").Total != 2 {
		t.Error("more came of it than two reports")
	}
}

// The same for a server that is not there at all, and for senders with wishes: who wants no warning has none.
func TestSendUnreachable(t *testing.T) {
	t.Parallel()
	var c clock
	w := world{Zone: "gone.test MX 10 mx.gone.test\nmx.gone.test A 192.0.2.1"}
	a := startWithAna(t, inWorld(w), c.rules)
	to := map[string]*smtp.RcptOptions{
		"quiet@gone.test": said(smtp.DSNNotifyFailure), "never@gone.test": said(smtp.DSNNotifyNever),
		"warn@gone.test": said(smtp.DSNNotifyDelayed), "both@gone.test": nil,
	}
	if err := submitMail(sender(t, a), nil, to, letter("all", "into the void")); err != nil {
		t.Fatal(err)
	}
	until(t, "it was tried", func() bool { return waiting(t, a)["both@gone.test"].Reply.Code != 0 })
	c.passUntil(t, a, 4*time.Hour+time.Minute, "the warning came", func() bool { return inboxOf(t, a, "ana@example.test").Total > 0 })
	n := readNotice(t, inbox(t, a, 1))
	n.wants(t, "Final-Recipient: rfc822; both@gone.test", "Final-Recipient: rfc822; warn@gone.test", "Action: delayed", "Status: 4.4.1")
	if strings.Count(n.status, "Final-Recipient") != 2 || !strings.Contains(n.text, "does not answer") {
		t.Errorf("the warning is\n%s\n%s", n.text, n.status)
	}
	c.passUntil(t, a, 117*time.Hour, "it was given up", func() bool { return len(waiting(t, a)) == 0 })
	n = readNotice(t, inbox(t, a, 2))
	n.wants(t, "Final-Recipient: rfc822; both@gone.test", "Final-Recipient: rfc822; quiet@gone.test", "Action: failed", "Status: 4.4.7")
	if strings.Count(n.status, "Final-Recipient") != 2 {
		t.Errorf("the report is\n%s", n.status)
	}
	if n := inboxOf(t, a, "ana@example.test").Total; n != 2 {
		t.Errorf("%d reports", n)
	}
}

// What comes back: all of a small message, the header of a large one or where the sender wants no more.
func TestSendReturned(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	client := sender(t, a)
	for i, c := range []struct {
		ret   smtp.DSNReturn
		large bool
		kind  string
	}{
		{"", false, "message/rfc822"},
		{smtp.DSNReturnFull, false, "message/rfc822"},
		{smtp.DSNReturnHeaders, false, "text/rfc822-headers"},
		{"", true, "text/rfc822-headers"},
		{smtp.DSNReturnFull, true, "text/rfc822-headers"},
	} {
		mail := letter("luis@nowhere.test", "returned")
		if c.large {
			mail = longLetter("luis@nowhere.test", "returned")
		}
		if err := submitMail(client, &smtp.MailOptions{Return: c.ret}, plainly("luis@nowhere.test"), mail); err != nil {
			t.Fatal(err)
		}
		n := readNotice(t, inbox(t, a, int64(i+1)))
		if n.kind != c.kind || !strings.Contains(n.returned, "Subject: returned\n") || strings.Contains(n.returned, "\nHello") != (c.kind == "message/rfc822") {
			t.Errorf("%+v: %s, %.3000s", c, n.kind, n.returned)
		}
	}
}

// A person can read the first paragraph, in the language of the house, which the owner changes while it runs.
func TestSendReportWords(t *testing.T) {
	t.Parallel()
	var c clock
	a := startWithAna(t, c.rules)
	client := sender(t, a)
	date := c.now().Format("2006")
	for i, want := range []struct{ lang, from, subject, first, reason string }{
		{"en", "Mail Delivery", "Not delivered: The party", `Your mail "The party" of `, "There is nothing by the name after the @."},
		{"es", "Entrega de correo", "No entregado: The party", `Su correo «The party» del `, "No hay nada con el nombre que va detrás de la @."},
	} {
		if got := buzon(t, "", "settings", "set", "language", want.lang, "--data", a.data); got.status != 0 {
			t.Fatalf("%+v", got)
		}
		until(t, "the language is known", func() bool { return a.store.Settings().Language == want.lang })
		if err := submitMail(client, nil, plainly("luis@nowhere.test"), letter("luis@nowhere.test", "The party")); err != nil {
			t.Fatal(err)
		}
		n := readNotice(t, inbox(t, a, int64(i+1)))
		words := new(mime.WordDecoder)
		subject := must[string](t)(words.DecodeHeader(n.Get("Subject")))
		first, _, _ := strings.Cut(n.text, "\n\n")
		if subject != want.subject || !strings.HasPrefix(first, want.first) || !strings.Contains(first, date) || strings.Contains(first, "5.1.2") {
			t.Errorf("%s: subject %q, first paragraph %q", want.lang, subject, first)
		}
		if !strings.Contains(n.text, want.reason) || !strings.Contains(n.Get("From"), want.from) {
			t.Errorf("%s: from %q\n%s", want.lang, n.Get("From"), n.text)
		}
	}
}

// Success with our own people: it is in the mailbox, and we say so.
func TestSendLocalSuccess(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	must[store.Account](t)(a.store.AddAccount(t.Context(), message.Address{Local: "luis", Domain: "example.test"}, "secret"))
	options := &smtp.MailOptions{EnvelopeID: "house-7"}
	client := sender(t, a)
	for _, notify := range []*smtp.RcptOptions{nil, said(smtp.DSNNotifyFailure), said(smtp.DSNNotifySuccess)} {
		if err := submitMail(client, options, map[string]*smtp.RcptOptions{"luis@example.test": notify}, letter("luis@example.test", "at home")); err != nil {
			t.Fatal(err)
		}
	}
	n := readNotice(t, inbox(t, a, 1))
	n.wants(t, "Action: delivered", "Final-Recipient: rfc822; luis@example.test", "Original-Envelope-Id: house-7")
	if !strings.HasPrefix(n.text, `Your mail "at home" of `) || !strings.Contains(n.text, "is in the mailbox of:") || strings.Contains(n.returned, "Hello") {
		t.Errorf("it says\n%s\n%s", n.text, n.returned)
	}
	if luis, ana := inboxOf(t, a, "luis@example.test").Total, inboxOf(t, a, "ana@example.test").Total; luis != 3 || ana != 1 {
		t.Errorf("luis has %d messages, ana %d", luis, ana)
	}
}
