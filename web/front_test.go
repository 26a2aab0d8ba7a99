package web

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// What each port has, in which order its parts are asked, and that all of it is behind the one that lets in.
func TestFront(t *testing.T) {
	t.Parallel()
	says := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
	}
	before := func(path, text string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle(path, says(text))
			mux.Handle("/", next)
			return mux
		}
	}
	f := Front{
		Around: before("/around", "around"),
		Site: &Site{
			Ours:   func(_ context.Context, domain string) (bool, error) { return domain == "example.org", nil },
			Policy: func(string) string { return "policy" }, Host: func(string) string { return "mail.example.org" },
			Port: func(string) int { return 993 }, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		},
		Phones: before("/phone/", "phone"),
		Page: func(secure bool) http.Handler {
			if secure {
				return says("page over TLS")
			}
			return says("page")
		},
		Challenges: says("challenge"),
		Wrap:       func(l net.Listener) net.Listener { return l },
		Log:        slog.New(slog.DiscardHandler),
	}
	for _, tt := range []struct{ url, https, http string }{
		{"http://mail.example.org/", "page over TLS", "page"},
		{"http://mail.example.org/phone/x", "phone", "phone"},
		{"http://mail.example.org/around", "around", "around"},
		{"http://mail.example.org/.well-known/acme-challenge/x", "page over TLS", "challenge"},
		// RFC 8461 §3.3: the policy is fetched over TLS alone.
		{"http://mta-sts.example.org" + policyPath, "policy", "404 page not found\n"},
	} {
		for server, want := range map[*Server]string{f.HTTPS(): tt.https, f.HTTP(): tt.http} {
			w := httptest.NewRecorder()
			server.inner.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, tt.url, nil))
			if got := w.Body.String(); got != want {
				t.Errorf("%s: %q, want %q", tt.url, got, want)
			}
		}
	}
}
