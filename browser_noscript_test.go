package main

import (
	"strings"
	"testing"
	"time"

	"buzon/internal/browsertest"
)

// Without JavaScript the first steps work, and what would be live is there at the next look.
func TestBrowserWithoutScript(t *testing.T) {
	t.Parallel()
	w := &growing{world: world{Zone: "far.test MX 10 mx.far.test"}}
	a := unclaimed(t, func(o *options) { o.outside = w.outside })
	g := visit(t, a, browsertest.Phone("en"))
	g.Script(false)
	g.look("/")
	g.Fill("#code", a.claim.Code())
	g.Click("#claim button")
	g.Fill("#address", "ana@example.org")
	g.Fill("#password", anasPassword)
	g.Fill("#again", anasPassword)
	g.Click("#you button")
	g.at("/setup/line")
	g.lookAgain("the line is told", func() bool {
		var n int
		g.Value(`document.querySelectorAll("#found li").length`, &n)
		return n > 4
	})
	g.Touch("#relay-add summary")
	g.Fits()
	g.Picture("line") // axe-core cannot look: it is a script
	g.Click("#next")
	g.at("/setup/dns")
	g.lookAgain("DNS was asked", func() bool {
		var missing bool
		g.Value(`!!document.querySelector("#records .bad, #records .warn")`, &missing)
		return missing
	})
	n := g.publish(w.zone)
	sentence := g.words.Say("page_setup_dns_tally", "there", n, "of", n)
	g.lookAgain("all records are there", func() bool {
		var text string
		g.Value("document.body.innerText", &text)
		return strings.Contains(text, sentence)
	})
	g.Fits()
	g.Picture("dns")
}

// lookAgain loads the page again until what is to be is; a person does it once a second at most.
func (g *guest) lookAgain(what string, is func() bool) {
	g.t.Helper()
	pace := time.NewTicker(time.Second)
	defer pace.Stop()
	for range 30 {
		if is() {
			return
		}
		<-pace.C
		g.Reload()
	}
	g.Picture("never")
	g.t.Fatalf("not so after 30 looks: %s", what)
}
