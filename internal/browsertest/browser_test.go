package browsertest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

const form = `<!doctype html><html lang="en"><title>Form</title><body><main><h1>Form</h1>
<form action="/sent"><label for="x">Name</label><input id="x" name="x"><button>Send</button></form></main>`

// The tool itself: it fills, clicks, types, follows, measures, and hears what the browser complains about.
func TestBrowser(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "script-src 'self'")
		switch r.URL.Path {
		case "/sent":
			w.Write([]byte("<!doctype html><html lang=en><title>x</title><main><h1>Sent " + r.FormValue("x") + " " + r.Header.Get("Accept-Language") + "</h1></main>"))
		case "/bad":
			w.Write([]byte(`<!doctype html><html lang=en><title>x</title><script>alert(1)</script>`))
		case "/":
			w.Write([]byte(form))
		default:
			w.WriteHeader(http.StatusNoContent) // the icon
		}
	}))
	defer s.Close()
	b := Start(t, Phone("es"))
	b.Open(s.URL)
	b.Accessible()
	b.Fits()
	b.Fill("#x", "ana")
	b.Click("button")
	b.See("Sent ana es")
	b.Open(s.URL)
	b.Press(kb.Tab, "l", "u")
	b.Enter()
	b.See("Sent lu")
	if c := b.Complaints(); len(c) > 0 {
		t.Errorf("complaints without a reason: %q", c)
	}
	b.Open(s.URL + "/bad")
	if c := b.Complaints(); len(c) != 1 || !strings.Contains(c[0], "Content Security Policy") {
		t.Errorf("a script in the page went unnoticed: %q", c)
	}
}
