package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"buzon/internal/browsertest"
	"buzon/internal/store"
)

// A name of somebody else's that leads here (DNS rebinding) opens nothing, set up or not.
func TestBrowserRebinding(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]*testAppliance{"home": startHome(t), "unclaimed": unclaimed(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := browsertest.Desk("en")
			o.Hosts = "MAP evil.test 127.0.0.1"
			g := visit(t, a, o)
			for _, path := range []string{"/", "/login", "/status", "/setup"} {
				g.Open(a.pageAt("evil.test") + path)
				g.reads("page_error_host")
				g.refused("421")
			}
			g.check("rebinding")
		})
	}
}

// Forms of another site, sent by a browser in which ana is logged in, do nothing.
func TestBrowserForgedForms(t *testing.T) {
	t.Parallel()
	a := startHome(t)
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(`<!doctype html><html lang="en"><title>x</title><link rel="icon" href="data:,"><form method="post" action="` + a.pageAt(atHome) + `/people/alias">
			<input name="alias" value="evil@example.org"><input name="targets" value="luis@example.org"><button>x</button></form>`))
	}))
	t.Cleanup(evil.Close)
	o := browsertest.Desk("en")
	o.Hosts = "MAP evil.test 127.0.0.1, MAP " + atHome + " 127.0.0.1"
	g := visit(t, a, o)
	g.logIn("ana@example.org", anasPassword)
	g.Open(strings.Replace(evil.URL, "127.0.0.1", "evil.test", 1))
	g.Click("button")
	g.reads("page_error_origin")
	g.refused("403")
	if list := must[[]store.Alias](t)(a.store.Aliases(t.Context())); len(list) != 1 {
		t.Errorf("%+v", list)
	}
	// Nor is the page shown in a frame of theirs.
	g.Open(strings.Replace(evil.URL, "127.0.0.1", "evil.test", 1))
	g.Do("frame it", chromedp.Evaluate(`document.body.innerHTML = '<iframe src="`+a.pageAt(atHome)+`/people"></iframe>', true`, nil))
	g.heard("frame-ancestors")
}

// heard waits until the browser complains of something, and takes the complaint.
func (g *guest) heard(what string) {
	g.t.Helper()
	eventually(g.t, "the browser complains of "+what, func() bool { return strings.Contains(strings.Join(g.Complaints(), "\n"), what) })
}

// What no browser sends: names and origins that are made up, and a form without the word of its page.
func TestBrowserHostileRequests(t *testing.T) {
	t.Parallel()
	a := startHome(t)
	for _, c := range []struct {
		what, host, origin, site string
		status                   int
	}{
		{"a name that is not ours", "evil.test", "", "", http.StatusMisdirectedRequest},
		{"a name that ends like ours", "xexample.org", "", "", http.StatusMisdirectedRequest},
		{"ours below another", "mail.example.org.evil.test", "", "", http.StatusMisdirectedRequest},
		{"another's origin", "", "http://evil.test", "", http.StatusForbidden},
		{"no origin to tell", "", "null", "", http.StatusForbidden},
		{"another site", "", "", "cross-site", http.StatusForbidden},
		{"the same site, another name", "", "", "same-site", http.StatusForbidden},
		{"no word of the page", "", "", "same-origin", http.StatusSeeOther}, // to the log-in: there is no session
	} {
		r := must[*http.Request](t)(http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+a.addr("http")+"/people/alias",
			strings.NewReader(url.Values{"alias": {"evil@example.org"}, "targets": {"luis@example.org"}}.Encode())))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Host = c.host
		for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s: %d, not %d", c.what, resp.StatusCode, c.status)
		}
	}
	if list := must[[]store.Alias](t)(a.store.Aliases(t.Context())); len(list) != 1 {
		t.Errorf("%+v", list)
	}
}
