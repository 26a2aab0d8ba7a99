package phone

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A scanner that is not ours reads both forms of the code, as they are seen.
func TestScan(t *testing.T) {
	need(t, "zbarimg")
	for _, text := range []string{Thunderbird(ana()), "https://mail.example.org/phone/AAECAwQFBgcICQoLDA0ODw", "1", strings.Repeat("ñ", 500)} {
		svg, err := QR(text, "a code")
		if err != nil {
			t.Fatal(err)
		}
		blocks, err := Blocks(text)
		if err != nil {
			t.Fatal(err)
		}
		for name, picture := range map[string]image.Image{"SVG": paintSVG(t, svg), "terminal": paintBlocks(t, blocks)} {
			if got := scan(t, picture); got != text {
				t.Errorf("%s: scanned %q, want %q", name, got, text)
			}
		}
	}
}

func scan(t *testing.T, picture image.Image) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "code.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, picture); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return string(program(t, nil, "zbarimg", "--quiet", "--nodbus", "--raw", "--oneshot", "-Sbinary", path))
}

// scale is how many pixels a module gets.
const scale = 4

// grid is a picture of modules.
type grid struct {
	*image.Gray
}

func newGrid(side int) grid {
	return grid{image.NewGray(image.Rect(0, 0, side*scale, side*scale))}
}

func (g grid) fill(x, y, w, h int, c color.Color) {
	for py := y * scale; py < (y+h)*scale; py++ {
		for px := x * scale; px < (x+w)*scale; px++ {
			g.Set(px, py, c)
		}
	}
}

var rectangle = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// paintSVG draws the little of SVG that a code has.
func paintSVG(t *testing.T, svg []byte) image.Image {
	t.Helper()
	var doc struct {
		ViewBox string `xml:"viewBox,attr"`
		Rect    struct {
			Width int    `xml:"width,attr"`
			Fill  string `xml:"fill,attr"`
		} `xml:"rect"`
		Path struct {
			D    string `xml:"d,attr"`
			Fill string `xml:"fill,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal(svg, &doc); err != nil {
		t.Fatalf("%v in %s", err, svg)
	}
	side := doc.Rect.Width
	if doc.ViewBox != fmt.Sprintf("0 0 %d %d", side, side) || doc.Rect.Fill != "#fff" || doc.Path.Fill != "#000" {
		t.Fatalf("%s", svg)
	}
	g := newGrid(side)
	g.fill(0, 0, side, side, color.White)
	if rest := rectangle.ReplaceAllString(doc.Path.D, ""); rest != "" {
		t.Fatalf("more than rectangles: %q", rest)
	}
	for _, m := range rectangle.FindAllStringSubmatch(doc.Path.D, -1) {
		var n [4]int
		for i := range n {
			n[i], _ = strconv.Atoi(m[i+1]) // digits
		}
		if n[2] != n[3] {
			t.Fatalf("not closed: %s", m[0])
		}
		g.fill(n[0], n[1], n[2], 1, color.Black)
	}
	return g
}

// paintBlocks draws what a terminal shows.
func paintBlocks(t *testing.T, text string) image.Image {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	g := newGrid(2 * len(lines))
	g.fill(0, 0, 2*len(lines), 2*len(lines), color.White)
	for y, line := range lines {
		line, black := strings.CutPrefix(line, blackOnWhite)
		line, ended := strings.CutSuffix(line, ownColours)
		if !black || !ended {
			t.Fatalf("colours: %q", line)
		}
		for x, r := range []rune(line) {
			if r == '█' || r == '▀' {
				g.fill(x, 2*y, 1, 1, color.Black)
			}
			if r == '█' || r == '▄' {
				g.fill(x, 2*y+1, 1, 1, color.Black)
			}
		}
	}
	return g
}

// The frame is white, four modules wide, and what a screen reader says is in the code.
func TestQuietZone(t *testing.T) {
	svg, err := QR("x", `Ana's <phone> & "co"`)
	if err != nil {
		t.Fatal(err)
	}
	g := paintSVG(t, svg).(grid)
	side := g.Bounds().Dx()
	for i := range side {
		for depth := range 4 * scale {
			for _, p := range []image.Point{{i, depth}, {depth, i}, {i, side - 1 - depth}, {side - 1 - depth, i}} {
				if g.GrayAt(p.X, p.Y).Y != 0xff {
					t.Fatalf("dark at %v", p)
				}
			}
		}
	}
	if g.GrayAt(4*scale, 4*scale).Y != 0 {
		t.Error("the frame is wider than four modules")
	}
	var doc struct {
		Role  string `xml:"role,attr"`
		Title string `xml:"title"`
	}
	if err := xml.Unmarshal(svg, &doc); err != nil || doc.Title != `Ana's <phone> & "co"` || doc.Role != "img" {
		t.Errorf("%+v %v", doc, err)
	}
	if bytes.Contains(svg, []byte("style")) {
		t.Error("a page without inline style cannot show it")
	}
}

func TestTooLong(t *testing.T) {
	text := strings.Repeat("a", 3000)
	if _, err := QR(text, ""); err == nil {
		t.Error("SVG")
	}
	if _, err := Blocks(text); err == nil {
		t.Error("terminal")
	}
}
