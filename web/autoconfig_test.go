package web

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// wantXML is a document as a program reads it: elements and attributes, one a line, blanks left out.
func wantXML(t *testing.T, w *httptest.ResponseRecorder, want string) {
	t.Helper()
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/xml; charset=utf-8" {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if !strings.HasPrefix(w.Body.String(), `<?xml version="1.0" encoding="UTF-8"?>`) {
		t.Errorf("no declaration: %.60s", w.Body)
	}
	if got := outline(t, w.Body); got != strings.TrimSpace(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// outline reads a document to its end: "name@attr=value text" for every leaf, with the names above it.
func outline(t *testing.T, r io.Reader) string {
	t.Helper()
	var lines, path []string
	text := ""
	for d := xml.NewDecoder(r); ; {
		token, err := d.Token()
		if err == io.EOF {
			return strings.Join(lines, "\n")
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			name := x.Name.Local
			for _, a := range x.Attr {
				if a.Name.Local != "xmlns" {
					name += "@" + a.Name.Local + "=" + a.Value
				}
			}
			path, text = append(path, name), ""
		case xml.CharData:
			text += strings.TrimSpace(string(x))
		case xml.EndElement:
			if text != "" {
				lines = append(lines, strings.Join(path, "/")+" "+text)
			}
			path, text = path[:len(path)-1], ""
		}
	}
}

const settings = `
clientConfig@version=1.1/emailProvider@id=example.org/domain example.org
clientConfig@version=1.1/emailProvider@id=example.org/displayName example.org
clientConfig@version=1.1/emailProvider@id=example.org/displayShortName example.org
clientConfig@version=1.1/emailProvider@id=example.org/incomingServer@type=imap/hostname mail.example.org
clientConfig@version=1.1/emailProvider@id=example.org/incomingServer@type=imap/port 993
clientConfig@version=1.1/emailProvider@id=example.org/incomingServer@type=imap/socketType SSL
clientConfig@version=1.1/emailProvider@id=example.org/incomingServer@type=imap/authentication password-cleartext
clientConfig@version=1.1/emailProvider@id=example.org/incomingServer@type=imap/username %EMAILADDRESS%
clientConfig@version=1.1/emailProvider@id=example.org/incomingServer@type=pop3/hostname mail.example.org
clientConfig@version=1.1/emailProvider@id=example.org/incomingServer@type=pop3/port 995
clientConfig@version=1.1/emailProvider@id=example.org/incomingServer@type=pop3/socketType SSL
clientConfig@version=1.1/emailProvider@id=example.org/incomingServer@type=pop3/authentication password-cleartext
clientConfig@version=1.1/emailProvider@id=example.org/incomingServer@type=pop3/username %EMAILADDRESS%
clientConfig@version=1.1/emailProvider@id=example.org/outgoingServer@type=smtp/hostname mail.example.org
clientConfig@version=1.1/emailProvider@id=example.org/outgoingServer@type=smtp/port 465
clientConfig@version=1.1/emailProvider@id=example.org/outgoingServer@type=smtp/socketType SSL
clientConfig@version=1.1/emailProvider@id=example.org/outgoingServer@type=smtp/authentication password-cleartext
clientConfig@version=1.1/emailProvider@id=example.org/outgoingServer@type=smtp/username %EMAILADDRESS%
clientConfig@version=1.1/emailProvider@id=example.org/outgoingServer@type=smtp/hostname mail.example.org
clientConfig@version=1.1/emailProvider@id=example.org/outgoingServer@type=smtp/port 587
clientConfig@version=1.1/emailProvider@id=example.org/outgoingServer@type=smtp/socketType STARTTLS
clientConfig@version=1.1/emailProvider@id=example.org/outgoingServer@type=smtp/authentication password-cleartext
clientConfig@version=1.1/emailProvider@id=example.org/outgoingServer@type=smtp/username %EMAILADDRESS%`

// The host decides; whatever address is named, the answer is the same.
func TestAutoconfig(t *testing.T) {
	for _, c := range []struct{ path, host string }{
		{autoconfigPath, "autoconfig.example.org"},
		{autoconfigPath, "AutoConfig.Example.Org.:443"},
		{autoconfigPath + "?emailaddress=ana%40example.org", "autoconfig.example.org"},
		{autoconfigPath + "?emailaddress=nobody%40example.net", "autoconfig.example.org"},
		{autoconfigWellKnown, "example.org"},
		{autoconfigWellKnown + "?emailaddress=%3C", "example.org"},
	} {
		wantXML(t, get(site(io.Discard), http.MethodGet, c.path, c.host), settings)
	}
	if w := get(site(io.Discard), http.MethodHead, autoconfigPath, "autoconfig.example.org"); w.Code != http.StatusOK {
		t.Errorf("HEAD: %d", w.Code)
	}
}

// What is not offered is not told.
func TestAutoconfigPorts(t *testing.T) {
	s := site(io.Discard)
	s.Port = func(service string) int { return map[string]int{"imaps": 10993, "submission": 10587}[service] }
	w := get(s, http.MethodGet, autoconfigPath, "autoconfig.example.org")
	if text := outline(t, w.Body); strings.Count(text, "/port ") != 2 || !strings.Contains(text, "/port 10993") || !strings.Contains(text, "/port 10587") {
		t.Errorf("%s", text)
	}
	if body, err := s.PACC("example.org"); err != nil || strings.Contains(string(body), "host") { // it cannot tell of other ports
		t.Errorf("%s %v", body, err)
	}
}

// Without TLS there is autoconfig alone, where Thunderbird falls back to it; programs hear of nothing else, and all that is not theirs is who was there before.
func TestPlain(t *testing.T) {
	h := site(io.Discard).PlainHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	for _, c := range []struct {
		path, host string
		status     int
	}{
		{autoconfigPath, "autoconfig.example.org", http.StatusOK},
		{autoconfigWellKnown, "example.org", http.StatusOK},
		{autoconfigPath, "autoconfig.example.net", http.StatusNotFound},
		{"/.well-known/acme-challenge/x", "autoconfig.example.org", http.StatusTeapot},
		{autodiscoverPath, "autodiscover.example.org", http.StatusNotFound},
		{autodiscoverJSON, "autodiscover.example.org", http.StatusNotFound},
		{paccPath, "ua-auto-config.example.org", http.StatusNotFound},
		{policyPath, "mta-sts.example.org", http.StatusNotFound}, // RFC 8461 §3.3: HTTPS
		{autoconfigPath, "autoconfig.broken.example", http.StatusServiceUnavailable},
		{"/.well-known/acme-challenge/x", "autoconfig.broken.example", http.StatusTeapot},
	} {
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		r.Host = c.host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s at %s: %d", c.path, c.host, w.Code)
		}
	}
}

func TestPACC(t *testing.T) {
	const want = `{"protocols":{"imap":{"host":"mail.example.org"},"pop3":{"host":"mail.example.org"},"smtp":{"host":"mail.example.org"},` +
		`"submit":{"host":"mail.example.org"}},` +
		`"authentication":{"password":true},"info":{"provider":{"name":"example.org"}}}`
	s := site(io.Discard)
	w := get(s, http.MethodGet, paccPath, "ua-auto-config.example.org")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" || w.Body.String() != want || !json.Valid(w.Body.Bytes()) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if same, err := s.PACC("example.org"); err != nil || string(same) != want {
		t.Errorf("not the same octets: %s %v", same, err)
	}
}
