// Package boxtest is the people around a box: its owner at the page, somebody who writes a mail, the owner's mail program.
// They talk to a running machine as they would at home, from outside, by HTTP, SMTP and IMAP. Only tests use it.
//
// Invariants: nothing of Buzon's code is in it but what its ports answer, so what it does a box can do for anybody. Nothing
// waits for long: each attempt has an end, and whoever calls tries again (boottest.Running.Eventually).
package boxtest

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"buzon/firmware/boottest"
)

// The owner of a box that was claimed by Claim.
const (
	Owner    = "ana@example.org"
	Password = "six small boats at sea"
)

// Browser is somebody at the page, from this computer through the forwarded ports.
type Browser struct {
	t      testing.TB
	host   string
	client *http.Client
}

// NewBrowser is one that knows the box under a name, such as "buzon.local", and keeps its cookies.
func NewBrowser(t testing.TB, m *boottest.Running, host string) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	through := func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		number, err := net.LookupPort(network, port)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, m.Address(number))
	}
	return &Browser{t, host, &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{
		DialContext: through, TLSClientConfig: nobodyBetween(),
	}}}
}

// nobodyBetween is for a box that has signed for itself: only loopback is between.
func nobodyBetween() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// Get is a page of the box, after redirects.
func (b *Browser) Get(path string) (status int, body string, err error) {
	answer, err := b.client.Get("http://" + b.host + path)
	if err != nil {
		return 0, "", err
	}
	body, _, err = read(answer)
	return answer.StatusCode, body, err
}

// maxPage bounds what is read of an answer, in octets.
const maxPage = 1 << 20

// read gives the body, and the address to which redirects led.
func read(answer *http.Response) (body string, at *url.URL, err error) {
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxPage))
	return string(content), answer.Request.URL, err
}

// open is Get for a page without which the test fails.
func (b *Browser) open(path string) (page string, at *url.URL) {
	b.t.Helper()
	request, err := http.NewRequest("GET", "http://"+b.host+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(request)
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)

// post hands a form in, and gives the page after it.
func (b *Browser) post(page string, at *url.URL, path string, fields url.Values) (string, *url.URL) {
	b.t.Helper()
	return b.do(b.form(page, at, path, fields))
}

// form is one filled in, with the token of the page where it is.
func (b *Browser) form(page string, at *url.URL, path string, fields url.Values) *http.Request {
	b.t.Helper()
	if token := tokenField.FindStringSubmatch(page); token != nil {
		fields.Set("token", token[1])
	}
	request, err := http.NewRequest("POST", at.ResolveReference(&url.URL{Path: path}).String(), strings.NewReader(fields.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", at.Scheme+"://"+at.Host)
	return request
}

func (b *Browser) do(request *http.Request) (string, *url.URL) {
	b.t.Helper()
	answer, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	body, at, err := read(answer)
	if err != nil {
		b.t.Fatal(err)
	}
	return body, at
}
