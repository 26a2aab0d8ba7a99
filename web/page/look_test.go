package page

import (
	"net/http/httptest"
	"strings"
	"testing"

	"buzon/internal/browsertest"
	"buzon/internal/store"
	"buzon/internal/text"
)

// In a browser every page fits a phone of 320 pixels and a window on a desk, in light and dark and both languages, nothing
// about it is hard for who cannot see, and the browser has nothing to complain about.
func TestLook(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	dark := browsertest.Desk("es")
	dark.Dark = true
	for _, o := range []browsertest.Options{browsertest.Phone("en"), browsertest.Phone("es"), browsertest.Desk("en"), dark} {
		b := newBox(t)
		b.fill()
		server := httptest.NewServer(b.Handler(false))
		w := browsertest.Start(t, o)
		t.Cleanup(func() { b.Close(); server.CloseClientConnections(); server.Close() }) // live parts would last
		w.Open(server.URL + "/login")
		w.Fill("#address", "ana@example.org")
		w.Fill("#password", secret)
		w.Enter()
		for _, path := range append(adminPages(), ownPages()...) {
			w.Open(server.URL + path)
			var opened int // what is folded must be right as well
			w.Value(`[...document.querySelectorAll("details")].map(d => d.open = true).length`, &opened)
			w.Fits()
			w.Accessible()
			w.Picture(pictureName(path))
		}
		w.Open(server.URL + "/me")
		w.Fill("#phone-device", "robot")
		w.Click(`#phone button[value="android"]`)
		w.Fits()
		w.Accessible()
		w.Picture("phone")

		w.Open(server.URL + "/queue") // what changes meanwhile shows by itself
		if _, err := b.store.HoldJobs(t.Context(), store.Selection{All: true}); err != nil {
			t.Fatal(err)
		}
		w.See(text.Load(o.Language).Say("page_queue_is_held"))
	}
}

// pictureName is a path as the name of a file.
func pictureName(path string) string {
	path, query, _ := strings.Cut(strings.Trim(path, "/"), "?")
	return strings.ReplaceAll(path, "/", "-") + strings.Map(func(r rune) rune {
		if r == '=' || r == '@' {
			return '-'
		}
		return r
	}, query)
}
