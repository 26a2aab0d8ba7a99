package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"buzon/internal/npmtest"
)

// Picture keeps what the whole page looks like as a file, below BUZON_PICTURES or the folder of temporary files.
func (b *Browser) Picture(name string) {
	b.t.Helper()
	folder := os.Getenv("BUZON_PICTURES")
	if folder == "" {
		folder = filepath.Join(os.TempDir(), "buzon-pictures")
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	var png []byte
	err := chromedp.Run(ctx, chromedp.FullScreenshot(&png, 100))
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	file := fmt.Sprintf("%s-%s-%d-%s.png", strings.ReplaceAll(b.t.Name(), "/", "-"), b.o.Language, b.o.Width, name)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, file), png, 0o644)
	}
	if err != nil {
		b.t.Errorf("no picture %s: %v", file, err)
	}
}

// Fits fails the test if the page is wider than its window.
func (b *Browser) Fits() {
	b.t.Helper()
	var wide []string
	b.Value(`document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
		.filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 5).map(e => e.outerHTML.slice(0, 120))`, &wide)
	if len(wide) > 0 {
		b.t.Errorf("%s is wider than %d pixels: %q", b.Path(), b.o.Width, wide)
	}
}

func axe() npmtest.Package {
	return npmtest.Package{Name: "axe-core", Number: "4.14.1", SHA256: "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"}
}

// violation is what axe-core found.
type violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// Accessible fails the test if axe-core finds something serious or critical on the page (WCAG 2.1 A and AA).
func (b *Browser) Accessible() {
	b.t.Helper()
	var found []violation
	b.Do("run axe-core", chromedp.Evaluate(string(axe().File(b.t, "axe.min.js"))+"\n;true", nil),
		chromedp.Evaluate(`axe.run({resultTypes: ['violations']}).then(result => result.violations)`, &found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	for _, v := range found {
		if v.Impact == "serious" || v.Impact == "critical" {
			b.t.Errorf("%s: axe-core: %s %s: %s: %+v", b.Path(), v.Impact, v.ID, v.Help, v.Nodes)
		}
	}
}
