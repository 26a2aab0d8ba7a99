//go:build passkeys

package page

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"buzon/internal/browsertest"
	"buzon/internal/message"
)

// device is a phone with a finger on it, in the browser.
func device() chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		if err := webauthn.Enable().Do(ctx); err != nil {
			return err
		}
		_, err := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}).Do(ctx)
		return err
	})
}

// A passkey is made, opens the page without a password, is listed, and opens nothing once it is removed.
func TestPasskey(t *testing.T) {
	b := newBench(t, func(o *Options) { o.Trusted = func() bool { return true } })
	server := httptest.NewTLSServer(b.Handler(true))
	defer server.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "https://"), ":")
	base := "https://mail.example.org:" + port

	o := browsertest.Desk("en")
	o.Insecure, o.Hosts = true, "MAP mail.example.org 127.0.0.1"
	w := browsertest.Start(t, o)
	w.Do("a device", device())
	w.Open(base + "/login")
	w.Fill("#address", "luis@example.org")
	w.Fill("#password", secret)
	w.Click("main form button")
	w.Open(base + "/me/passkeys")
	w.Accessible()
	w.Fill("#name", "phone")
	w.Click("form[data-passkey] button")
	w.See("The passkey “phone” is made.")
	w.Click(".who button")

	w.Open(base + "/login")
	w.Click("form[data-passkey] button")
	if w.Path() != "/me" {
		t.Errorf("logged in, and at %s", w.Path())
	}
	luis := message.Address{Local: "luis", Domain: "example.org"}
	keys, err := b.store.Passkeys(t.Context(), luis)
	if err != nil || len(keys) != 1 || keys[0].LastUsed.IsZero() {
		t.Fatalf("%+v %v", keys, err)
	}

	w.Open(base + "/me/passkeys")
	w.Click("td button")
	w.See("The passkey is removed.")
	w.Click(".who button")
	w.Open(base + "/login")
	w.Do("try it again", chromedp.Click("form[data-passkey] button", chromedp.ByQuery))
	w.See("That did not work.")
	w.Complaints() // of the answer 422
}

// Without the certificate, or under another name, there are none.
func TestPasskeyNotHere(t *testing.T) {
	b := newBench(t)
	br := b.as("luis")
	for _, path := range []string{"/login/passkey", "/login/passkey/finish"} {
		wantCode(t, path, br.post(path), http.StatusUnprocessableEntity)
	}
	wantCode(t, "the list", br.get("/me/passkeys"), http.StatusUnprocessableEntity)
	if strings.Contains(b.browser().get("/login").Body.String(), "passkey") {
		t.Error("offered all the same")
	}
}
