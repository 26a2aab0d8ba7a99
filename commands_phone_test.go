package main

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"

	"buzon/internal/store"
)

func TestPhoneCommand(t *testing.T) {
	t.Parallel()
	steps(t, []step{
		{args: "domain add example.org", err: "A new file"},
		{args: "phone ana@example.org", status: 1, err: "There is no account ana@example.org"},
		{args: "account add ana@example.org", input: "a long password\n", out: "ready"},
		{args: "phone ana", status: 1, err: `"ana" is not a mail address`},
		{args: "phone ana@example.org --kind tablet", status: 2, err: "computer, android, iphone"},
		{args: "phone ana@example.org --kind android --output %s/x", status: 2, err: "--output is for --kind iphone only"},
		// Nothing is made while something is missing.
		{args: "phone ana@example.org --kind iphone --output %s/x", status: 1, err: "Start the server once"},
		{args: "phone ana@example.org --kind iphone --output %s/home.db", status: 1, err: "home.db is there already"},
		{args: "phone ana@example.org --kind iphone --output %s/no/x", status: 1, err: "There is no folder"},
		{args: "phone ana@example.org --device 'a	b'", status: 1, err: "cannot be used as a name"},
		{args: "app-password list ana@example.org", err: "no app passwords"},
		// What a person needs.
		{args: "phone ana@example.org", out: "  Server: mail.example.org\n  Port: 993\n", err: `buzon app-password remove ana@example.org "Computer"`},
		{args: "phone ana@example.org --kind android", out: "▀", err: "Scan QR code"},
		{args: "phone ana@example.org --kind android --device 'The red one'", out: "█", err: `"The red one" has a password of its own`},
		{args: "phone ana@example.org", out: "Password of this device: ", err: `"Computer 2" has`},
		{args: "settings set server.name Correo.Example.net", out: "net"},
		{args: "phone ana@example.org --lang es", out: "  Servidor: correo.example.net\n", err: `"Ordenador" tiene ahora una contraseña propia`},
		{args: "app-password list ana@example.org", out: "The red one"},
	})
}

// The settings for programs are right, and the password lets the device in.
func TestPhoneAsJSON(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	got := buzon(t, "", "phone", "ana@example.test", "--kind", "android", "--device", "red", "--json", "--data", a.data)
	var item struct {
		Address, Device, User, Password, Host, QR, File string
		IMAP                                            int `json:"imap_port"`
		SMTP                                            int `json:"smtp_port"`
	}
	if err := json.Unmarshal([]byte(got.out), &item); err != nil || got.status != 0 {
		t.Fatalf("%v: %+v", err, got)
	}
	if item.Address != "ana@example.test" || item.User != item.Address || item.Device != "red" || item.Host != "mail.example.test" ||
		item.IMAP != 993 || item.SMTP != 465 || item.File != "" || !strings.Contains(item.QR, item.Password) {
		t.Errorf("%+v", item)
	}
	if _, err := a.store.Authenticate(t.Context(), item.User, item.Password); err != nil {
		t.Error(err)
	}
}

// The profile is signed with what the server shows, and only its owner can read the file.
func TestPhoneProfile(t *testing.T) {
	t.Parallel()
	a := startWithAna(t)
	path := filepath.Join(t.TempDir(), "ana.mobileconfig")
	got := buzon(t, "", "phone", "ana@example.test", "--kind", "iphone", "--output", path, "--data", a.data)
	if got.status != 0 || !strings.Contains(got.out, path) || strings.Contains(got.out+got.err, "Password") {
		t.Fatalf("%+v", got)
	}
	info := must[os.FileInfo](t)(os.Stat(path))
	if info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v", info.Mode())
	}
	signed := must[*pkcs7.PKCS7](t)(pkcs7.Parse(must[[]byte](t)(os.ReadFile(path))))
	trusted := x509.NewCertPool()
	trusted.AddCert(a.certs.Usual().Leaf)
	if err := signed.VerifyWithChain(trusted); err != nil || !signed.GetOnlySigner().Equal(a.certs.Usual().Leaf) {
		t.Errorf("signed by another: %v", err)
	}
	if !bytes.Contains(signed.Content, []byte("<string>mail.example.test</string>")) {
		t.Errorf("%s", signed.Content)
	}
	devices := must[[]store.AppPassword](t)(a.store.AppPasswords(t.Context(), must[store.Account](t)(a.store.Authenticate(t.Context(), "ana@example.test", "secret")).Address))
	if len(devices) != 1 || devices[0].Name != "iPhone" {
		t.Errorf("%+v", devices)
	}
}
