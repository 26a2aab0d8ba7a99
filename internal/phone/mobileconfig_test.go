package phone

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"buzon/internal/text"
)

// asJSON reads a property list with Python.
func asJSON(t *testing.T, file []byte) []byte {
	t.Helper()
	need(t, "python3")
	const script = `import json, plistlib, sys; json.dump(plistlib.loads(sys.stdin.buffer.read()), sys.stdout)`
	return program(t, file, "python3", "-c", script)
}

// Two readers that are not ours find in the property list what is in it.
func TestProfile(t *testing.T) {
	for _, lang := range text.Languages() {
		c := text.Load(lang)
		compareProfile(t, c, asJSON(t, profile(ana(), c)))
		t.Run("plistutil", func(t *testing.T) {
			need(t, "plistutil")
			compareProfile(t, c, asJSON(t, program(t, profile(ana(), c), "plistutil", "-i", "-", "-o", "-", "-f", "bin")))
		})
	}
}

func compareProfile(t *testing.T, c *text.Catalogue, got []byte) {
	t.Helper()
	s := ana()
	title := c.Say("phone_profile_name", "address", s.Address)
	var doc map[string]any
	if err := json.Unmarshal(got, &doc); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	account := doc["PayloadContent"].([]any)[0].(map[string]any)
	delete(doc, "PayloadContent")
	for _, part := range []struct{ got, want map[string]any }{
		{doc, map[string]any{
			"PayloadType": "Configuration", "PayloadVersion": 1.0, "PayloadRemovalDisallowed": false,
			"PayloadIdentifier": "org.example.buzon.c3b9c7b9", "PayloadUUID": "68A378EF-D69A-8DDC-89EB-7DCAA2666355",
			"PayloadDisplayName": title, "PayloadOrganization": s.Host,
			"PayloadDescription": c.Say("phone_profile_about", "address", s.Address, "device", s.Device),
		}},
		{account, map[string]any{
			"PayloadType": "com.apple.mail.managed", "PayloadVersion": 1.0,
			"PayloadIdentifier": "org.example.buzon.c3b9c7b9.mail", "PayloadUUID": "0980AE87-08D5-8B6E-B09E-09E9841B7E8C", "PayloadDisplayName": title,
			"EmailAccountDescription": s.Address, "EmailAccountName": s.Name, "EmailAccountType": "EmailTypeIMAP", "EmailAddress": s.Address,
			"IncomingMailServerAuthentication": "EmailAuthPassword", "IncomingMailServerHostName": s.Host,
			"IncomingMailServerPortNumber": 993.0, "IncomingMailServerUseSSL": true, "IncomingMailServerUsername": s.Address,
			"OutgoingMailServerAuthentication": "EmailAuthPassword", "OutgoingMailServerHostName": s.Host,
			"OutgoingMailServerPortNumber": 465.0, "OutgoingMailServerUseSSL": true, "OutgoingMailServerUsername": s.Address,
			"IncomingPassword": s.Password, "OutgoingPassword": s.Password, "OutgoingPasswordSameAsIncomingPassword": true,
		}},
	} {
		if g, w := compact(t, part.got), compact(t, part.want); g != w {
			t.Errorf("%s:\ngot  %s\nwant %s", c.Lang, g, w)
		}
	}
}

// What XML cannot have is replaced, and nothing ends an element early.
func TestPlistText(t *testing.T) {
	s := ana()
	s.Name = "a\x00b\x1b</string>\xff]]>"
	if got := string(profile(s, text.Load("en"))); !strings.Contains(got, "<string>a\ufffdb\ufffd&lt;/string&gt;\ufffd]]&gt;</string>") {
		t.Error(got)
	}
}

// A profile that is installed again takes the place of the one before; those of other devices stay.
func TestIdentifiers(t *testing.T) {
	s := ana()
	again := s
	again.Password, again.Name, again.Host = "another", "Ana", "box.example.net"
	if uuid(s, "mail") != uuid(again, "mail") || identifier(s) != identifier(again) {
		t.Error("the same device has another UUID")
	}
	seen := map[string]bool{}
	for _, part := range []string{"id", "profile", "mail"} {
		for _, device := range []string{"phone", "phone 2", ""} {
			for _, address := range []string{"ana@example.org", "luis@example.org"} {
				seen[uuid(Settings{Address: address, Device: device}, part)] = true
			}
		}
	}
	if len(seen) != 18 {
		t.Errorf("%d different ones", len(seen))
	}
}

