package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const policy = "version: STSv1\r\nmode: testing\r\n"

func site(log io.Writer) *Site {
	return &Site{
		Ours: func(_ context.Context, domain string) (bool, error) {
			if domain == "broken.example" {
				return false, errors.New("disk is full")
			}
			return domain == "example.org" || domain == "xn--muoz-hqa.example", nil
		},
		Policy: func(string) string { return policy },
		Host:   func(domain string) string { return "mail." + domain },
		Port: func(service string) int {
			return map[string]int{"imaps": 993, "pop3s": 995, "submissions": 465, "submission": 587}[service]
		},
		Now: func() time.Time { return time.Unix(1_800_000_000, 0) },
		Log: slog.New(slog.NewTextHandler(log, nil)),
	}
}

func get(s *Site, method, url, host string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, nil)
	r.Host = host
	w := httptest.NewRecorder()
	s.Handler(http.HandlerFunc(http.NotFound)).ServeHTTP(w, r)
	return w
}

func TestPolicy(t *testing.T) {
	for _, host := range []string{"mta-sts.example.org", "MTA-STS.Example.org", "mta-sts.example.org:443", "mta-sts.example.org.",
		"mta-sts.xn--muoz-hqa.example"} {
		w := get(site(io.Discard), http.MethodGet, policyPath, host)
		if w.Code != http.StatusOK || w.Body.String() != policy || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %d %v %q", host, w.Code, w.Header(), w.Body)
		}
	}
	if w := get(site(io.Discard), http.MethodHead, policyPath+"?x=y", "mta-sts.example.org"); w.Code != http.StatusOK {
		t.Errorf("HEAD: %d", w.Code)
	}
}

// Nothing else is here, and nothing leads anywhere (RFC 8461 §3.3: no redirects).
func TestNotFound(t *testing.T) {
	for _, c := range []struct{ method, path, host string }{
		// Other hosts.
		{http.MethodGet, policyPath, "example.org"},
		{http.MethodGet, policyPath, "mta-sts.example.net"},
		{http.MethodGet, policyPath, "mta-sts.mta-sts.example.org"},
		{http.MethodGet, policyPath, "mta-sts."},
		{http.MethodGet, policyPath, "127.0.0.1:443"},
		{http.MethodGet, policyPath, "[::1]:443"},
		{http.MethodGet, policyPath, ""},
		// Other paths.
		{http.MethodGet, "/", "mta-sts.example.org"},
		{http.MethodGet, "/.well-known/", "mta-sts.example.org"},
		{http.MethodGet, "/.well-known/mta-sts.txt/", "mta-sts.example.org"},
		{http.MethodGet, "/.well-known//mta-sts.txt", "mta-sts.example.org"},
		{http.MethodGet, "/x/../.well-known/mta-sts.txt", "mta-sts.example.org"},
		// Pages of another host, and none for a host that is not ours, in whatever way it is asked.
		{http.MethodGet, policyPath, "autoconfig.example.org"},
		{http.MethodGet, autoconfigPath, "example.org"},
		{http.MethodGet, autoconfigPath, "autoconfig.example.net"},
		{http.MethodGet, autoconfigPath, "autoconfig.autoconfig.example.org"},
		{http.MethodGet, autoconfigPath + "?emailaddress=ana@example.org", "autoconfig.example.net"},
		{http.MethodPost, autoconfigPath, "autoconfig.example.net"},
		{http.MethodGet, autoconfigWellKnown, "example.net"},
		{http.MethodGet, autoconfigWellKnown, "mail.example.org"},
		{http.MethodGet, "/mail/Config-v1.1.xml", "autoconfig.example.org"},
		{http.MethodPost, autodiscoverPath, "autodiscover.example.net"},
		{http.MethodPost, autodiscoverPath, "192.0.2.1"},
		{http.MethodPost, autodiscoverPath, "mail.example.net"},
		{http.MethodPost, autodiscoverPath, "mail."},
		{http.MethodGet, autodiscoverJSON, "autodiscover.example.net"},
		{http.MethodGet, autodiscoverPath + "/x", "autodiscover.example.org"},
		{http.MethodGet, paccPath, "example.org"},
		{http.MethodGet, paccPath, "ua-auto-config.example.net"},
	} {
		w := get(site(io.Discard), c.method, c.path, c.host)
		if w.Code != http.StatusNotFound || w.Header().Get("Location") != "" {
			t.Errorf("%s %s at %q: %d", c.method, c.path, c.host, w.Code)
		}
	}
}

// RFC 9110 §15.5.6: a page that is there names the methods that it has.
func TestMethods(t *testing.T) {
	for _, c := range []struct{ method, path, host, allow string }{
		{http.MethodPost, policyPath, "mta-sts.example.org", "GET, HEAD"},
		{http.MethodOptions, policyPath, "mta-sts.example.org", "GET, HEAD"},
		{http.MethodPost, autoconfigPath, "autoconfig.example.org", "GET, HEAD"},
		{http.MethodDelete, autoconfigWellKnown, "example.org", "GET, HEAD"},
		{http.MethodGet, autodiscoverPath, "autodiscover.example.org", "POST"},
		{http.MethodHead, "/Autodiscover/Autodiscover.xml", "example.org", "POST"},
		{http.MethodPost, autodiscoverJSON, "autodiscover.example.org", "GET, HEAD"},
		{http.MethodPut, paccPath, "ua-auto-config.example.org", "GET, HEAD"},
	} {
		w := get(site(io.Discard), c.method, c.path, c.host)
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != c.allow {
			t.Errorf("%s %s at %q: %d, allowed %q", c.method, c.path, c.host, w.Code, w.Header().Get("Allow"))
		}
	}
}

func TestBroken(t *testing.T) {
	var log bytes.Buffer
	w := get(site(&log), http.MethodGet, policyPath, "mta-sts.broken.example")
	if w.Code != http.StatusServiceUnavailable || w.Body.Len() > 0 || !strings.Contains(log.String(), "disk is full") {
		t.Errorf("%d %q, log %s", w.Code, w.Body, log.String())
	}
}
