package browsertest

import (
	"context"
	"errors"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Resize gives the window another size; the page stays.
func (b *Browser) Resize(width, height int64) {
	b.t.Helper()
	b.o.Width, b.o.Height = width, height
	b.Do("resize", emulation.SetDeviceMetricsOverride(width, height, 1, width < 600))
}

// Touch clicks what leads to no other page: what unfolds, a box to tick, a button of a script.
func (b *Browser) Touch(what string) {
	b.t.Helper()
	b.Do("touch "+what, chromedp.WaitVisible(what, chromedp.ByQuery), chromedp.ScrollIntoView(what, chromedp.ByQuery), chromedp.Click(what, chromedp.ByQuery))
}

// Choose takes an entry of a list, by its value.
func (b *Browser) Choose(list, value string) {
	b.t.Helper()
	b.Do("choose "+value, chromedp.WaitVisible(list, chromedp.ByQuery), chromedp.SetValue(list, value, chromedp.ByQuery))
}

// Shot is a picture of one element, large enough for a camera, as PNG.
func (b *Browser) Shot(element string) (png []byte) {
	b.t.Helper()
	b.Do("picture of "+element, chromedp.WaitVisible(element, chromedp.ByQuery), chromedp.ScreenshotScale(element, 2, &png, chromedp.ByQuery))
	return png
}

// Until waits until a script is true.
func (b *Browser) Until(script string) {
	b.t.Helper()
	b.Do("wait for "+script, until(script))
}

// Back goes back in the history, as the button does.
func (b *Browser) Back() {
	b.t.Helper()
	b.Do("go back", mark(), chromedp.ActionFunc(func(ctx context.Context) error {
		at, entries, err := page.GetNavigationHistory().Do(ctx)
		if err != nil || at == 0 {
			return errors.Join(err, errors.New("there is nothing before"))
		}
		return page.NavigateToHistoryEntry(entries[at-1].ID).Do(ctx)
	}), unmarked())
}

// Reload loads the page again.
func (b *Browser) Reload() {
	b.t.Helper()
	b.Do("load again", mark(), page.Reload(), unmarked())
}

// Focus is the element with the focus, as its id, name or text.
func (b *Browser) Focus() (name string) {
	b.t.Helper()
	b.Value(`(e => e === document.body ? "" : e.id || e.name || e.textContent.trim())(document.activeElement)`, &name)
	return name
}

// TabTo presses Tab until something has the focus that matches a selector. The focus must be seen wherever it is.
func (b *Browser) TabTo(selector string) {
	b.t.Helper()
	const most = 150 // of stops on one page
	for range most {
		b.Press("\t")
		var at struct {
			There, Seen bool
			What        string
		}
		b.Value(`(e => ({There: e.matches(`+quote(selector)+`), What: e.outerHTML.slice(0, 100), Seen: (s => (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2) || e === document.body)(getComputedStyle(e)) && (r => r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth)(e.getBoundingClientRect())}))(document.activeElement)`, &at)
		if !at.Seen {
			b.t.Errorf("%s: the focus is not to be seen on %s", b.Path(), at.What)
		}
		if at.There {
			return
		}
	}
	b.t.Fatalf("%s: Tab does not come to %s", b.Path(), selector)
}

// Script tells whether scripts of pages run. Ours run all the same.
func (b *Browser) Script(on bool) {
	b.t.Helper()
	b.Do("scripts", emulation.SetScriptExecutionDisabled(!on))
}
