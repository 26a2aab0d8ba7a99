package main

import (
	"strings"
	"testing"

	"buzon/internal/browsertest"
	"buzon/internal/message"
	"buzon/internal/store"
)

// The first run from the claim code to a phone with mail, as a person goes through it, mistakes included.
func TestBrowserFirstRun(t *testing.T) {
	for _, o := range []browsertest.Options{
		browsertest.Phone("en"), browsertest.Desk("es"), dark(browsertest.Phone("es")), dark(browsertest.Desk("en")),
	} {
		name := o.Language + map[bool]string{true: "-phone", false: "-desk"}[o.Width < 600]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			firstRun(t, o)
		})
	}
}

func dark(o browsertest.Options) browsertest.Options {
	o.Dark = true
	return o
}

func firstRun(t *testing.T, o browsertest.Options) {
	far := startSink(t, nil)
	w := &growing{world: world{
		Zone:  "far.test MX 10 mx.far.test\nmx.far.test A 192.0.2.25",
		Ports: map[string]string{"192.0.2.25:25": far.addr},
	}}
	a := unclaimed(t, func(o *options) { o.outside = w.outside })
	g := visit(t, a, o)
	g.claims()
	g.introduces()
	g.looksAtLine()
	g.entersRecords(w)
	g.seesCertificate()
	g.testsMail(far)
	g.setsUpPhone()
	g.isDone()
}

func (g *guest) claims() {
	g.look("/")
	g.at("/setup")
	g.reads("page_setup_claim_title")
	g.check("1-claim")
	g.Fill("#code", "0000 0000")
	g.Click("#claim button")
	g.refused("403")
	g.reads("page_setup_code_wrong")
	g.check("1-claim-wrong")
	g.Fill("#code", g.box.claim.Code())
	g.Click("#claim button")
	g.at("/setup/you")
}

func (g *guest) introduces() {
	g.check("2-you")
	g.you("ana@example.org", anasPassword, "something else")
	g.refused("422")
	g.reads("page_error_two_passwords")
	g.check("2-you-again")
	g.you("ana@gmail.com", anasPassword, anasPassword)
	g.refused("422")
	g.reads("page_setup_address_free", "domain", "gmail.com")
	g.check("2-you-gmail")
	var name string
	if g.Value(`document.querySelector("#name").value`, &name); name != "Ana Núñez" {
		g.t.Errorf("the name that was typed is %q now", name)
	}
	g.you(anaOfExample.String(), anasPassword, anasPassword)
	g.at("/setup/line")
}

// you fills the form of the first person.
func (g *guest) you(address, password, again string) {
	g.t.Helper()
	g.Fill("#name", "Ana Núñez")
	g.Fill("#address", address)
	g.Fill("#password", password)
	g.Until(`document.querySelector("#strength").textContent !== ""`)
	g.Fill("#again", again)
	g.Click("#you button")
}

func (g *guest) looksAtLine() {
	g.Until(`!document.querySelector("#line .busy") && document.querySelectorAll("#found li").length > 4`)
	g.check("3-line")
	g.Until(`document.querySelector("#relay-add").open || (document.querySelector("#relay-add summary").click(), true)`)
	g.Choose("#preset", "brevo")
	g.check("3-line-relay")
	g.Click("#later")
	g.at("/setup/dns")
}

func (g *guest) entersRecords(w *growing) {
	g.Until(`!!document.querySelector("#records .bad, #records .warn")`)
	g.check("4-dns")
	g.copies()
	n := g.publish(w.zone)
	g.reads("page_setup_dns_tally", "there", n, "of", n)
	if focus := g.Focus(); !strings.Contains(focus, "copy") {
		g.t.Errorf("what came live took the focus from the button: it is at %q", focus)
	}
	g.check("4-dns-there")
	g.Click("#next")
	g.at("/setup/certificate")
}

// copies copies a record's value, by a page that browsers do not trust with the clipboard.
func (g *guest) copies() {
	g.t.Helper()
	g.Value(`document.addEventListener("copy", () => { window.copied = String(document.activeElement.value) }), true`, new(bool))
	g.Touch("#records tbody td:nth-child(3) button")
	g.Until(`window.copied === document.querySelector("#records tbody td:nth-child(3) code").textContent`)
}

func (g *guest) seesCertificate() {
	g.Until(`document.querySelector("#shown").textContent !== ""`)
	g.check("5-certificate")
	g.Click("#next")
	g.at("/setup/mail")
}

func (g *guest) testsMail(far *sink) {
	g.check("6-mail")
	g.Click("#mail-form button")
	g.reads("page_setup_mail_here", "address", anaOfExample)
	g.check("6-mail-own")
	if mail := g.box.received(g.t, anaOfExample); !strings.Contains(mail, "From: ") || !strings.Contains(mail, "ana@example.org") {
		g.t.Errorf("in the inbox is %q", mail)
	}
	g.Fill("#to", "kim@far.test")
	g.Click("#mail-form button")
	far.await(g.t, 1)
	g.Until(`!document.querySelector("#sent .busy")`)
	g.reads("page_setup_mail_signed")
	g.check("6-mail-far")
	g.Click("#next")
	g.at("/setup/phone")
}

func (g *guest) setsUpPhone() {
	g.check("7-phone")
	g.Click("#iphone button")
	g.check("7-phone-apple")
	var link string
	g.Value(`document.querySelector("#link").href`, &link)
	if got := decode(g.t, g.Shot(".qr")); got != "" && got != link {
		g.t.Errorf("the code says %q, the page %q", got, link)
	}
	g.Click("main p:last-child a")
	g.at("/setup/phone")
	g.Click("#android button")
	g.check("7-phone-android")
	if got := decode(g.t, g.Shot(".qr")); got != "" && !strings.Contains(got, `"ana@example.org"`) {
		g.t.Errorf("the code says %q", got)
	}
	g.Click("main p:last-child a")
	g.Click("#computer button")
	g.check("7-phone-computer")
	g.Click("main p:last-child a")
	apps := must[[]store.AppPassword](g.t)(g.box.store.AppPasswords(g.t.Context(), anaOfExample))
	if len(apps) != 2 { // that of the iPhone is made when it comes
		g.t.Errorf("%+v", apps)
	}
	g.Click("#next")
	g.at("/setup/done")
}

func (g *guest) isDone() {
	g.reads("page_setup_done_title")
	g.check("8-done")
	g.Click("#to-status")
	g.at("/status")
	g.check("9-status")
	g.look("/")
	g.at("/status")
}

// received is the newest mail in somebody's inbox, once there is one.
func (a *testAppliance) received(t *testing.T, who message.Address) (mail string) {
	t.Helper()
	acc := must[store.Account](t)(a.store.Account(t.Context(), who))
	eventually(t, "mail for "+who.String(), func() bool {
		box := must[store.Mailbox](t)(a.store.Mailbox(t.Context(), acc.ID, "INBOX"))
		if box.Total > 0 {
			mail = newest(t, a, box)
		}
		return box.Total > 0
	})
	return mail
}
