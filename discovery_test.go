package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// discoverer is a mail program that looks for settings: whatever host it asks for, it comes to the appliance.
func discoverer(a *testAppliance) *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{}).DialContext(ctx, network, a.addr(map[string]string{"80": "http", "443": "https"}[port]))
	}
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DialContext: dial, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // whose certificate it is, the tests of certificates look at
	}}
}

// fetch is the page at an address, and its status; with a body it is posted.
func fetch(t *testing.T, c *http.Client, url, body string) (int, []byte) {
	t.Helper()
	var r *http.Response
	if body == "" {
		r = must[*http.Response](t)(c.Get(url))
	} else {
		r = must[*http.Response](t)(c.Post(url, "text/xml; charset=utf-8", strings.NewReader(body)))
	}
	defer r.Body.Close()
	return r.StatusCode, must[[]byte](t)(io.ReadAll(r.Body))
}

// foundServer is what we look for in any of the documents in XML.
type foundServer struct {
	Host string `xml:"hostname"`
	Port int    `xml:"port"`
	User string `xml:"username"`

	OutlookHost string `xml:"Server"`
	OutlookPort int    `xml:"Port"`
	OutlookUser string `xml:"LoginName"`
}

// An account sets itself up from nothing but its address, in the ways of Thunderbird and K-9.
func TestFindSettingsAutoconfig(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	c := discoverer(a)
	for _, url := range []string{
		"https://autoconfig.example.test/mail/config-v1.1.xml",
		"https://autoconfig.example.test/mail/config-v1.1.xml?emailaddress=ana%40example.test",
		"https://example.test/.well-known/autoconfig/mail/config-v1.1.xml",
		"http://autoconfig.example.test/mail/config-v1.1.xml",
		"http://example.test/.well-known/autoconfig/mail/config-v1.1.xml",
	} {
		status, page := fetch(t, c, url, "")
		var found struct {
			Incoming []foundServer `xml:"emailProvider>incomingServer"`
			Outgoing []foundServer `xml:"emailProvider>outgoingServer"`
		}
		if err := xml.Unmarshal(page, &found); err != nil || status != http.StatusOK || len(found.Incoming) != 2 || len(found.Outgoing) != 2 {
			t.Fatalf("%s: %d %v %s", url, status, err, page)
		}
		if got := found.Incoming[0]; got != (foundServer{Host: "mail.example.test", Port: 993, User: "%EMAILADDRESS%"}) {
			t.Errorf("%s: incoming %+v", url, got)
		}
		if got := found.Outgoing[0]; got != (foundServer{Host: "mail.example.test", Port: 465, User: "%EMAILADDRESS%"}) {
			t.Errorf("%s: outgoing %+v", url, got)
		}
	}
}

// The same for Outlook and the draft PACC; with a name of its own, the server is found under that.
func TestFindSettings(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	a.set("server.name", "box.example.net")
	c := discoverer(a)
	answers := map[string]string{}
	for _, user := range []string{"ana", "nobody"} {
		status, page := fetch(t, c, "https://autodiscover.example.test/Autodiscover/Autodiscover.xml", `<?xml version="1.0" encoding="utf-8"?>
			<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>
			<EMailAddress>`+user+`@example.test</EMailAddress>
			<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>
			</Request></Autodiscover>`)
		var found struct {
			Protocols []foundServer `xml:"Response>Account>Protocol"`
		}
		if err := xml.Unmarshal(page, &found); err != nil || status != http.StatusOK || len(found.Protocols) != 2 {
			t.Fatalf("%d %v %s", status, err, page)
		}
		if got := found.Protocols[0]; got != (foundServer{OutlookHost: "box.example.net", OutlookPort: 993, OutlookUser: user + "@example.test"}) {
			t.Errorf("%+v", got)
		}
		answers[user] = strings.ReplaceAll(string(page), user, "USER")
	}
	if answers["ana"] != answers["nobody"] {
		t.Errorf("an account can be told from none:\n%s\n%s", answers["ana"], answers["nobody"])
	}

	status, page := fetch(t, c, "https://autodiscover.example.test/autodiscover/autodiscover.json?Protocol=AutodiscoverV1", "")
	if status != http.StatusOK || !strings.Contains(string(page), "https://autodiscover.example.test/autodiscover/autodiscover.xml") {
		t.Errorf("%d %s", status, page)
	}
	status, page = fetch(t, c, "https://ua-auto-config.example.test/.well-known/user-agent-configuration.json", "")
	var pacc struct {
		Protocols map[string]struct{ Host string }
	}
	if err := json.Unmarshal(page, &pacc); err != nil || status != http.StatusOK || pacc.Protocols["imap"].Host != "box.example.net" {
		t.Errorf("%d %s %v", status, page, err)
	}
}

// The record that the owner puts into DNS vouches for the document that the server gives, under whatever name.
func TestDigestOfSettings(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	c := discoverer(a)
	for _, name := range []string{"", "Box.Example.net", "correo.muñoz.example"} {
		a.set("server.name", name)
		status, page := fetch(t, c, "https://ua-auto-config.example.test/.well-known/user-agent-configuration.json", "")
		sum := sha256.Sum256(page)
		want := `_ua-auto-config 3600 IN TXT "v=UAAC1; a=sha256; d=` + base64.StdEncoding.EncodeToString(sum[:]) + `"`
		got := buzon(t, "", "dns", "example.test", "--data", a.data)
		if plain := strings.Join(strings.Fields(got.out), " "); status != http.StatusOK || !strings.Contains(plain, want) {
			t.Errorf("%q: no %s for %s in\n%s%s", name, want, page, got.out, got.err)
		}
	}
}

// Other hosts have nothing, and without TLS there is nothing but autoconfig.
func TestFindNoSettings(t *testing.T) {
	t.Parallel()
	c := discoverer(startWithAna(t))
	for _, url := range []string{
		"https://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=ana%40example.test",
		"https://mail.example.test/.well-known/autoconfig/mail/config-v1.1.xml",
		"http://autoconfig.example.org/mail/config-v1.1.xml",
		"http://autodiscover.example.test/autodiscover/autodiscover.json?Protocol=AutodiscoverV1",
		"http://ua-auto-config.example.test/.well-known/user-agent-configuration.json",
		"http://mta-sts.example.test/.well-known/mta-sts.txt",
	} {
		if status, page := fetch(t, c, url, ""); status != http.StatusNotFound {
			t.Errorf("%s: %d %s", url, status, page)
		}
	}
}
