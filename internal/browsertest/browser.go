// Package browsertest gives tests Debian's Chromium, as a person would use it: a window of a size, a language, a keyboard.
// Every step has a deadline, what the browser complains about fails the test, and pictures go where BUZON_PICTURES says.
package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long one step may take: machines of tests are slow, and Chromium's first start more so.
const patience = 30 * time.Second

// Options are what kind of browser it is.
type Options struct {
	Width, Height int64  // of the window, in pixels
	Language      string // as in Accept-Language
	Dark          bool   // the person's wish for a dark page
	Insecure      bool   // takes a certificate that nobody vouches for
	Hosts         string // Chromium's host-resolver-rules
}

// Phone and Desk are the usual two.
func Phone(language string) Options { return Options{Width: 320, Height: 640, Language: language} }

// Desk is a window on a desk.
func Desk(language string) Options { return Options{Width: 1200, Height: 800, Language: language} }

// Browser is a window of its own, with no history and no cookies.
type Browser struct {
	t   testing.TB
	ctx context.Context
	o   Options

	mu         sync.Mutex
	complaints []string
}

// Start opens a window, which is closed at the end of the test. Without Chromium the test is skipped, but fails in CI.
func Start(t testing.TB, o Options) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("chromium is not installed")
	}
	if err != nil {
		t.Fatal("chromium is not installed")
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), flags(path, folder(t), o)...)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(t.Logf))
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil { // waits: its folder goes next
			t.Logf("chromium did not end by itself: %v", err)
		}
		cancel()
		end()
	})
	b := &Browser{t: t, ctx: ctx, o: o}
	b.prepare()
	return b
}

// prepare opens the window and listens to what the browser complains about.
func (b *Browser) prepare() {
	b.t.Helper()
	chromedp.ListenTarget(b.ctx, b.hear)
	if err := chromedp.Run(b.ctx, log.Enable(), runtime.Enable(), look(b.o)); err != nil { // without a deadline of its own: it holds the process
		b.t.Fatalf("chromium does not start: %v", err)
	}
	b.t.Cleanup(b.end)
}

// folder is Chromium's own, which it leaves nothing outside of. Its name is short: a socket's may have 108 octets.
func folder(t testing.TB) string {
	t.Helper()
	name, err := os.MkdirTemp("", "bz")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(name); err != nil {
			t.Errorf("chromium left something behind: %v", err)
		}
	})
	return name
}

// flags keep Chromium from asking anybody but us.
func flags(path, folder string, o Options) []chromedp.ExecAllocatorOption {
	f := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(filepath.Join(folder, "profile")), chromedp.Env("TMPDIR=" + folder), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless,
		chromedp.NoSandbox, // tests run as root
		chromedp.DisableGPU, chromedp.WindowSize(int(o.Width), int(o.Height)),
		chromedp.Flag("accept-lang", o.Language), chromedp.Flag("lang", o.Language),
	}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage", "hide-scrollbars"} {
		f = append(f, chromedp.Flag(name, true))
	}
	if o.Insecure {
		f = append(f, chromedp.Flag("ignore-certificate-errors", true))
	}
	if o.Hosts != "" {
		f = append(f, chromedp.Flag("host-resolver-rules", o.Hosts))
	}
	return f
}

// look sets the size, the language and the colours that the person likes.
func look(o Options) chromedp.Tasks {
	scheme := "light"
	if o.Dark {
		scheme = "dark"
	}
	return chromedp.Tasks{
		emulation.SetDeviceMetricsOverride(o.Width, o.Height, 1, o.Width < 600),
		emulation.SetLocaleOverride().WithLocale(o.Language),
		emulation.SetUserAgentOverride("buzon-test").WithAcceptLanguage(o.Language),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"}, // what fades would be measured half way
		}),
	}
}

// hear notes what the browser complains about: errors of scripts, and what its console shows as such (a policy that is broken too).
func (b *Browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError {
			b.complaints = append(b.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			b.complaints = append(b.complaints, fmt.Sprint(e.Args))
		}
	}
}

// Complaints are those since the last call. What is left at the end of the test fails it.
func (b *Browser) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.complaints
	b.complaints = nil
	return list
}

func (b *Browser) end() {
	for _, c := range b.Complaints() {
		b.t.Errorf("the browser complains: %s", c)
	}
}

// Do takes steps, each within its time.
func (b *Browser) Do(what string, steps ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, steps...); err != nil {
		b.Picture("failed")
		b.t.Fatalf("%s: %v\n%s", what, err, b.text())
	}
}

// text is what the page shows now, for errors; "" if it cannot be told.
func (b *Browser) text() (text string) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, chromedp.Evaluate("location.href + '\\n' + document.body.innerText", &text)); err != nil {
		return ""
	}
	return text
}

// Open goes to an address, and waits until the page is there.
func (b *Browser) Open(url string) {
	b.t.Helper()
	b.Do("open "+url, chromedp.Navigate(url), chromedp.WaitReady("body"))
}

// Fill writes into a field, in the place of what was there.
func (b *Browser) Fill(field, text string) {
	b.t.Helper()
	b.Do("fill "+field, chromedp.WaitVisible(field, chromedp.ByQuery), chromedp.Focus(field, chromedp.ByQuery),
		chromedp.Evaluate("document.activeElement.select(), true", nil), chromedp.KeyEvent(text))
}

// Click clicks what leads to another page, and waits until it is there.
func (b *Browser) Click(what string) {
	b.t.Helper()
	b.Do("click "+what, chromedp.WaitVisible(what, chromedp.ByQuery), chromedp.ScrollIntoView(what, chromedp.ByQuery), mark(), chromedp.Click(what, chromedp.ByQuery), unmarked())
}

// Press presses keys, one after the other, as kb has them ("\t" is Tab).
func (b *Browser) Press(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.Do("press a key", chromedp.KeyEvent(k))
	}
}

// Enter presses Enter on what has the focus, and waits for the page that comes.
func (b *Browser) Enter() {
	b.t.Helper()
	b.Go(kb.Enter)
}

// Go presses a key on what has the focus, and waits for the page that comes.
func (b *Browser) Go(key string) {
	b.t.Helper()
	b.Do("press a key that leads on", mark(), chromedp.KeyEvent(key), unmarked())
}

// mark marks the page that is there, and unmarked waits for one that is not: the one that took its place.
func mark() chromedp.Action {
	return chromedp.Evaluate("document.body.dataset.left = 'yes', true", nil)
}

func unmarked() chromedp.Action {
	return until("document.readyState === 'complete' && !!document.body && !document.body.dataset.left")
}

// until asks again and again whether a script is true: an error means that one page is just taking another's place.
func until(script string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for {
			var yes bool
			if err := chromedp.Evaluate(script, &yes).Do(ctx); err == nil && yes {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("never true: %s: %w", script, ctx.Err())
			case <-time.After(30 * time.Millisecond):
			}
		}
	})
}

// See waits until the page shows a text.
func (b *Browser) See(text string) {
	b.t.Helper()
	b.Do("see "+text, until("document.body.innerText.includes("+quote(text)+")"))
}

// quote is a text in a script.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // cannot be: it is a text
	}
	return string(quoted)
}

// Value is what a script gives, into a Go value.
func (b *Browser) Value(script string, into any) {
	b.t.Helper()
	b.Do("look at "+script, chromedp.Evaluate(script, into))
}

// Path is where we are.
func (b *Browser) Path() (path string) {
	b.t.Helper()
	b.Value("location.pathname", &path)
	return path
}
