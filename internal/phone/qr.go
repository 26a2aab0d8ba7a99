package phone

import (
	"fmt"
	"html"
	"strings"

	"rsc.io/qr"
)

// quiet is the white frame without which scanners do not find a code (ISO/IEC 18004 §9.1), in modules.
const quiet = 4

// code is the modules of a text. Level M mends 15 % of them, enough for a screen, and keeps the squares large.
func code(text string) (*qr.Code, error) {
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("QR code: %w", err)
	}
	return c, nil
}

// QR is the QR code of a text as an SVG, to stand in a page as it is. It has no size of its own, is dark on white whatever
// the page's colours are, needs no style, and title tells those who do not see it what it is. An error means that the text
// is too long.
func QR(text, title string) ([]byte, error) {
	c, err := code(text)
	if err != nil {
		return nil, err
	}
	side := c.Size + 2*quiet
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" shape-rendering="crispEdges">`, side, side)
	fmt.Fprintf(&b, `<title>%s</title><rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="`, html.EscapeString(title), side, side)
	for y := range c.Size {
		for x := 0; x < c.Size; {
			n := run(c, x, y)
			if c.Black(x, y) {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, n, n)
			}
			x += n
		}
	}
	b.WriteString(`"/></svg>`)
	return []byte(b.String()), nil
}

// run is how many modules from here to the right have one colour.
func run(c *qr.Code, x, y int) int {
	n := 1
	for x+n < c.Size && c.Black(x+n, y) == c.Black(x, y) {
		n++
	}
	return n
}

// Colours of a terminal (ECMA-48 SGR): black on the whitest white, whatever its own are.
const (
	blackOnWhite = "\x1b[38;5;16;48;5;231m"
	ownColours   = "\x1b[0m"
)

// Blocks is the QR code of a text for a terminal: lines of half blocks, two rows of modules in each.
func Blocks(text string) (string, error) {
	c, err := code(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for y := -quiet; y < c.Size+quiet; y += 2 {
		b.WriteString(blackOnWhite)
		for x := -quiet; x < c.Size+quiet; x++ {
			b.WriteString(half(c.Black(x, y), c.Black(x, y+1)))
		}
		b.WriteString(ownColours + "\n")
	}
	return b.String(), nil
}

func half(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	}
	return " "
}