// authority signs certificates, as one of the world does: a root, and one between.
type authority struct {
	t                   *testing.T
	rootKey, betweenKey *ecdsa.PrivateKey
	root, between       *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, rootKey: ecKey(t), betweenKey: ecKey(t)}
	a.root = a.issue("root", true, nil, a.rootKey.Public(), a.rootKey)
	a.between = a.issue("between", true, a.root, a.betweenKey.Public(), a.rootKey)
	return a
}

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate; without a parent it is signed by itself.
func (a *authority) issue(name string, ca bool, parent *x509.Certificate, key crypto.PublicKey, by crypto.Signer) *x509.Certificate {
	a.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: ca, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if !ca {
		template.DNSNames, template.KeyUsage = []string{name}, x509.KeyUsageDigitalSignature
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} // as those of the world have it
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, by)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

// leaf is a certificate for mail.example.org with its chain.
func (a *authority) leaf(key crypto.Signer) *tls.Certificate {
	leaf := a.issue("mail.example.org", false, a.between, key.Public(), a.betweenKey)
	return &tls.Certificate{Certificate: [][]byte{leaf.Raw, a.between.Raw}, PrivateKey: key}
}

func (a *authority) selfSigned(key crypto.Signer) *tls.Certificate {
	return &tls.Certificate{Certificate: [][]byte{a.issue("mail.example.org", false, nil, key.Public(), key).Raw}, PrivateKey: key}
}

func pemFile(t *testing.T, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// openssl believes the signature of every kind of certificate that a box can have, by the root alone, and finds the profile
// in it; of one octet that was changed it does not.
func TestSignature(t *testing.T) {
	need(t, "openssl")
	a := newAuthority(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	want := profile(ana(), text.Load("es"))
	for name, cert := range map[string]*tls.Certificate{
		"ECDSA": a.leaf(ecKey(t)), "RSA": a.leaf(rsaKey), "P-384": a.leaf(p384),
		"self-signed": a.selfSigned(ecKey(t)), "self-signed RSA": a.selfSigned(rsaKey),
	} {
		t.Run(name, func(t *testing.T) {
			signed, err := MobileConfig(ana(), text.Load("es"), cert)
			if err != nil {
				t.Fatal(err)
			}
			trusted := a.root.Raw
			if len(cert.Certificate) == 1 {
				trusted = cert.Certificate[0]
			}
			ca := pemFile(t, trusted)
			for _, command := range []string{"cms", "smime"} {
				args := []string{command, "-verify", "-binary", "-inform", "DER", "-CAfile", ca, "-purpose", "any"}
				if got := program(t, signed, "openssl", args...); !bytes.Equal(got, want) {
					t.Errorf("%s: %s", command, got)
				}
				changed := bytes.Replace(signed, []byte("EmailTypeIMAP"), []byte("EmailTypePOP3"), 1)
				if _, err := tryProgram(changed, "openssl", args...); err == nil {
					t.Errorf("%s believes what was changed", command)
				}
			}
			out := program(t, signed, "openssl", "pkcs7", "-inform", "DER", "-print_certs", "-noout")
			if got := bytes.Count(out, []byte("subject=")); got != len(cert.Certificate) {
				t.Errorf("%d certificates in it: %s", got, out)
			}
			if sha1 := []byte{0x06, 5, 0x2b, 0x0e, 3, 2, 0x1a}; bytes.Contains(signed, sha1) { // OID 1.3.14.3.2.26, which devices refuse
				t.Error("signed over SHA-1")
			}
		})
	}
}

// What cannot sign says so.
func TestNoSigner(t *testing.T) {
	a := newAuthority(t)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, cert := range map[string]*tls.Certificate{
		"none": nil, "empty": {}, "broken": {Certificate: [][]byte{{1}}}, "Ed25519": a.selfSigned(edwards),
		"no key": {Certificate: a.leaf(ecKey(t)).Certificate},
	} {
		if _, err := MobileConfig(ana(), text.Load("en"), cert); err == nil {
			t.Errorf("%s signs", name)
		}
	}
}
