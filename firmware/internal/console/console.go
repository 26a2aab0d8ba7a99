// Package console shows how the box is, on its screen, on its serial line, and, while Buzon cannot, as a page of the web.
//
// Invariant: a page is written when it differs from the one before, and never otherwise: a serial line is slow.
package console

import (
	"fmt"
	"html"
	"io"
	"net/netip"
	"strings"
	"sync"

	"buzon/internal/text"
)

// Light is how the box is, in one word.
type Light string

// The lights, from good to bad.
const (
	Green  Light = "green"
	Yellow Light = "yellow"
	Red    Light = "red"
)

// View is what is shown.
type View struct {
	Version   string
	Host      string // without .local
	Addresses []netip.Addr
	Code      string // of the claim; "" once the box has an owner
	Light     Light
	Reason    string   // key of the sentence that tells of the light
	Detail    string   // its {reason}
	Notes     []string // more sentences, as of settings that were not understood
}

// Text is the page in words.
func (v View) Text(words *text.Catalogue) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Buzon %s\n%s\n", v.Version, words.Say(v.Reason, "reason", v.Detail))
	for _, n := range v.Notes {
		b.WriteString(n + "\n")
	}
	b.WriteString("\n")
	if len(v.Addresses) == 0 {
		b.WriteString(words.Say("box_page_no_address") + "\n")
		return b.String()
	}
	b.WriteString(words.Say("box_page_open") + "\n")
	fmt.Fprintf(&b, "  http://%s.local\n", v.Host)
	for _, a := range v.Addresses {
		fmt.Fprintf(&b, "  http://%s\n", host(a))
	}
	if v.Code != "" {
		b.WriteString("\n" + words.Say("box_page_code", "code", v.Code) + "\n")
	}
	return b.String()
}

func host(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}

// HTML is the page for a browser in place of Buzon's. The claim code is not on it: it is for who stands before the box.
func (v View) HTML(words *text.Catalogue) string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
		`<title>Buzon</title></head><body><main><h1>Buzon ` + html.EscapeString(v.Version) + `</h1>`)
	for _, sentence := range append([]string{words.Say(v.Reason, "reason", v.Detail)}, v.Notes...) {
		b.WriteString("<p>" + html.EscapeString(sentence) + "</p>")
	}
	b.WriteString("</main></body></html>\n")
	return b.String()
}

// Screen is where a page is shown.
type Screen struct {
	To    io.Writer
	Clear bool // it shows one page at a time; else pages follow each other
}

// Screens show the same page.
type Screens struct {
	mu    sync.Mutex
	all   []Screen
	shown string
}

// New makes them.
func New(screens ...Screen) *Screens { return &Screens{all: screens} }

// ECMA-48: the cursor to the first line, and everything after it cleared.
const clearScreen = "\x1b[H\x1b[J"

// Show shows a page, unless it is there already. What cannot be shown on one screen is on the others.
func (s *Screens) Show(page string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if page == s.shown {
		return
	}
	s.shown = page
	for _, screen := range s.all {
		begin := "\n"
		if screen.Clear {
			begin = clearScreen
		}
		io.WriteString(screen.To, begin+page) // nobody could be told of an error
	}
}
